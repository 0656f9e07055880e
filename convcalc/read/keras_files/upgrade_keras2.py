"""Upgrades configs of Keras 2 (tf.keras) to Keras 3: calls, operations of TensorFlow, and older arguments.

Sources: ``tf_keras/src/engine/functional.py`` and ``layers/core/tf_op_layer.py``. Unknown classes and functions are
kept; the reader of configs reports them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from convcalc.base.structs import Struct
from convcalc.layers.keras2 import OF_KERAS2
from convcalc.ops import TENSORFLOW, find_operation
from convcalc.read.keras_files.upgrade_keras1 import upgrade_keras1, with_branches, without_stated_order

LAMBDAS = ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceProperty", "TensorFlowOpLayer")
_CONSTANT = "_CONSTANT_VALUE"


class _Function(Struct):
    """An operation of ``keras.ops`` that replaces a function of TensorFlow.

    Attributes:
        names: maps the function's arguments, except the first, to the operation's arguments.
        fixed: arguments of the operation that have a fixed value for this function.
        adapted: maps an argument to a converter of its value. The converter returns :data:`_UNFIT` if Keras's operation
            does not accept the value.
    """

    operation: str
    module: str = "numpy"
    names: Mapping[str, str] = {}
    fixed: Mapping[str, Any] = {}
    adapted: Mapping[str, Callable[[Any], Any]] = {}


# A converter returns this object for a value that Keras's operation does not accept.
_UNFIT = object()


def _only(*accepted: Any) -> Callable[[Any], Any]:
    """Returns a converter for an argument that Keras's operation lacks.

    The converter drops the argument if its value is in ``accepted``, and rejects any other value.
    """
    return lambda value: None if value in accepted else _UNFIT


def _split_indices(sizes: Any) -> Any:
    """Converts the sizes of the parts of a split to Keras's indices: [2, 3, 3] becomes [2, 5].

    A single number is the number of parts. It is returned unchanged.
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


# The interpolation method does not change the shape, so every method is accepted.
_RESIZING = {"method": _only("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", 0, 1, 2, 3)}
_FUNCTIONS = dict(_functions())
# Arguments that change neither shapes nor weights, in any function.
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
# Arguments that Keras passes when it calls an operation. All other arguments are passed to the constructor, and cannot
# be tensors.
_CALL_ARGUMENTS = ("x1", "x2", "indices", "start_indices", "constant_values")
# Arguments that must be tensors in Keras. A list of numbers is not accepted for them.
_TENSOR_ARGUMENTS = ("x1", "x2")
# Functions that take any number of tensors as separate arguments. Keras 2 saves only the first of these tensors.
_LOSE_OPERANDS = ("tf.einsum", "tf.meshgrid")
# If some tensors of a layer were not saved, the upgrade adds this key to the layer's entry. The value is a list of the
# layers that probably compute the missing tensors.
LOST = "lost operands"
# TensorFlow offers some functions under several names: without a prefix, and with one of these prefixes.
_PREFIXES = ("math.", "linalg.", "__operators__.", "nn.", "v1.")
_OPERATORS = {"sub": "subtract", "mul": "multiply"}
# Arguments of layers that Keras 3 renamed.
_RENAMED = {
    "LeakyReLU": {"alpha": "negative_slope"},
    "Discretization": {"bins": "bin_boundaries"},
}

_RENAMED_CLASSES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN")


def with_config_mapping(entry: Mapping[str, Any], automatic: Callable[[str], str]) -> Mapping[str, Any]:
    """Returns a Sequential with a mapping as its config. Returns any other entry unchanged.

    Before version 2.2.3, the config that Keras wrote was only the list of layers. ``automatic`` makes a name for a
    model without a name. A Sequential of Keras 1 that begins with a merge of other models becomes a Functional.
    """
    layers = entry.get("config")
    if entry.get("class_name") != "Sequential" or not isinstance(layers, list):
        return entry
    name = entry.get("name")
    name = name if isinstance(name, str) else automatic("Sequential")
    return with_branches({**entry, "config": {"name": name, "layers": layers}})


