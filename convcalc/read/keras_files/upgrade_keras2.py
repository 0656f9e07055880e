"""Upgrades configs of Keras 2 (tf.keras) to Keras 3: calls, operations of TensorFlow, older arguments.

Source: ``tf_keras/src/engine/functional.py`` and ``layers/core/tf_op_layer.py``. Unknown classes and functions are kept: the
reader of configs reports them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convcalc.base.structs import Struct

_LAMBDAS = ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceProperty", "TensorFlowOpLayer")
_CONSTANT = "_CONSTANT_VALUE"


class _Function(Struct):
    """The operation of ``keras.ops`` for a function of TensorFlow. ``names`` renames its arguments; the first is positional."""

    operation: str
    module: str = "numpy"
    names: Mapping[str, str] = {}


def _functions() -> Iterator[tuple[str, _Function]]:
    pair = {"y": "x2", "b": "x2"}
    binary = {
        "Add": "math.add __operators__.add add",
        "Subtract": "math.subtract __operators__.sub subtract",
        "Multiply": "math.multiply __operators__.mul multiply",
        "TrueDivide": "math.truediv __operators__.truediv math.divide divide",
        "FloorDivide": "math.floordiv __operators__.floordiv",
        "Power": "math.pow __operators__.pow pow",
        "Maximum": "math.maximum maximum",
        "Minimum": "math.minimum minimum",
        "Matmul": "linalg.matmul matmul __operators__.matmul",
        "Equal": "math.equal equal",
        "NotEqual": "math.not_equal not_equal",
        "Greater": "math.greater greater __operators__.gt",
        "Less": "math.less less __operators__.lt",
        "GreaterEqual": "math.greater_equal __operators__.ge",
        "LessEqual": "math.less_equal __operators__.le",
        "LogicalAnd": "math.logical_and",
        "LogicalOr": "math.logical_or",
    }
    unary = {
        "Exp": "math.exp exp",
        "Log": "math.log",
        "Sqrt": "math.sqrt sqrt",
        "Square": "math.square square",
        "Absolute": "math.abs abs",
        "Negative": "math.negative __operators__.neg",
        "Tanh": "math.tanh nn.tanh tanh",
        "Sin": "math.sin sin",
        "Cos": "math.cos cos",
        "Floor": "math.floor floor",
        "LogicalNot": "math.logical_not",
        "ZerosLike": "zeros_like",
        "OnesLike": "ones_like",
    }
    for table, renamed in ((binary, pair), (unary, {})):
        for operation, names in table.items():
            for name in names.split():
                yield name, _Function(operation, names=renamed)
    activations = "relu relu6 sigmoid silu softplus softsign selu"
    for name in activations.split():
        yield f"nn.{name}", _Function(name.capitalize(), "nn")
    yield "math.sigmoid", _Function("Sigmoid", "nn")
    yield "math.rsqrt", _Function("Rsqrt", "math")
    yield "nn.swish", _Function("Silu", "nn")
    yield "nn.elu", _Function("Elu", "nn")
    yield "nn.gelu", _Function("Gelu", "nn", {"approximate": "approximate"})
    yield "nn.leaky_relu", _Function("LeakyRelu", "nn", {"alpha": "negative_slope"})
    yield "nn.softmax", _Function("Softmax", "nn", {"axis": "axis"})
    reductions = {
        "Mean": "reduce_mean",
        "Sum": "reduce_sum",
        "Max": "reduce_max",
        "Min": "reduce_min",
        "Prod": "reduce_prod",
        "Any": "reduce_any",
        "All": "reduce_all",
    }
    for operation, name in reductions.items():
        for prefix in ("math.", ""):
            yield f"{prefix}{name}", _Function(operation, names={"axis": "axis", "keepdims": "keepdims"})
    yield "math.argmax", _Function("Argmax", names={"axis": "axis"})
    yield "reshape", _Function("Reshape", names={"shape": "newshape"})
    yield "transpose", _Function("Transpose", names={"perm": "axes"})
    yield "expand_dims", _Function("ExpandDims", names={"axis": "axis"})
    yield "squeeze", _Function("Squeeze", names={"axis": "axis"})
    yield "cast", _Function("Cast", "core", {"dtype": "dtype"})
    yield "concat", _Function("Concatenate", names={"axis": "axis"})
    yield "stack", _Function("Stack", names={"axis": "axis"})
    yield "split", _Function("Split", names={"num_or_size_splits": "indices_or_sections", "axis": "axis"})
    yield "tile", _Function("Tile", names={"multiples": "repeats"})
    yield "clip_by_value", _Function("Clip", names={"clip_value_min": "x_min", "clip_value_max": "x_max"})
    yield "identity", _Function("StopGradient", "core")
    yield "stop_gradient", _Function("StopGradient", "core")
    yield "image.resize", _Function("Resize", "image", {"size": "size"})
    yield "one_hot", _Function("OneHot", "nn", {"depth": "num_classes"})


_FUNCTIONS = dict(_functions())
# Arguments that change the result and that the operations of Keras do not have.
_UNSUPPORTED = {
    "transpose_a",
    "transpose_b",
    "adjoint_a",
    "adjoint_b",
    "expand_nested_tensors",
    "preserve_aspect_ratio",
}
# Operations whose tensors are one list.
_TAKE_LISTS = ("Concatenate", "Stack")
# Arguments of layers that Keras 3 renamed.
_RENAMED = {
    "LeakyReLU": {"alpha": "negative_slope"},
    "Discretization": {"bins": "bin_boundaries"},
}


def upgrade_keras2(entries: Sequence[Any], functional: bool) -> tuple[Sequence[Any], bool]:
    """Returns the layers of one model as Keras 3 writes them, and True if their calls were written by Keras 2.

    Nested models are not upgraded here: their reader does it. Entries that are not mappings are kept.
    """
    legacy = functional and any(isinstance(entry, Mapping) and _has_legacy_calls(entry) for entry in entries)
    if functional and not legacy:
        return entries, False
    names = (
        frozenset(str(entry.get("name")) for entry in entries if isinstance(entry, Mapping)) if legacy else frozenset()
    )
    return [_upgraded(entry, names) if isinstance(entry, Mapping) else entry for entry in entries], legacy


def _has_legacy_calls(entry: Mapping[str, Any]) -> bool:
    """Returns True if the calls of a layer are written as in Keras 2."""
    nodes = entry.get("inbound_nodes")
    return isinstance(nodes, list) and bool(nodes) and isinstance(nodes[0], (list, Mapping)) and "args" not in nodes[0]


def _upgraded(entry: Mapping[str, Any], names: frozenset[str]) -> Mapping[str, Any]:
    """Returns a layer as Keras 3 writes it. ``names`` are the names of all layers of a functional model."""
    class_name, config = entry.get("class_name"), entry.get("config")
    upgraded = dict(entry)
    if isinstance(class_name, str) and class_name in _RENAMED and isinstance(config, Mapping):
        renamed = _RENAMED[class_name]
        upgraded["config"] = {renamed.get(key, key): value for key, value in config.items()}
    if class_name == "BatchNormalization" and isinstance(config, Mapping):
        axis = config.get("axis")
        if isinstance(axis, list) and len(axis) == 1:
            upgraded["config"] = {**config, "axis": axis[0]}
    if not _has_legacy_calls(entry):
        return upgraded
    nodes = [_node(node, names) for node in entry["inbound_nodes"]]
    if class_name in _LAMBDAS and isinstance(config, Mapping):
        return _operation(upgraded, config, nodes)
    return {**upgraded, "inbound_nodes": [{"args": [_single(args)], "kwargs": kwargs} for args, kwargs in nodes]}


def _single(args: list[Any]) -> Any:
    return args[0] if len(args) == 1 else args


def _node(node: Any, names: frozenset[str]) -> tuple[list[Any], dict[str, Any]]:
    """Returns the tensors of a call and its named arguments."""
    if isinstance(node, Mapping):
        entries = [node[key] for key in sorted(node)]
    elif _is_entry(node):
        entries = [node]
    else:
        entries = node if isinstance(node, list) else [node]
    args: list[Any] = []
    named: dict[str, Any] = {}
    for entry in entries:
        if not _is_entry(entry):
            args.append(entry)  # the reader reports it
            continue
        args.append(entry[2] if entry[0] == _CONSTANT else _tensor(entry))
        if len(entry) > 3 and isinstance(entry[3], Mapping):
            named.update({key: _argument(value, names) for key, value in entry[3].items()})
    return args, named


def _is_entry(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int)


def _tensor(entry: list[Any]) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": entry[:3]}}


def _argument(value: Any, names: frozenset[str]) -> Any:
    """Returns the value of a keyword argument in the form of Keras 3.

    A list that begins with a layer's name becomes a tensor.
    """
    if _is_entry(value) and value[0] in names:
        return _tensor(value)
    if isinstance(value, list):
        return [_argument(part, names) for part in value]
    return value


def _operation(
    entry: dict[str, Any], config: Mapping[str, Any], nodes: list[tuple[list[Any], dict[str, Any]]]
) -> Mapping[str, Any]:
    """Returns the operation of Keras for an operation of TensorFlow; the entry itself if there is none."""
    name = config.get("function", "__operators__.getitem" if entry["class_name"] == "SlicingOpLambda" else "")
    common = {"shown": entry["class_name"], "name": entry.get("name")}
    upgraded_config = {"name": config.get("name")}
    if name == "__operators__.getitem":
        calls = [{"args": [_single(args), _key(kwargs.get("slice_spec"))], "kwargs": {}} for args, kwargs in nodes]
        return {
            "module": "keras.src.ops.numpy",
            "class_name": "GetItem",
            "config": upgraded_config,
            **common,
            "inbound_nodes": calls,
        }
    function = _FUNCTIONS.get(name.removeprefix("compat.v1.")) if isinstance(name, str) else None
    if function is None or any(kwargs.get(key) for _, kwargs in nodes for key in _UNSUPPORTED):
        calls = [{"args": args, "kwargs": kwargs} for args, kwargs in nodes]
        return {**entry, "module": "tf_keras", "inbound_nodes": calls}
    calls = []
    for args, kwargs in nodes:
        renamed = {function.names[key]: value for key, value in kwargs.items() if key in function.names}
        call_kwargs = {key: renamed.pop(key) for key in ("x2",) if key in renamed}
        upgraded_config.update({key: value for key, value in renamed.items() if value is not None})
        call_args = [args] if function.operation in _TAKE_LISTS else [_single(args)]
        calls.append({"args": call_args, "kwargs": call_kwargs})
    return {
        "module": f"keras.src.ops.{function.module}",
        "class_name": function.operation,
        "config": upgraded_config,
        **common,
        "inbound_nodes": calls,
    }


def _key(spec: Any) -> Any:
    """Returns the key in ``x[key]`` as Keras 3 writes it."""
    parts = spec if isinstance(spec, list) else [spec]
    key: list[Any] = []
    for part in parts:
        if isinstance(part, Mapping) and "start" in part:
            key.append({"class_name": "__slice__", "config": {k: part.get(k) for k in ("start", "stop", "step")}})
        elif (isinstance(part, Mapping) and part.get("value") == "Ellipsis") or part == "Ellipsis":
            key.append({"class_name": "__ellipsis__", "config": {}})
        else:
            key.append(part)
    return key
