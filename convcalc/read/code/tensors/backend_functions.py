"""The functions of ``keras.backend``, and the settings of ``keras.config``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base.keras_names import Names
from convcalc.ops import find_function
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import TensorValue, WeightValue
from convcalc.read.code.keras.layer_arguments import dtype_name
from convcalc.read.code.language.values import DynamicSize, Spot, Unknown
from convcalc.read.code.libraries import FUNCTIONS, find, function
from convcalc.read.code.tensors.control_functions import choose
from convcalc.read.code.tensors.operations import call_operation, get_item
from convcalc.read.code.tensors.sizes import SizeVector, shape_vector, size_list
from convcalc.read.code.tensors.tensorflow_calls import call_tensorflow, constant

_ORDERS = {"channels_last": "tf", "channels_first": "th"}

# ``keras.backend`` functions and the TensorFlow functions that replace them, each with its parameters in order.
_TENSORFLOW = """
shape(x) = shape(input)
reshape(x shape) = reshape(tensor shape)
permute_dimensions(x pattern) = transpose(a perm)
transpose(x) = transpose(a)
concatenate(tensors axis=-1) = concat(values axis)
stack(x axis=0) = stack(values axis)
squeeze(x axis) = squeeze(input axis)
expand_dims(x axis=-1) = expand_dims(input axis)
mean(x axis keepdims) = reduce_mean(input_tensor axis keepdims)
sum(x axis keepdims) = reduce_sum(input_tensor axis keepdims)
max(x axis keepdims) = reduce_max(input_tensor axis keepdims)
min(x axis keepdims) = reduce_min(input_tensor axis keepdims)
prod(x axis keepdims) = reduce_prod(input_tensor axis keepdims)
var(x axis keepdims) = math.reduce_variance(input_tensor axis keepdims)
std(x axis keepdims) = math.reduce_std(input_tensor axis keepdims)
any(x axis keepdims) = reduce_any(input_tensor axis keepdims)
all(x axis keepdims) = reduce_all(input_tensor axis keepdims)
logsumexp(x axis keepdims) = reduce_logsumexp(input_tensor axis keepdims)
argmax(x axis=-1) = argmax(input axis)
argmin(x axis=-1) = argmin(input axis)
cumsum(x axis=0) = cumsum(x axis)
cumprod(x axis=0) = math.cumprod(x axis)
gather(reference indices) = gather(params indices)
square(x) = square(x)
abs(x) = abs(x)
sqrt(x) = sqrt(x)
exp(x) = exp(x)
log(x) = math.log(x)
sin(x) = sin(x)
cos(x) = cos(x)
round(x) = round(x)
sign(x) = sign(x)
pow(x a) = pow(x y)
clip(x min_value max_value) = clip_by_value(t clip_value_min clip_value_max)
equal(x y) = equal(x y)
not_equal(x y) = not_equal(x y)
greater(x y) = greater(x y)
greater_equal(x y) = greater_equal(x y)
less(x y) = less(x y)
less_equal(x y) = less_equal(x y)
maximum(x y) = maximum(x y)
minimum(x y) = minimum(x y)
repeat_elements(x rep axis) = repeat(input repeats axis)
tile(x n) = tile(input multiples)
one_hot(indices num_classes) = one_hot(indices depth)
reverse(x axes) = reverse(tensor axis)
relu(x) = nn.relu(features)
elu(x) = nn.elu(features)
softmax(x axis=-1) = nn.softmax(logits axis)
softplus(x) = nn.softplus(features)
softsign(x) = nn.softsign(features)
sigmoid(x) = nn.sigmoid(x)
hard_sigmoid(x) = nn.sigmoid(x)
tanh(x) = nn.tanh(x)
dropout(x) = nn.dropout(x)
l2_normalize(x axis) = nn.l2_normalize(x axis)
in_top_k(predictions targets k) = nn.in_top_k(predictions targets k)
bias_add(x bias) = add(x y)
cast(x dtype) = cast(x dtype)
zeros_like(x dtype) = zeros_like(input dtype)
ones_like(x dtype) = ones_like(input dtype)
identity(x) = identity(input)
stop_gradient(variables) = stop_gradient(input)
arange(start stop step=1 dtype=int32) = range(start limit delta dtype)
random_normal(shape mean stddev dtype) = random.normal(shape mean stddev dtype)
random_uniform(shape minval maxval dtype) = random.uniform(shape minval maxval dtype)
truncated_normal(shape mean stddev dtype) = random.truncated_normal(shape mean stddev dtype)
"""


def _declare(line: str) -> None:
    here, _, there = line.partition(" = ")
    name, _, parameters = here.rstrip(")").partition("(")
    other, _, others = there.rstrip(")").partition("(")
    names, defaults = [], {}
    for part in parameters.split():
        parameter, _, default = part.partition("=")
        names.append(parameter)
        if default:
            defaults[parameter] = int(default) if default.lstrip("-").isdigit() else default
    renamed = dict(zip(names, others.split()))

    def call(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        given = {**defaults, **dict(zip(names, args)), **kwargs}
        values = {renamed[key]: value for key, value in given.items() if key in renamed and value is not None}
        special = find(f"tensorflow.{other}")
        if special is not None:
            return special(run, [], values, spot)
        return call_tensorflow(run, other, [], values, spot)

    FUNCTIONS.setdefault(f"keras.backend.{name}", call)


for _line in _TENSORFLOW.strip().split("\n"):
    _declare(_line)


def _given(names: str, args: list[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict(zip(names.split(), args)), **kwargs}


def _of_keras(run: Any, name: str, args: list[Any], kwargs: Mapping[str, Any], spot: Spot) -> Any:
    operation = find_function(name)
    assert operation is not None
    return call_operation(
        run, operation, args, {key: value for key, value in kwargs.items() if value is not None}, spot
    )


# Shapes and types -------------------------------------------------------------------------------------------------------


@function("keras.backend.int_shape")
def _int_shape(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0] if args else kwargs["x"]
    if isinstance(value, TensorValue):
        return tuple(value.sizes) if value.shape is not None else value.sizes
    return tuple(value.shape) if isinstance(value, (Array, WeightValue)) else _unknown(run, value, spot)


def _unknown(run: Any, value: Any, spot: Spot) -> Any:
    return value if isinstance(value, Unknown) else run.unknown("the shape of this value is unknown", spot)


@function("keras.backend.ndim", "keras.ops.ndim")
def _ndim(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    vector = shape_vector(args[0] if args else kwargs["x"], spot)
    return len(vector.sizes) if vector is not None else _unknown(run, args[0], spot)


@function("keras.backend.dtype", "keras.ops.dtype", "keras.backend.standardize_dtype")
def _dtype(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0]
    if isinstance(value, (TensorValue, Array, WeightValue)):
        return value.dtype or "float32"
    return dtype_name(value) or _unknown(run, value, spot)


@function("keras.backend.is_keras_tensor", "keras.backend.is_placeholder", "keras.utils.is_keras_tensor")
def _is_keras_tensor(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return args[0] if isinstance(args[0], Unknown) else isinstance(args[0], TensorValue)


@function("keras.backend.is_sparse")
def _is_sparse(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return False


@function("keras.backend.count_params")
def _count_params(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    vector = shape_vector(args[0], spot)
    return (
        run.call_library("tensorflow.reduce_prod", [vector], {}, spot)
        if vector is not None
        else _unknown(run, args[0], spot)
    )


# Settings ---------------------------------------------------------------------------------------------------------------


@function("keras.backend.backend", "keras.config.backend")
def _backend(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return "tensorflow"


@function("keras.backend.epsilon", "keras.config.epsilon")
def _epsilon(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return 1e-7


@function("keras.backend.floatx", "keras.config.floatx")
def _floatx(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.floatx


@function("keras.backend.set_floatx", "keras.config.set_floatx")
def _set_floatx(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    value = args[0] if args else next(iter(kwargs.values()))
    if value in ("float16", "float32", "float64", "bfloat16"):
        run.floatx = value


@function("keras.backend.image_data_format", "keras.config.image_data_format")
def _image_data_format(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.data_format


@function("keras.backend.set_image_data_format", "keras.config.set_image_data_format")
def _set_image_data_format(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    value = args[0] if args else next(iter(kwargs.values()))
    if value in _ORDERS:
        run.data_format = value


@function("keras.backend.image_dim_ordering")
def _image_dim_ordering(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _ORDERS[run.data_format]


@function("keras.backend.set_image_dim_ordering")
def _set_image_dim_ordering(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    value = args[0] if args else next(iter(kwargs.values()))
    run.data_format = next((key for key, order in _ORDERS.items() if order == value), run.data_format)


@function("keras.backend.clear_session", "keras.utils.clear_session", "keras.backend.reset_uids")
def _clear_session(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    run.names = Names()


@function("keras.backend.get_uid")
def _get_uid(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    prefix = args[0] if args else kwargs.get("prefix", "")
    counts = run.flags.setdefault("uids of keras.backend", {})
    counts[str(prefix)] = counts.get(str(prefix), 0) + 1
    return counts[str(prefix)]


def _nothing(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    """Ignores a function that changes no shapes and no parameters."""


for _name in (
    "set_learning_phase",
    "set_session",
    "set_value",
    "batch_set_value",
    "set_epsilon",
    "manual_variable_initialization",
):
    FUNCTIONS.setdefault(f"keras.backend.{_name}", _nothing)
    FUNCTIONS.setdefault(f"keras.config.{_name}", _nothing)


# Constants and variables ------------------------------------------------------------------------------------------------


@function("keras.backend.constant", "keras.backend.variable")
def _constant(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("value dtype", args, kwargs)
    return constant(run, given["value"], dtype_name(given.get("dtype")) or "float32", given.get("shape"), spot)


@function("keras.backend.zeros", "keras.backend.ones")
def _zeros(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("shape dtype", args, kwargs)
    sizes = size_list(given["shape"])
    if sizes is None:
        return run.unknown("the shape of this array is unknown", spot)
    return Array(sizes if isinstance(sizes, list) else [sizes], dtype_name(given.get("dtype")) or "float32")


@function("keras.backend.get_value", "keras.backend.eval", "keras.backend.cast_to_floatx")
def _same(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    value = args[0]
    return run.unknown("the value of a tensor is unknown", spot) if isinstance(value, TensorValue) else value


# Products ---------------------------------------------------------------------------------------------------------------


@function("keras.backend.dot")
def _dot(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x y", args, kwargs)
    return _of_keras(run, "dot", [given["x"], given["y"]], {}, spot)


@function("keras.backend.batch_dot")
def _batch_dot(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x y axes", args, kwargs)
    x, y, axes = given["x"], given["y"], given.get("axes")
    ranks = [len(value.shape) if getattr(value, "shape", None) is not None else 0 for value in (x, y)]
    if not all(ranks):
        return run.unknown("the shape of a tensor is unknown", spot)
    if axes is None:
        axes = (ranks[0] - 1, ranks[1] - 1 if ranks[1] == 2 else ranks[1] - 2)
    if isinstance(axes, int):
        axes = (axes, axes)
    one, two = (axis % rank for axis, rank in zip(axes, ranks))
    first = "b" + "".join("z" if at == one else chr(ord("c") + at) for at in range(1, ranks[0]))
    second = "b" + "".join("z" if at == two else chr(ord("m") + at) for at in range(1, ranks[1]))
    result = "b" + (first + second).replace("b", "").replace("z", "")
    product = _of_keras(run, "einsum", [x, y], {"subscripts": f"{first},{second}->{result}"}, spot)
    if len(result) == 1 and not isinstance(product, Unknown):
        return call_tensorflow(run, "expand_dims", [product, 1], {}, spot)
    return product


# Images and sequences ---------------------------------------------------------------------------------------------------


@function("keras.backend.repeat")
def _repeat(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x n", args, kwargs)
    return call_tensorflow(
        run, "repeat", [call_tensorflow(run, "expand_dims", [given["x"], 1], {}, spot), given["n"], 1], {}, spot
    )


@function("keras.backend.flatten")
def _flatten(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return call_tensorflow(run, "reshape", [args[0], [-1]], {}, spot)


@function("keras.backend.batch_flatten")
def _batch_flatten(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return call_tensorflow(run, "reshape", [args[0], [-1, _product(run, args[0], spot)]], {}, spot)


def _product(run: Any, value: Any, spot: Spot) -> Any:
    vector = shape_vector(value, spot)
    sizes = SizeVector(vector.sizes[1:]) if vector is not None else None
    return (
        DynamicSize("the size is unknown", spot)
        if sizes is None
        else run.call_library("tensorflow.reduce_prod", [sizes], {}, spot)
    )


@function("keras.backend.resize_images", "keras.backend.resize_volumes")
def _resize(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    numbers = [value for value in args[1:] if not isinstance(value, str)]
    numbers += [kwargs[key] for key in ("depth_factor", "height_factor", "width_factor") if key in kwargs]
    orders = [value for value in (*args[1:], *kwargs.values()) if value in ("channels_last", "channels_first")]
    start = 2 if orders and orders[0] == "channels_first" else 1
    result = args[0] if args else kwargs["x"]
    for at, factor in enumerate(numbers):
        result = call_tensorflow(run, "repeat", [result, factor, start + at], {}, spot)
    return result


def _padded(run: Any, x: Any, padding: list[Any], order: Any, spot: Spot) -> Any:
    widths = [[0, 0], *padding, [0, 0]] if order != "channels_first" else [[0, 0], [0, 0], *padding]
    return call_tensorflow(run, "pad", [x, widths], {}, spot)


@function("keras.backend.temporal_padding")
def _temporal_padding(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {"padding": (1, 1), **_given("x padding", args, kwargs)}
    return _padded(run, given["x"], [list(given["padding"])], None, spot)


@function("keras.backend.spatial_2d_padding")
def _spatial_2d_padding(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {
        "padding": ((1, 1), (1, 1)),
        "data_format": run.data_format,
        **_given("x padding data_format", args, kwargs),
    }
    return _padded(run, given["x"], [list(part) for part in given["padding"]], given["data_format"], spot)


@function("keras.backend.spatial_3d_padding")
def _spatial_3d_padding(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {"padding": ((1, 1),) * 3, "data_format": run.data_format, **_given("x padding data_format", args, kwargs)}
    return _padded(run, given["x"], [list(part) for part in given["padding"]], given["data_format"], spot)


@function("keras.backend.pool2d", "keras.backend.pool3d")
def _pool(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {
        "data_format": run.data_format,
        **_given("x pool_size strides padding data_format pool_mode", args, kwargs),
    }
    x, size = given.pop("x"), given.pop("pool_size")
    given["strides"] = given.get("strides") or 1
    name = "average_pool" if given.pop("pool_mode", "max") == "avg" else "max_pool"
    return _of_keras(run, name, [x, size], given, spot)


@function("keras.backend.conv1d", "keras.backend.conv2d", "keras.backend.conv3d")
def _conv(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {
        "data_format": run.data_format,
        **_given("x kernel strides padding data_format dilation_rate", args, kwargs),
    }
    return _of_keras(run, "conv", [given.pop("x"), given.pop("kernel")], given, spot)


@function("keras.backend.depthwise_conv2d")
def _depthwise_conv(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    names = "x depthwise_kernel strides padding data_format dilation_rate"
    given = {"data_format": run.data_format, **_given(names, args, kwargs)}
    return _of_keras(run, "depthwise_conv", [given.pop("x"), given.pop("depthwise_kernel")], given, spot)


@function("keras.backend.conv2d_transpose")
def _conv_transpose(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x kernel output_shape strides padding data_format", args, kwargs)
    values = [
        given["x"],
        given["kernel"],
        given["output_shape"],
        given.get("strides", 1),
        str(given.get("padding", "valid")).upper(),
    ]
    return call_tensorflow(run, "nn.conv2d_transpose", values, {}, spot)


@function("keras.backend.batch_normalization")
def _batch_normalization(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x mean var beta gamma", args, kwargs)
    return _of_keras(run, "batch_normalization", [given["x"], given["mean"], given["var"]], {"axis": -1}, spot)


# Tests and losses -------------------------------------------------------------------------------------------------------


@function("keras.backend.switch")
def _switch(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("condition then_expression else_expression", args, kwargs)
    condition = given["condition"]
    first, second = given["then_expression"], given["else_expression"]
    if isinstance(condition, TensorValue) and condition.shape and isinstance(first, TensorValue):
        rank = len(first.shape or ()) - len(condition.shape)
        for _ in range(max(rank, 0)):
            condition = call_tensorflow(run, "expand_dims", [condition, -1], {}, spot)
        return call_tensorflow(run, "where", [condition, first, second], {}, spot)
    return choose(run, condition, first, second, spot)


@function("keras.backend.in_train_phase")
def _in_train_phase(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x alt training", args, kwargs)
    training = given.get("training")
    condition = (
        training if isinstance(training, bool) else Unknown("it is unknown if the model is called for training", spot)
    )
    return choose(run, condition, given["x"], given["alt"], spot)


@function("keras.backend.in_test_phase")
def _in_test_phase(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("x alt training", args, kwargs)
    return _in_train_phase(run, [given["alt"], given["x"]], {"training": given.get("training")}, spot)


@function("keras.backend.learning_phase", "keras.backend.symbolic_learning_phase")
def _learning_phase(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Unknown("it is unknown if the model is called for training", spot)


@function("keras.backend.ctc_batch_cost")
def _ctc_batch_cost(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("y_true y_pred input_length label_length", args, kwargs)
    everything = slice(None)
    first = get_item(run, given["y_pred"], (everything, 0, slice(0, 1)), spot)
    second = get_item(run, given["y_true"], (everything, slice(0, 1)), spot)
    return call_tensorflow(run, "add", [first, call_tensorflow(run, "cast", [second, "float32"], {}, spot)], {}, spot)


@function("keras.backend.binary_crossentropy")
def _binary_crossentropy(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given("target output", args, kwargs)
    return call_tensorflow(run, "add", [given["target"], given["output"]], {}, spot)


@function("keras.backend.categorical_crossentropy", "keras.backend.sparse_categorical_crossentropy")
def _categorical_crossentropy(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {"axis": -1, **_given("target output from_logits axis", args, kwargs)}
    return call_tensorflow(run, "reduce_sum", [given["output"], given["axis"]], {}, spot)


@function("keras.backend.separable_conv2d", "keras.backend.separable_conv1d")
def _separable_conv(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    names = "x depthwise_kernel pointwise_kernel strides padding data_format dilation_rate"
    given = {"data_format": run.data_format, **_given(names, args, kwargs)}
    inputs = [given.pop("x"), given.pop("depthwise_kernel"), given.pop("pointwise_kernel")]
    return _of_keras(run, "separable_conv", inputs, given, spot)