# Layers with inputs of shape (length, features). In Keras 2, such a layer can state input_length and input_dim if it is
# the first layer.
_SEQUENCES = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM2D", "CuDNNLSTM", "CuDNNGRU", "Conv1D")


def stated_input_shape(entry: Any) -> Any:
    """Returns the input shape, with the batch size, that a layer states; None if it states no shape.

    Source: ``Layer.__init__`` in ``tf_keras/src/engine/base_layer.py``, ``Embedding.__init__`` and ``RNN.__init__``.
    """
    config = entry.get("config") if isinstance(entry, Mapping) else None
    if not isinstance(config, Mapping):
        return None
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if shape:
        return shape
    batch_size, class_name = config.get("batch_size"), str(entry.get("class_name")).removesuffix(OF_KERAS2)
    if isinstance(config.get("input_shape"), list):
        return [batch_size, *config["input_shape"]]
    length = config.get("input_length")
    if class_name == "Embedding":
        lengths = length if isinstance(length, list) else [length]
        return [batch_size, *lengths] if "input_length" in config else None
    features = config.get("input_dim")
    if class_name in _SEQUENCES and (features is not None or length is not None):
        return [batch_size, length, features]
    return None if features is None else [batch_size, features]


def upgrade_keras2(entries: Sequence[Any], functional: bool, outputs: Any = None) -> tuple[Sequence[Any], bool]:
    """Returns the layers of one model in the form of Keras 3, and whether Keras 2 wrote their calls.

    ``outputs`` are the ``output_layers`` of a functional model. The layers of a nested model are upgraded later, when
    the nested model is read. Entries that are not mappings are kept.
    """
    legacy = functional and any(isinstance(entry, Mapping) and _has_legacy_calls(entry) for entry in entries)
    if functional and not legacy:
        return entries, False
    names = (
        frozenset(str(entry.get("name")) for entry in entries if isinstance(entry, Mapping)) if legacy else frozenset()
    )
    entries = without_stated_order(entries)
    keras2 = legacy or is_keras2(entries)
    upgraded = [_upgraded(entry, names, keras2) if isinstance(entry, Mapping) else entry for entry in entries]
    return (_with_lost_operands(upgraded, outputs) if legacy else upgraded), legacy


def _with_lost_operands(entries: list[Any], outputs: Any) -> list[Any]:
    """Returns the layers with restored arguments of ``tf.einsum`` and ``tf.meshgrid``, which Keras 2 does not save.

    For ``tf.einsum(equation, a, b)``, Keras 2 saves the equation, but not ``a`` and ``b``. Keras saves only layers
    whose output is used, in the order of their calls. So if no saved call reads a layer, the next such function in the
    file must read it.
    """
    losing = [
        number
        for number, entry in enumerate(entries)
        if isinstance(entry, Mapping) and entry.get("class_name") in _LOSE_OPERANDS and entry.get("inbound_nodes")
    ]
    if not losing:
        return entries
    read = {
        (history[0], history[1])
        for entry in entries
        if isinstance(entry, Mapping)
        for history in _histories(entry.get("inbound_nodes"))
    }
    read |= {(part[0], part[1]) for part in _entries_in(outputs)}
    layers: dict[int, list[str]] = {}
    for number, entry in enumerate(entries):
        after = next((at for at in losing if at > number), None)
        if after is None or not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            continue
        config = entry.get("config")
        offset = isinstance(config, Mapping) and "layers" in config
        nodes = entry.get("inbound_nodes")
        calls = range(offset, len(nodes) + offset) if isinstance(nodes, list) else ()
        unread = [[entry["name"], call, 0] for call in calls if (entry["name"], call) not in read]
        if unread:
            first, *rest = entries[after]["inbound_nodes"]
            lost = [*first["kwargs"].get("lost", ()), *map(_tensor, unread)]
            node = {**first, "kwargs": {**first["kwargs"], "lost": lost}}
            layers.setdefault(after, []).append(entry["name"])
            entries[after] = {**entries[after], "inbound_nodes": [node, *rest], LOST: layers[after]}
    return entries


