"""The functions of TensorFlow that need code of their own. Operations of Keras replace the other functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.ops import find_function
from convcalc.read.code.data.array_dtypes import cast, of_number
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import ShapeTuple, TensorValue, WeightValue, tensors_in
from convcalc.read.code.keras.layer_arguments import dtype_name
from convcalc.read.code.language.values import MISSING, DynamicSize, Native, Spot, Unknown
from convcalc.read.code.libraries import CONSTANTS, FUNCTIONS, function
from convcalc.read.code.tensors.operations import call_operation
from convcalc.read.code.tensors.sizes import SizeVector, TopK, on_sizes, shape_vector, size_list
from convcalc.read.code.tensors.tensorflow_calls import call_tensorflow, constant
from convcalc.read.code.tensors.tensorflow_signatures import SIGNATURES

CONSTANTS.update({"tensorflow.__version__": "2.21.0", "tensorflow.VERSION": "2.21.0", "tensorflow.newaxis": None})


def _given(names: str, args: list[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict(zip(names.split(), args)), **kwargs}


# Values -----------------------------------------------------------------------------------------------------------------


@function("tensorflow.constant", "tensorflow.convert_to_tensor", "tensorflow.Variable")
def _constant(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value, names = (args[0], args[1:]) if args else (kwargs.get("value", kwargs.get("initial_value")), [])
    if isinstance(value, Native):
        value = run.call(value, [], {}, spot)
    dtype = dtype_name(kwargs.get("dtype", names[0] if names else None))
    if isinstance(value, (list, tuple)) and tensors_in(value):
        return call_tensorflow(run, "stack", [value], {}, spot)
    if isinstance(value, (TensorValue, SizeVector, Unknown, WeightValue)):
        return value
    sizes = on_sizes(run, "stack", [value], spot) if isinstance(value, (list, tuple)) else MISSING
    if sizes is not MISSING:
        return sizes
    return constant(run, value, dtype, kwargs.get("shape"), spot)


@function("tensorflow.get_variable")
def _get_variable(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("name shape dtype initializer", args, kwargs)
    sizes = size_list(given.get("shape"))
    if sizes is None:
        return run.unknown("the shape of this variable is unknown", spot)
    return Array(sizes if isinstance(sizes, list) else [sizes], dtype_name(given.get("dtype")) or "float32")


@function("tensorflow.shape", "tensorflow.shape_n")
def _shape(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else kwargs["input"]
    return _vector(run, value, spot)


def _vector(run: Any, value: Any, spot: Spot) -> Any:
    if isinstance(value, (list, tuple)) and tensors_in(value):
        value = call_tensorflow(run, "stack", [value], {}, spot)
    vector = shape_vector(value, spot)
    if vector is not None:
        return vector
    if isinstance(value, Unknown):
        return Unknown(value.reason, value.spot)
    return value.sizes if isinstance(value, TensorValue) else run.unknown("the shape of this value is unknown", spot)


@function("tensorflow.size")
def _size(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    vector = _vector(run, args[0] if args else kwargs["input"], spot)
    return on_sizes(run, "prod", [vector], spot) if isinstance(vector, SizeVector) else vector


@function("tensorflow.rank")
def _rank(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    vector = _vector(run, args[0] if args else kwargs["input"], spot)
    return len(vector.sizes) if isinstance(vector, SizeVector) else vector


@function("tensorflow.TensorShape")
def _tensor_shape(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    dims = args[0] if args else kwargs.get("dims")
    sizes = run.iterate(dims, spot)
    return sizes if isinstance(sizes, Unknown) else ShapeTuple(sizes)


@function("tensorflow.is_tensor", "keras.backend.is_tensor", "keras.ops.is_tensor")
def _is_tensor(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return args[0] if isinstance(args[0], Unknown) else isinstance(args[0], (TensorValue, SizeVector, WeightValue))


@function("tensorflow.function", "tensorflow.autograph.experimental.do_not_convert", "tensorflow.recompute_grad")
def _function(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    if args and not isinstance(args[0], (list, tuple)):
        return args[0]
    return Native("function", lambda run, args, kwargs, at: args[0])


@function("tensorflow.executing_eagerly")
def _executing_eagerly(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return not run.inside


def _nothing(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    """Ignores a function that changes no shapes and no parameters."""


for _name in (
    "print", "debugging.assert_equal", "debugging.assert_greater", "debugging.assert_less", "debugging.assert_rank", "assert_equal",
    "debugging.assert_shapes", "debugging.assert_rank_at_least", "debugging.Assert", "Assert", "random.set_seed", "set_random_seed",
    "summary.histogram", "summary.scalar", "summary.image", "assert_rank", "assert_less", "assert_greater", "debugging.assert_type",
    "disable_eager_execution", "enable_eager_execution", "disable_v2_behavior", "config.run_functions_eagerly",
    "logging.set_verbosity", "debugging.assert_less_equal", "debugging.assert_greater_equal", "debugging.assert_all_finite",
    "debugging.assert_integer", "debugging.assert_non_negative", "debugging.assert_near",
):  # fmt: skip
    FUNCTIONS.setdefault(f"tensorflow.{_name}", _nothing)


# Functions --------------------------------------------------------------------------------------------------------------


@function("tensorflow.nn.batch_normalization")
def _batch_normalization(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x mean variance offset scale variance_epsilon", args, kwargs)
    operation = find_function("batch_normalization")
    assert operation is not None
    return call_operation(run, operation, [given["x"], given["mean"], given["variance"]], {"axis": -1}, spot)


@function("tensorflow.nn.atrous_conv2d")
def _atrous_conv2d(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("value filters rate padding", args, kwargs)
    options = {"strides": 1, "padding": given["padding"], "dilations": given["rate"]}
    return call_tensorflow(run, "nn.conv2d", [given["value"], given["filters"]], options, spot)


@function("tensorflow.cast", "tensorflow.dtypes.cast")
def _cast(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x dtype", args, kwargs)
    value, dtype = given["x"], dtype_name(given["dtype"])
    if dtype is None or isinstance(value, (TensorValue, Array, WeightValue)):
        return call_tensorflow(run, "cast", [value, given["dtype"]], {}, spot)
    if isinstance(value, (SizeVector, DynamicSize)):
        return value
    if isinstance(value, (bool, int, float)):
        return cast(value, dtype) if of_number(value) != "complex" else value
    return call_tensorflow(run, "cast", [value, dtype], {}, spot)


@function("tensorflow.to_float")
def _to_float(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _cast(run, [args[0], "float32"], {}, spot)


@function("tensorflow.to_int32")
def _to_int32(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _cast(run, [args[0], "int32"], {}, spot)


@function("tensorflow.squeeze")
def _squeeze(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("input axis", args, kwargs)
    if isinstance(given.get("input"), Array):  # the function of TensorFlow accepts axes of any size
        return run.call_library("numpy.squeeze", [given["input"], given.get("axis")], {}, spot)
    return call_tensorflow(run, "squeeze", args, kwargs, spot)


@function("tensorflow.nn.dropout")
def _dropout(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return call_tensorflow(run, "nn.dropout", [args[0] if args else kwargs["x"], 0.5], {}, spot)


@function("tensorflow.nn.top_k", "tensorflow.math.top_k")
def _top_k(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return TopK.of(call_tensorflow(run, "nn.top_k", args, kwargs, spot))


@function("tensorflow.linspace", "tensorflow.image.sobel_edges")
def _of_keras(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    operation = find_function("linspace" if len(args) + len(kwargs) > 1 else "image.sobel_edges")
    assert operation is not None
    return call_operation(run, operation, args, kwargs, spot)


@function("tensorflow.signal.hann_window", "tensorflow.signal.hamming_window")
def _window(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Array((args[0] if args else kwargs["window_length"],), "float32")


# Old functions of TensorFlow for Python's operators, and the functions that replace them.
_OLD_NAMES = {
    "div": "divide",
    "realdiv": "divide",
    "floor_div": "floordiv",
    "log": "math.log",
    "rsqrt": "math.rsqrt",
    "reverse_v2": "reverse",
    "space_to_batch": "space_to_batch_nd",
    "batch_to_space": "batch_to_space_nd",
}


def _tensorflow_function(name: str) -> Any:
    def call(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        return call_tensorflow(run, name, args, kwargs, spot)

    return call


for _name in SIGNATURES:
    FUNCTIONS.setdefault(f"tensorflow.{_name}", _tensorflow_function(_OLD_NAMES.get(_name, _name)))
for _name in ("einsum", "linalg.einsum", "meshgrid", *_OLD_NAMES):
    FUNCTIONS.setdefault(f"tensorflow.{_name}", _tensorflow_function(_OLD_NAMES.get(_name, _name)))
