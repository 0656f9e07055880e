"""Converts configs of Keras 2 (tf.keras) to Keras 3: calls, TensorFlow operations, and older arguments.

Sources: ``tf_keras/src/engine/functional.py`` and ``layers/core/tf_op_layer.py``. Unknown classes and functions are not changed:
the reader of configs reports them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convcalc.base.keras_names import OF_KERAS2
from convcalc.ops import TENSORFLOW
from convcalc.read.keras_files.keras2_signs import LOST, has_legacy_calls, is_keras2
from convcalc.read.keras_files.tf_functions import (
    is_tensor,
    keras_call,
    keras_operation,
    own_arguments,
    own_function,
)
from convcalc.read.keras_files.upgrade_keras1 import upgrade_keras1, without_stated_order

LAMBDAS = ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceProperty", "TensorFlowOpLayer")
_CONSTANT = "_CONSTANT_VALUE"


# Functions with any number of tensors as arguments. Keras 2 saves only the first tensor.
_LOSE_OPERANDS = ("tf.einsum", "tf.meshgrid")
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


# Layers with inputs of shape (length, features). In Keras 2, the first layer of a model can state them as input_length
# and input_dim.
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


def upgrade_keras2(entries: Sequence[Any], legacy: bool, outputs: Any = None) -> Sequence[Any]:
    """Returns the layers of one model in the form of Keras 3.

    ``legacy`` is True for the layers of a functional model, whose calls are written as in Keras 2. The other arguments
    are those of :func:`convcalc.read.keras_files.older_versions.upgraded`.
    """
    names = (
        frozenset(str(entry.get("name")) for entry in entries if isinstance(entry, Mapping)) if legacy else frozenset()
    )
    entries = without_stated_order(entries)
    keras2 = legacy or is_keras2(entries)
    upgraded = [_upgraded(entry, names, keras2) if isinstance(entry, Mapping) else entry for entry in entries]
    return _with_lost_operands(upgraded, outputs) if legacy else upgraded


def _with_lost_operands(entries: list[Any], outputs: Any) -> list[Any]:
    """Restores tensors that Keras 2 does not save, such as ``a`` and ``b`` of ``tf.einsum(equation, a, b)``.

    Keras saves only layers whose output is used, in the order of their calls. So if no saved call reads the output of a layer, the
    next ``tf.einsum`` or ``tf.meshgrid`` in the file must read it.
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
    if is_tensor(value):
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