def _histories(value: Any) -> Iterator[list[Any]]:
    """Yields the ``keras_history`` of each tensor in a value, including tensors in nested lists and mappings."""
    if _is_tensor(value):
        yield value["config"]["keras_history"]
    elif isinstance(value, (list, Mapping)):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _histories(part)


def _entries_in(value: Any) -> Iterator[list[Any]]:
    """Yields each entry ``[name, call, output]`` in a value, including entries in nested lists and mappings."""
    if _is_entry(value):
        yield value
    elif isinstance(value, (list, Mapping)):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _entries_in(part)


def _has_legacy_calls(entry: Mapping[str, Any]) -> bool:
    """Returns True if the calls of a layer are written as in Keras 2."""
    nodes = entry.get("inbound_nodes")
    return isinstance(nodes, list) and bool(nodes) and isinstance(nodes[0], (list, Mapping)) and "args" not in nodes[0]


def _upgraded_layer(entry: Mapping[str, Any], keras2: bool) -> dict[str, Any]:
    """Returns a layer with the class name and the arguments of Keras 3. Layers among its arguments are upgraded too.

    If Keras 3 has no equal layer, the class name is the name of a definition in ``convcalc/layers/keras2.py``.
    """
    entry = upgrade_keras1(entry)
    class_name, config = entry.get("class_name"), entry.get("config")
    if not isinstance(class_name, str) or not isinstance(config, Mapping):
        return dict(entry)
    class_name = _RENAMED_CLASSES.get(class_name, class_name)
    renamed = _RENAMED.get(class_name, {})
    upgraded = {renamed.get(key, key): _upgraded_argument(value, keras2) for key, value in config.items()}
    axis = upgraded.get("axis")
    if "BatchNormalization" in class_name and isinstance(axis, list) and len(axis) == 1:
        upgraded["axis"] = axis = axis[0]
    several_axes = class_name == "BatchNormalization" and isinstance(axis, list)
    time_major = class_name in _RECURRENT and upgraded.get("time_major") is True
    sizes = upgraded.get("output_shape")
    open_sizes = keras2 and class_name == "EinsumDense" and None in (sizes if isinstance(sizes, list) else ())
    two_sizes = (
        keras2 and class_name == "Bidirectional" and _differ(upgraded.get("layer"), upgraded.get("backward_layer"))
    )
    if several_axes or time_major or open_sizes or two_sizes:
        class_name += OF_KERAS2
    return {**entry, "class_name": class_name, "config": upgraded}


def _differ(forward: Any, backward: Any) -> bool:
    """Returns True if the two layers of a Bidirectional may have outputs of different sizes."""
    if not isinstance(forward, Mapping) or not isinstance(backward, Mapping):
        return False
    sizes = [
        (entry.get("class_name"), [entry["config"].get(name) for name in ("units", "filters")])
        for entry in (forward, backward)
        if isinstance(entry.get("config"), Mapping)
    ]
    return len(sizes) == 2 and (sizes[0] != sizes[1] or sizes[0][1] == [None, None])


def _upgraded_argument(value: Any, keras2: bool) -> Any:
    """Returns an argument of a layer. Layers in the argument are upgraded, alone or in a list.

    A model is kept unchanged: its layers are upgraded later, when the model is read.
    """
    if isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
        return [_upgraded_argument(part, keras2) for part in value]
    config = value.get("config") if isinstance(value, Mapping) else None
    is_layer = isinstance(config, Mapping) and "class_name" in value and not isinstance(config.get("layers"), list)
    return _upgraded_layer(value, keras2) if is_layer else value


def is_keras2(entries: Sequence[Any]) -> bool:
    """Returns True if a layer states its input shape as Keras 2 writes it."""
    configs = [entry.get("config") for entry in entries if isinstance(entry, Mapping)]
    return any(isinstance(config, Mapping) and "batch_input_shape" in config for config in configs)


