"""The functions of ``keras.ops`` and ``keras.activations``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.ops import find_function, find_operation_class
from convcalc.ops.registry import class_names, function_names
from convcalc.read.code.data.array_dtypes import cast
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.keras.graph import TensorValue, WeightValue, tensors_in
from convcalc.read.code.keras.layer_arguments import dtype_name
from convcalc.read.code.language.values import MISSING, DynamicSize, Library, Native, Spot, Unknown
from convcalc.read.code.libraries import FUNCTIONS, function
from convcalc.read.code.tensors.operations import call_operation, opaque_call
from convcalc.read.code.tensors.sizes import SizeVector, TopK, has_sizes, on_sizes, shape_vector
from convcalc.read.code.tensors.tensorflow_calls import call_tensorflow


def _given(names: str, args: list[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict(zip(names.split(), args)), **kwargs}


# Functions of ``keras.ops`` whose parameters have another order than those of the operation.
_ORDERS = {
    "average": "x axis weights",
    "batch_normalization": "x mean variance axis offset scale epsilon",
    "full": "shape fill_value dtype",
    "pad": "x pad_width mode constant_values",
}
# Functions that programs also call on numbers. Keras computes the results in float32.
_ON_NUMBERS = frozenset(("ceil", "floor", "sqrt", "log", "log2", "exp", "power", "maximum", "minimum"))


# Shapes and types -------------------------------------------------------------------------------------------------------


@function("keras.ops.shape")
def _shape(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else kwargs["x"]
    if isinstance(value, TensorValue):
        if value.shape is None or not run.inside:
            return value.sizes
        vector = shape_vector(value, spot)
        return tuple(vector.sizes)
    if isinstance(value, (Array, WeightValue)):
        return tuple(value.shape)
    array = as_array(value)
    return array.shape if array is not None else run.unknown("the shape is unknown", spot)


@function("keras.ops.size")
def _size(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.call_library("tensorflow.size", [args[0] if args else kwargs["x"]], {}, spot)


@function("keras.ops.convert_to_tensor", "keras.ops.array")
def _convert(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x dtype", args, kwargs)
    value, dtype = given["x"], dtype_name(given.get("dtype"))
    if isinstance(value, (list, tuple)) and tensors_in(value):
        return call_tensorflow(run, "stack", [list(value)], {}, spot)
    sizes = on_sizes(run, "stack", [value], spot) if isinstance(value, (list, tuple)) else MISSING
    if sizes is not MISSING:
        return sizes
    if isinstance(value, TensorValue) and dtype is not None and dtype != value.dtype:
        return call_tensorflow(run, "cast", [value, dtype], {}, spot)
    if isinstance(value, (TensorValue, SizeVector, Unknown, WeightValue)):
        return value
    array = as_array(value)
    if array is None:
        return run.unknown("the value of this array is not supported", spot)
    plain = {"float64": "float32", "int64": "int32"}.get(array.dtype, array.dtype)
    new = dtype or (array.dtype if isinstance(value, Array) else plain)
    flat = array.flat
    known = flat is not None and new.startswith(("float", "int", "uint", "bool"))
    return Array(array.shape, new, flat=[cast(part, new) for part in flat or ()] if known else None)


@function("keras.ops.stop_gradient", "keras.ops.convert_to_numpy")
def _same(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return args[0]


@function("keras.ops.cast")
def _cast(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x dtype", args, kwargs)
    value, dtype = given["x"], dtype_name(given["dtype"])
    if isinstance(value, (SizeVector, DynamicSize)):
        return value
    if isinstance(value, (bool, int, float)) and dtype is not None:
        return cast(value, dtype)
    if isinstance(value, (list, tuple)):
        value = _convert(run, [value], {}, spot)
    if isinstance(value, Array) and dtype is not None:
        return _convert(run, [value, dtype], {}, spot)
    return (
        call_tensorflow(run, "cast", [value, dtype], {}, spot) if dtype else _operation(run, "cast", args, kwargs, spot)
    )


# New tensors ------------------------------------------------------------------------------------------------------------


def _filled(run: Any, shape: Any, dtype: Any, spot: Spot) -> Any:
    made = call_tensorflow(run, "zeros", [shape], {}, spot)
    return Array(made.shape, dtype_name(dtype) or "float32") if isinstance(made, Array) else made


@function("keras.ops.zeros", "keras.ops.ones", "keras.ops.empty")
def _zeros(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("shape dtype", args, kwargs)
    return _filled(run, given["shape"], given.get("dtype"), spot)


@function("keras.ops.full")
def _full(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("shape fill_value dtype", args, kwargs)
    return _filled(run, given["shape"], given.get("dtype"), spot)


@function("keras.ops.eye", "keras.ops.identity", "keras.ops.tri")
def _eye(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    rows = args[0] if args else kwargs.get("N", kwargs.get("n"))
    columns = kwargs.get("M", args[1] if len(args) > 1 and not isinstance(args[1], (str, Library)) else None)
    return _filled(run, [rows, rows if columns is None else columns], kwargs.get("dtype"), spot)


@function("keras.random.normal", "keras.random.uniform", "keras.random.truncated_normal")
def _random(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("shape", args, kwargs)
    return _filled(run, given["shape"], given.get("dtype"), spot)


@function("keras.random.dropout", "keras.random.shuffle")
def _dropout(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return call_tensorflow(
        run, "nn.dropout", [args[0] if args else kwargs.get("inputs", kwargs.get("x")), 0.5], {}, spot
    )


# Operations with other arguments ----------------------------------------------------------------------------------------


@function("keras.ops.einsum")
def _einsum(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    equation = args[0] if args else kwargs["subscripts"]
    operation = find_function("einsum")
    assert operation is not None
    return call_operation(run, operation, list(args[1:]), {"subscripts": equation}, spot)


@function("keras.ops.top_k")
def _top_k(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return TopK.of(_operation(run, "top_k", args, kwargs, spot))


@function("keras.ops.switch")
def _switch(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    index, branches = args[0], run.iterate(args[1], spot)
    if isinstance(index, int) and not isinstance(branches, Unknown):
        return run.call(branches[max(0, min(index, len(branches) - 1))], list(args[2:]), {}, spot)
    return run.unknown("the condition is unknown", spot)


def _operation(run: Any, name: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Calls an operation with the arguments of its function."""
    operation = find_function(name)
    if operation is None:
        return run.unknown(f"`keras.ops.{name}` is not known", spot)
    if name in _ORDERS:
        kwargs = _given(_ORDERS[name], args, kwargs)
        first = operation.parameters[0]
        args = [kwargs.pop(first)]
    if name in _ON_NUMBERS and args and not kwargs and all(isinstance(arg, (int, float)) for arg in args):
        numbers = [_convert(run, [arg, "float32"], {}, spot) for arg in args]
        return run.call_library(f"numpy.{name}", numbers, {}, spot)
    if has_sizes(args) and not tensors_in(args):
        ordered = [*args, *(value for key, value in kwargs.items() if key in operation.parameters)]
        sizes = on_sizes(run, name, ordered, spot)
        if sizes is not MISSING:
            return sizes
    return call_operation(run, operation, args, kwargs, spot)


