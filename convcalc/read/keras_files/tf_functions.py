"""Finds the operation that replaces a TensorFlow function: an operation of Keras, or a rule of convcalc."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from convcalc.base.structs import Struct
from convcalc.ops import TENSORFLOW, find_operation


class _Function(Struct):
    """An operation of ``keras.ops`` that replaces a function of TensorFlow.

    Attributes:
        names: maps the function's arguments, except the first, to the operation's arguments.
        fixed: arguments of the operation that always have the same value for this function.
        adapted: maps an argument to a converter of its value. The converter returns :data:`_UNFIT` for a value that Keras's
            operation refuses.
    """

    operation: str
    module: str = "numpy"
    names: Mapping[str, str] = {}
    fixed: Mapping[str, Any] = {}
    adapted: Mapping[str, Callable[[Any], Any]] = {}


# A converter returns this object for a value that Keras's operation refuses.
_UNFIT = object()


def _only(*accepted: Any) -> Callable[[Any], Any]:
    """Returns a converter for an argument that Keras's operation lacks.

    The converter leaves out a value in ``accepted``, and refuses any other value.
    """
    return lambda value: None if value in accepted else _UNFIT


def _split_indices(sizes: Any) -> Any:
    """Converts sizes of parts to the indices where Keras splits: [2, 3, 3] → [2, 5].

    Returns a single number, the number of equal parts, unchanged.
    """
    if not isinstance(sizes, list):
        return sizes
    if len(sizes) < 2 or not all(isinstance(size, int) and size >= 0 for size in sizes):
        return _UNFIT
    return list(accumulate(sizes[:-1]))


def _whole_numbers(value: Any) -> Any:
    """Returns a list of whole numbers unchanged. Rejects any other value."""
    return value if isinstance(value, list) and all(isinstance(part, int) for part in value) else _UNFIT


def _data_format(value: Any) -> Any:
    return {"NHWC": "channels_last", "NCHW": "channels_first"}.get(value, _UNFIT)


def _functions() -> Iterator[tuple[str, _Function]]:
    pair = {"y": "x2", "b": "x2"}
    binary = {
        "Add": "math.add __operators__.add add",
        "Subtract": "math.subtract __operators__.sub subtract",
        "Multiply": "math.multiply __operators__.mul multiply",
        "TrueDivide": "math.truediv __operators__.truediv math.divide divide",
        "FloorDivide": "math.floordiv __operators__.floordiv floordiv floor_div",
        "Mod": "math.floormod math.mod __operators__.mod floormod mod",
        "Power": "math.pow __operators__.pow pow",
        "Maximum": "math.maximum maximum",
        "Minimum": "math.minimum minimum",
        "Matmul": "linalg.matmul matmul __operators__.matmul",
        "Equal": "math.equal equal",
        "NotEqual": "math.not_equal not_equal",
        "Greater": "math.greater greater __operators__.gt",
        "Less": "math.less less __operators__.lt",
        "GreaterEqual": "math.greater_equal __operators__.ge greater_equal",
        "LessEqual": "math.less_equal __operators__.le less_equal",
        "LogicalAnd": "math.logical_and __operators__.and logical_and",
        "LogicalOr": "math.logical_or __operators__.or logical_or",
        "LogicalXor": "math.logical_xor __operators__.xor",
        "DivideNoNan": "math.divide_no_nan",
    }
    unary = {
        "Exp": "math.exp exp",
        "Expm1": "math.expm1",
        "Log": "math.log",
        "Log1p": "math.log1p",
        "Sqrt": "math.sqrt sqrt",
        "Square": "math.square square",
        "Absolute": "math.abs abs __operators__.abs",
        "Negative": "math.negative __operators__.neg negative",
        "Sign": "math.sign sign",
        "Reciprocal": "math.reciprocal",
        "Tanh": "math.tanh nn.tanh tanh",
        "Sin": "math.sin sin",
        "Cos": "math.cos cos",
        "Tan": "math.tan tan",
        "Arcsin": "math.asin asin",
        "Arccos": "math.acos acos",
        "Arctan": "math.atan atan",
        "Sinh": "math.sinh sinh",
        "Cosh": "math.cosh cosh",
        "Arcsinh": "math.asinh asinh",
        "Arccosh": "math.acosh acosh",
        "Arctanh": "math.atanh atanh",
        "Floor": "math.floor floor",
        "Ceil": "math.ceil",
        "Round": "math.round round",
        "Isnan": "math.is_nan",
        "Isfinite": "math.is_finite",
        "Isinf": "math.is_inf",
        "Conj": "math.conj",
        "Real": "math.real",
        "Imag": "math.imag",
        "LogicalNot": "math.logical_not __operators__.invert logical_not",
        "ZerosLike": "zeros_like",
        "OnesLike": "ones_like",
    }
    for table, renamed in ((binary, pair), (unary, {})):
        for operation, names in table.items():
            for name in names.split():
                yield name, _Function(operation, names=renamed)
    for name in ("math.atan2", "atan2"):
        yield name, _Function("Arctan2", names={"x": "x2"})
    activations = "relu relu6 sigmoid silu softplus softsign selu"
    for name in activations.split():
        yield f"nn.{name}", _Function(name.capitalize(), "nn")
    yield "math.sigmoid", _Function("Sigmoid", "nn")
    yield "math.softplus", _Function("Softplus", "nn")
    yield "math.rsqrt", _Function("Rsqrt", "math")
    yield "math.erf", _Function("Erf", "math")
    yield "math.erfinv", _Function("Erfinv", "math")
    yield "nn.swish", _Function("Silu", "nn")
    yield "nn.elu", _Function("Elu", "nn")
    yield "nn.gelu", _Function("Gelu", "nn", {"approximate": "approximate"})
    yield "nn.leaky_relu", _Function("LeakyRelu", "nn", {"alpha": "negative_slope"})
    for name in ("nn.log_softmax", "math.log_softmax"):
        yield name, _Function("LogSoftmax", "nn", {"axis": "axis"})
    yield "nn.softmax", _Function("Softmax", "nn", {"axis": "axis"})
    yield "nn.moments", _Function("Moments", "nn", {"axes": "axes", "keepdims": "keepdims"})
    blocks = {"block_size": "block_size", "data_format": "data_format"}
    for name, operation in (("depth_to_space", "DepthToSpace"), ("space_to_depth", "SpaceToDepth")):
        for prefix in ("nn.", ""):
            yield prefix + name, _Function(operation, "nn", blocks, adapted={"data_format": _data_format})
    reductions = {
        "Mean": "reduce_mean",
        "Sum": "reduce_sum",
        "Max": "reduce_max",
        "Min": "reduce_min",
        "Prod": "reduce_prod",
        "Any": "reduce_any",
        "All": "reduce_all",
        "Std": "reduce_std",
        "Var": "reduce_variance",
    }
    reduced = {"axis": "axis", "keepdims": "keepdims"}
    for operation, name in reductions.items():
        for prefix in ("math.", ""):
            yield f"{prefix}{name}", _Function(operation, names=reduced)
    for name in ("math.reduce_logsumexp", "reduce_logsumexp"):
        yield name, _Function("Logsumexp", "math", reduced)
    for name in ("norm", "linalg.norm"):
        euclidean = {"ord": _only("euclidean", 2)}
        yield name, _Function("Norm", "linalg", reduced, adapted=euclidean)
    for name in ("cumsum", "cumprod"):
        for prefix in ("math.", ""):
            yield f"{prefix}{name}", _Function(name.capitalize(), names={"axis": "axis"}, fixed={"axis": 0})
    yield "math.top_k", _Function("TopK", "math", {"k": "k", "sorted": "sorted"}, {"k": 1})
    yield "nn.top_k", _Function("TopK", "math", {"k": "k", "sorted": "sorted"}, {"k": 1})
    yield "reshape", _Function("Reshape", names={"shape": "newshape"}, adapted={"shape": _whole_numbers})
    yield "transpose", _Function("Transpose", names={"perm": "axes"})
    yield "expand_dims", _Function("ExpandDims", names={"axis": "axis"})
    yield "squeeze", _Function("Squeeze", names={"axis": "axis"})
    yield "cast", _Function("Cast", "core", {"dtype": "dtype"})
    yield "concat", _Function("Concatenate", names={"axis": "axis"})
    yield "stack", _Function("Stack", names={"axis": "axis"})
    yield "unstack", _Function("Unstack", "core", {"num": "num", "axis": "axis"})
    yield (
        "split",
        _Function(
            "Split",
            names={"num_or_size_splits": "indices_or_sections", "axis": "axis"},
            adapted={"num_or_size_splits": _split_indices},
        ),
    )
    yield "tile", _Function("Tile", names={"multiples": "repeats"})
    yield "repeat", _Function("Repeat", names={"repeats": "repeats", "axis": "axis"})
    yield "broadcast_to", _Function("BroadcastTo", names={"shape": "shape"})
    yield "reverse", _Function("Flip", names={"axis": "axis"})
    yield "roll", _Function("Roll", names={"shift": "shift", "axis": "axis"})
    yield "gather", _Function("Take", names={"indices": "indices", "axis": "axis"}, fixed={"axis": 0})
    padding = {"paddings": "pad_width", "mode": "mode", "constant_values": "constant_values"}
    yield "pad", _Function("Pad", names=padding, adapted={"mode": lambda mode: str(mode).lower()})
    yield "where", _Function("Where", names={"x": "x1", "y": "x2"})
    yield "slice", _Function("Slice", "core", {"begin": "start_indices", "size": "shape"})
    yield "clip_by_value", _Function("Clip", names={"clip_value_min": "x_min", "clip_value_max": "x_max"})
    yield "sort", _Function("Sort", names={"axis": "axis"}, adapted={"direction": _only("ASCENDING")})
    yield "identity", _Function("StopGradient", "core")
    yield "stop_gradient", _Function("StopGradient", "core")
    yield "image.resize", _Function("Resize", "image", {"size": "size"}, adapted=_RESIZING)
    yield "one_hot", _Function("OneHot", "nn", {"depth": "num_classes"}, adapted={"axis": _only(-1)})
    for name in ("tensordot", "linalg.tensordot"):
        yield name, _Function("Tensordot", names={"b": "x2", "axes": "axes"})


# All interpolation methods give the same shape.
_RESIZING = {"method": _only("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", 0, 1, 2, 3)}
_FUNCTIONS = dict(_functions())
# Arguments without effect on shapes and weights, in all functions.
_NO_EFFECT = frozenset(
    [
        "name",
        "validate_indices",
        "antialias",
        "half_pixel_centers",
        "align_corners",
        "shift",
        "bad_indices_policy",
        "seed",
        "stable",
    ]
)
# Operations whose first argument is a list of tensors.
_TAKE_LISTS = ("Concatenate", "Stack")
# Arguments of an operation's call. The constructor gets all other arguments, which cannot be tensors.
_CALL_ARGUMENTS = ("x1", "x2", "indices", "start_indices", "constant_values")
# TensorFlow offers some functions under several names: without a prefix, and with one of these prefixes.
_PREFIXES = ("math.", "linalg.", "__operators__.", "nn.", "v1.")
_OPERATORS = {"sub": "subtract", "mul": "multiply"}


def contains_tensor(value: Any) -> bool:
    """Returns True if a value is a tensor or contains one."""
    if isinstance(value, Mapping):
        return value.get("class_name") == "__keras_tensor__" or any(map(contains_tensor, value.values()))
    return isinstance(value, list) and any(map(contains_tensor, value))


def is_tensor(value: Any) -> bool:
    """Returns True for the config of a tensor."""
    return isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__"


def keras_operation(name: str) -> tuple[str, str]:
    """Returns the module and the class of the Keras operation for a TensorFlow function. Two empty strings if there is
    none.
    """
    function = _FUNCTIONS.get(name)
    if name == "__operators__.getitem":
        return "keras.src.ops.numpy", "GetItem"
    return (f"keras.src.ops.{function.module}", function.operation) if function is not None else ("", "")


def keras_call(
    name: str, first: Any, kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any], dict[str, Any]] | None:
    """Returns the arguments for Keras's operation: positional and named arguments of the call, and those of the
    constructor.

    Returns None if the operation refuses them.
    """
    if name == "__operators__.getitem":
        key = kwargs.get("slice_spec")
        return None if isinstance(first, list) or contains_tensor(key) else ([first, _key(key)], {}, {})
    function = _FUNCTIONS.get(name)
    if function is None:
        return None
    takes_list = function.operation in _TAKE_LISTS
    if takes_list and not (isinstance(first, list) and all(map(is_tensor, first))):
        return None
    binary = "x2" in function.names.values()
    if not takes_list and isinstance(first, list) and (not binary or contains_tensor(first)):
        return None
    if not takes_list and not binary and not is_tensor(first):
        return None
    call: dict[str, Any] = {}
    made: dict[str, Any] = dict(function.fixed)
    for key, value in kwargs.items():
        adapt = function.adapted.get(key)
        adapted = adapt(value) if adapt is not None and value is not None else value
        if adapted is _UNFIT:
            return None
        if key not in function.names:
            if adapted not in (None, False, 0) and key not in _NO_EFFECT and adapt is None:
                return None
            continue
        renamed = function.names[key]
        if renamed in _CALL_ARGUMENTS:
            if adapted is not None:
                call[renamed] = adapted
        elif contains_tensor(adapted):
            return None
        elif adapted is not None:
            made[renamed] = adapted
    if any(isinstance(value, list) and contains_tensor(value) for value in call.values()):
        return None
    if function.operation in ("Matmul", "Tensordot") and not (is_tensor(first) and is_tensor(call.get("x2"))):
        return None
    if function.operation == "Where" and len(call) < 2:
        return None
    if function.operation == "Squeeze" and made.get("axis") in (None, []):
        return None  # axes of unknown size may be removed too; only convcalc's rule for tf.squeeze can do this
    return [first], call, made


def own_function(name: str) -> str | None:
    """Returns the name of convcalc's rule for a TensorFlow function; None if there is no rule."""
    if name == "__operators__.getitem":
        return "tf.getitem"
    short = name
    for prefix in _PREFIXES:
        short = short.removeprefix(prefix)
    for candidate in (name, name.removeprefix("v1."), short, _OPERATORS.get(short, short)):
        if find_operation(f"tf.{candidate}", TENSORFLOW) is not None:
            return f"tf.{candidate}"
    return None