def _upgraded(entry: Mapping[str, Any], names: frozenset[str], keras2: bool) -> Mapping[str, Any]:
    """Returns a layer as Keras 3 writes it. ``names`` are the names of all layers of a functional model."""
    class_name, config = entry.get("class_name"), entry.get("config")
    upgraded = _upgraded_layer(entry, keras2)
    if not _has_legacy_calls(entry):
        return upgraded
    nodes = [_node(node, names) for node in entry["inbound_nodes"]]
    if len(nodes) == 1 and not _is_model(entry):
        nodes = [(_with_built_shapes(nodes[0][0], entry.get("build_config")), nodes[0][1])]
    if class_name in LAMBDAS and isinstance(config, Mapping):
        # TensorFlow functions distinguish ``[tensor]`` from ``tensor``, so a list with one tensor is kept.
        lists = [isinstance(node, list) and not _is_entry(node) for node in entry["inbound_nodes"]]
        calls = [(args if is_list else _single(args), kwargs) for is_list, (args, kwargs) in zip(lists, nodes)]
        return _operation(upgraded, config, calls)
    upgraded_nodes = [
        {"args": [_single([_constant(arg) for arg in args])], "kwargs": _with_constant_inputs(kwargs)}
        for args, kwargs in nodes
    ]
    return {**upgraded, "inbound_nodes": upgraded_nodes}