def _upgraded_layer(entry: Mapping[str, Any], keras2: bool) -> dict[str, Any]:
    """Converts a layer to the class name and the arguments of Keras 3. Layers in its arguments are converted too.

    If Keras 3 lacks the layer, the class name is that of a definition in ``convcalc/layers/keras2.py``.
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
    """Returns True if the two layers in a Bidirectional may have outputs of different sizes."""
    if not isinstance(forward, Mapping) or not isinstance(backward, Mapping):
        return False
    sizes = [
        (entry.get("class_name"), [entry["config"].get(name) for name in ("units", "filters")])
        for entry in (forward, backward)
        if isinstance(entry.get("config"), Mapping)
    ]
    return len(sizes) == 2 and (sizes[0] != sizes[1] or sizes[0][1] == [None, None])


def _upgraded_argument(value: Any, keras2: bool) -> Any:
    """Returns an argument of a layer. If the argument is a layer or a list of layers, these layers are upgraded.

    A model is kept unchanged: its layers are upgraded later, when the model is read.
    """
    if isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
        return [_upgraded_argument(part, keras2) for part in value]
    config = value.get("config") if isinstance(value, Mapping) else None
    is_layer = isinstance(config, Mapping) and "class_name" in value and not isinstance(config.get("layers"), list)
    return _upgraded_layer(value, keras2) if is_layer else value


def _upgraded(entry: Mapping[str, Any], names: frozenset[str], keras2: bool) -> Mapping[str, Any]:
    """Returns a layer as Keras 3 writes it. ``names`` are the names of all layers in a functional model."""
    class_name, config = entry.get("class_name"), entry.get("config")
    upgraded = _upgraded_layer(entry, keras2)
    if not has_legacy_calls(entry):
        return upgraded
    nodes = [_node(node, names) for node in entry["inbound_nodes"]]
    if len(nodes) == 1 and not _is_model(entry):
        nodes = [(_with_built_shapes(nodes[0][0], entry.get("build_config")), nodes[0][1])]
    if class_name in LAMBDAS and isinstance(config, Mapping):
        # [tensor] and tensor are different arguments for a TensorFlow function
        lists = [isinstance(node, list) and not _is_entry(node) for node in entry["inbound_nodes"]]
        calls = [(args if is_list else _single(args), kwargs) for is_list, (args, kwargs) in zip(lists, nodes)]
        return _operation(upgraded, config, calls)
    upgraded_nodes = [
        {"args": [_single([_constant(arg) for arg in args])], "kwargs": _with_constant_inputs(kwargs)}
        for args, kwargs in nodes
    ]
    return {**upgraded, "inbound_nodes": upgraded_nodes}


def _with_constant_inputs(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the named arguments of a call. A list of numbers becomes a constant if the argument is an input of the
    call.
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
    """Returns the tensors of a layer's only call, with the shapes in ``build_config``. Keras 2.13 and later save it."""
    shapes = build_config.get("input_shape") if isinstance(build_config, Mapping) else None
    if not isinstance(shapes, list) or not all(map(is_tensor, args)):
        return args
    shapes = shapes if shapes and all(isinstance(shape, list) for shape in shapes) else [shapes]
    if len(shapes) != len(args):
        return args
    return [{**arg, "config": {**arg["config"], "shape": shape}} for arg, shape in zip(args, shapes)]


def _is_model(entry: Mapping[str, Any]) -> bool:
    """Returns True for a nested model. It may be called on other shapes than in its ``build_config``."""
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
    """Converts the value of a keyword argument to Keras 3. A list that begins with a layer's name becomes a tensor."""
    if _is_entry(value) and value[0] in names:
        return _tensor(value)
    if isinstance(value, list):
        return [_argument(part, names) for part in value]
    if isinstance(value, Mapping) and "start" in value:
        return {key: _argument(part, names) for key, part in value.items()}
    return value


def _operation(
    entry: dict[str, Any], config: Mapping[str, Any], calls: Sequence[tuple[Any, Mapping[str, Any]]]
) -> Mapping[str, Any]:
    """Returns the operation for a TensorFlow function. Returns the entry unchanged if the function is unknown.

    It is Keras's operation, or convcalc's rule for the function if Keras's operation refuses the arguments. ``calls`` has the first
    argument and the named arguments of each call.
    """
    name = config.get("function", "__operators__.getitem" if entry["class_name"] == "SlicingOpLambda" else "")
    name = name.removeprefix("compat.v1.") if isinstance(name, str) else ""
    common = {"shown": entry["class_name"], "name": entry.get("name")}
    nodes: list[dict[str, Any]] = []
    configs: list[dict[str, Any]] = []
    for first, kwargs in calls:
        call = keras_call(name, first, kwargs)
        if call is None:
            break
        nodes.append({"args": call[0], "kwargs": call[1]})
        configs.append(call[2])
    module, operation = keras_operation(name)
    if operation and len(nodes) == len(calls) and all(made == configs[0] for made in configs):
        made = {"name": config.get("name"), **(configs[0] if configs else {})}
        return {"module": module, "class_name": operation, "config": made, **common, "inbound_nodes": nodes}
    own = own_function(name)
    if own is None:
        args = [{"args": first if isinstance(first, list) else [first], "kwargs": kwargs} for first, kwargs in calls]
        return {**entry, "module": "tf_keras", "inbound_nodes": args}
    nodes = [{"args": [first], "kwargs": own_arguments(own, kwargs)} for first, kwargs in calls]
    made = {"name": config.get("name")}
    return {"module": TENSORFLOW, "class_name": own, "config": made, **common, "inbound_nodes": nodes}