def own_arguments(own: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the named arguments of a TensorFlow function, without the arguments whose value is None."""
    if own == "tf.getitem":
        return {"key": _own_key(kwargs.get("slice_spec"))}
    return {key: value for key, value in kwargs.items() if value is not None}


def _own_key(spec: Any) -> list[Any]:
    """Returns the ``key`` of ``x[key]`` for convcalc's rule: a slice becomes [start, stop, step]."""
    key: list[Any] = []
    for part in spec if isinstance(spec, list) else [spec]:
        if isinstance(part, Mapping) and "start" in part:
            key.append([part.get(bound) for bound in ("start", "stop", "step")])
        elif _is_ellipsis(part):
            key.append("...")
        else:
            key.append(part)
    return key


def _is_ellipsis(part: Any) -> bool:
    if isinstance(part, Mapping):
        return bool(part.get("value") == "Ellipsis" or part.get("class_name") == "__ellipsis__")
    return bool(part == "Ellipsis")


def _key(spec: Any) -> Any:
    """Returns the key of ``x[key]`` in the form that Keras 3 writes."""
    parts = spec if isinstance(spec, list) else [spec]
    key: list[Any] = []
    for part in parts:
        if isinstance(part, Mapping) and "start" in part:
            key.append({"class_name": "__slice__", "config": {k: part.get(k) for k in ("start", "stop", "step")}})
        elif _is_ellipsis(part):
            key.append({"class_name": "__ellipsis__", "config": {}})
        else:
            key.append(part)
    return key