def _with_constant_inputs(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the named arguments of a layer's call. If an input of the call is a list of numbers, it becomes a
    constant.
    """
    constants = {name: _constant(kwargs[name]) for name in ("value", "key") if name in kwargs}
    states = kwargs.get("initial_state")
    if isinstance(states, list):
        constants["initial_state"] = [_constant(state) for state in states]
    return {**kwargs, **constants} if constants else kwargs


def _constant(value: Any) -> Any:
    """Returns a list of numbers as the constant tensor that Keras 3 writes. Returns any other value unchanged."""
    first = value
    while isinstance(first, list) and first:
        first = first[0]
    if not isinstance(value, list) or isinstance(first, bool) or not isinstance(first, (int, float)):
        return value
    return {"class_name": "__numpy__", "config": {"value": value, "dtype": "float32"}}


def _with_built_shapes(args: list[Any], build_config: Any) -> list[Any]:
    """Returns the tensors of a layer's only call, with their shapes from ``build_config``. Keras saves ``build_config``
    since version 2.13.
    """
    shapes = build_config.get("input_shape") if isinstance(build_config, Mapping) else None
    if not isinstance(shapes, list) or not all(map(_is_tensor, args)):
        return args
    shapes = shapes if shapes and all(isinstance(shape, list) for shape in shapes) else [shapes]
    if len(shapes) != len(args):
        return args
    return [{**arg, "config": {**arg["config"], "shape": shape}} for arg, shape in zip(args, shapes)]


def _is_model(entry: Mapping[str, Any]) -> bool:
    """Returns True for a nested model. A nested model can be called on other shapes than the shapes for which it was
    built.
    """
    config = entry.get("config")
    return isinstance(config, list) or (isinstance(config, Mapping) and isinstance(config.get("layers"), list))


def _single(args: list[Any]) -> Any:
    return args[0] if len(args) == 1 else args


def _node(node: Any, names: frozenset[str]) -> tuple[list[Any], dict[str, Any]]:
    """Returns the positional and the named arguments of a call."""
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
            args.append(_nested(entry))
            continue
        args.append(entry[2] if entry[0] == _CONSTANT else _tensor(entry))
        if len(entry) > 3 and isinstance(entry[3], Mapping):
            named.update({key: _argument(value, names) for key, value in entry[3].items()})
    return args, named


def _nested(value: Any) -> Any:
    """Returns an element of a list of tensors: a tensor, or a constant such as ``[48, 6]``."""
    if _is_entry(value):
        return value[2] if value[0] == _CONSTANT else _tensor(value)
    if isinstance(value, list) and all(isinstance(part, list) for part in value):
        return [_nested(part) for part in value]
    return value  # an invalid value, which the reader of configs reports


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
    if isinstance(value, Mapping) and "start" in value:
        return {key: _argument(part, names) for key, part in value.items()}
    return value


def _contains_tensor(value: Any) -> bool:
    """Returns True if a value is a tensor or contains one."""
    if isinstance(value, Mapping):
        return value.get("class_name") == "__keras_tensor__" or any(map(_contains_tensor, value.values()))
    return isinstance(value, list) and any(map(_contains_tensor, value))


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__"


def _operation(
    entry: dict[str, Any], config: Mapping[str, Any], calls: Sequence[tuple[Any, Mapping[str, Any]]]
) -> Mapping[str, Any]:
    """Returns the operation for a TensorFlow function. Returns the entry itself if the function is unknown.

    The result is Keras's operation if it accepts the arguments, otherwise convcalc's rule for the function. ``calls``
    has the first argument and the named arguments of each call.
    """
    name = config.get("function", "__operators__.getitem" if entry["class_name"] == "SlicingOpLambda" else "")
    name = name.removeprefix("compat.v1.") if isinstance(name, str) else ""
    common = {"shown": entry["class_name"], "name": entry.get("name")}
    nodes: list[dict[str, Any]] = []
    configs: list[dict[str, Any]] = []
    for first, kwargs in calls:
        call = _keras_call(name, first, kwargs)
        if call is None:
            break
        nodes.append({"args": call[0], "kwargs": call[1]})
        configs.append(call[2])
    module, operation = _keras_operation(name)
    if operation and len(nodes) == len(calls) and all(made == configs[0] for made in configs):
        made = {"name": config.get("name"), **(configs[0] if configs else {})}
        return {"module": module, "class_name": operation, "config": made, **common, "inbound_nodes": nodes}
    own = _own_function(name)
    if own is None:
        args = [{"args": first if isinstance(first, list) else [first], "kwargs": kwargs} for first, kwargs in calls]
        return {**entry, "module": "tf_keras", "inbound_nodes": args}
    nodes = [{"args": [first], "kwargs": _own_arguments(own, kwargs)} for first, kwargs in calls]
    made = {"name": config.get("name")}
    return {"module": TENSORFLOW, "class_name": own, "config": made, **common, "inbound_nodes": nodes}


def _keras_operation(name: str) -> tuple[str, str]:
    """Returns the module and the class of Keras's operation for a TensorFlow function; two empty strings if Keras has no
    such operation.
    """
    function = _FUNCTIONS.get(name)
    if name == "__operators__.getitem":
        return "keras.src.ops.numpy", "GetItem"
    return (f"keras.src.ops.{function.module}", function.operation) if function is not None else ("", "")


def _keras_call(
    name: str, first: Any, kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any], dict[str, Any]] | None:
    """Returns the arguments for Keras's operation; None if the operation does not accept them.

    The result has the positional and the named arguments of the call, and the constructor's arguments.
    """
    if name == "__operators__.getitem":
        key = kwargs.get("slice_spec")
        return None if isinstance(first, list) or _contains_tensor(key) else ([first, _key(key)], {}, {})
    function = _FUNCTIONS.get(name)
    if function is None:
        return None
    takes_list = function.operation in _TAKE_LISTS
    if takes_list and not (isinstance(first, list) and all(map(_is_tensor, first))):
        return None
    binary = "x2" in function.names.values()
    if not takes_list and isinstance(first, list) and (not binary or _contains_tensor(first)):
        return None
    if not takes_list and not binary and not _is_tensor(first):
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
        elif _contains_tensor(adapted):
            return None
        elif adapted is not None:
            made[renamed] = adapted
    if any(isinstance(value, list) and _contains_tensor(value) for value in call.values()):
        return None
    if function.operation in ("Matmul", "Tensordot") and not (_is_tensor(first) and _is_tensor(call.get("x2"))):
        return None
    if function.operation == "Where" and len(call) < 2:
        return None
    if function.operation == "Squeeze" and made.get("axis") in (None, []):
        return None  # an axis of unknown size may be removed too; convcalc's rule for tf.squeeze handles this
    return [first], call, made


def _own_function(name: str) -> str | None:
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


def _own_arguments(own: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the named arguments of a TensorFlow function, without the arguments whose value is None."""
    if own == "tf.getitem":
        return {"key": _own_key(kwargs.get("slice_spec"))}
    return {key: value for key, value in kwargs.items() if value is not None}


def _own_key(spec: Any) -> list[Any]:
    """Returns the key of ``x[key]`` for convcalc's rule. A slice becomes the list [start, stop, step]."""
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