def _function_of(name: str) -> Any:
    def call(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        return _operation(run, name, args, kwargs, spot)

    return call


def _class_of(name: str) -> Any:
    """Returns the class of an operation, such as ``ExpandDims(axis=1)``. Its objects are functions of tensors."""

    def make(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        operation = find_operation_class(name)
        assert operation is not None
        made = {**dict(zip(operation.init_parameters, args)), **kwargs}
        return Native(name, lambda run, args, kwargs, at: call_operation(run, operation, args, {**made, **kwargs}, at))

    return make


for _name in class_names():
    FUNCTIONS.setdefault(f"keras.ops.{_name}", _class_of(_name))
for _name in function_names():
    FUNCTIONS.setdefault(f"keras.ops.{_name}", _function_of(_name))
    FUNCTIONS.setdefault(f"keras.ops.image.{_name}", _function_of(f"image.{_name}"))


# Activations ------------------------------------------------------------------------------------------------------------

_ACTIVATIONS = (
    "celu", "elu", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid",
    "log_softmax", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus",
    "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold", "exponential",
)  # fmt: skip
_OTHER_NAMES = {"swish": "silu", "hard_swish": "hard_silu", "exponential": "exp"}


def _activation(name: str) -> Any:
    def call(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        axis = {"axis": args[1]} if name in ("softmax", "log_softmax", "glu", "sparsemax") and len(args) > 1 else {}
        axis.update({key: value for key, value in kwargs.items() if key == "axis"})
        return _operation(run, name, [args[0] if args else kwargs["x"]], axis, spot)

    return call


for _name in _ACTIVATIONS:
    FUNCTIONS.setdefault(f"keras.activations.{_name}", _activation(_OTHER_NAMES.get(_name, _name)))
FUNCTIONS["keras.ops.swish"] = _activation("silu")
FUNCTIONS["keras.ops.hard_swish"] = _activation("hard_silu")


@function("keras.activations.linear")
def _linear(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return args[0] if args else kwargs["x"]


@function("keras.activations.mish")
def _mish(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else kwargs["x"]
    return run.binary(
        "*", value, _operation(run, "tanh", [_operation(run, "softplus", [value], {}, spot)], {}, spot), spot
    )


@function("keras.activations.get", "keras.activations.deserialize")
def _get(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else next(iter(kwargs.values()))
    if value is None:
        return Library("keras.activations.linear")
    if isinstance(value, str):
        known = f"keras.activations.{value}" in FUNCTIONS
        return (
            Library(f"keras.activations.{value}") if known else Unknown(f"the activation '{value}' is not known", spot)
        )
    return value


@function("keras.ops.rearrange", "keras.ops.vectorize")
def _not_followed(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    reason = Unknown("this function of `keras.ops` is not supported", spot)
    tensors = tensors_in((args, kwargs))
    return opaque_call(run, "rearrange", tensors, reason, spot) if tensors else reason
