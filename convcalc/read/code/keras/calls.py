"""Calls of layers and operations: finds the tensors among the arguments, infers the shapes and extends the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.analyse.single_call import run_call
from convcalc.base import codes
from convcalc.base.numbers import Shape, plain, shape_text
from convcalc.base.problems import ConvcalcError
from convcalc.layers import LayerDefinition, require_builtin
from convcalc.layers.keras2 import with_more_axes
from convcalc.layers.registry import IN_PLACE
from convcalc.model import Constant, Foreign
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.cells import is_cell, step_result, unknown_step, with_states
from convcalc.read.code.keras.graph import (
    LayerValue,
    ModelValue,
    Node,
    ShapedConstant,
    TensorValue,
    WeightValue,
    from_sizes,
    leaves,
    mapped,
    tensors_in,
)
from convcalc.read.code.keras.layer_arguments import argument_value, named_sizes
from convcalc.read.code.language.values import MISSING, Native, Spot, Unknown, first_unknown, is_known

_MASKS = ("mask", "attention_mask", "query_mask", "value_mask", "key_mask")


def new_node(
    run: Any,
    layer: LayerValue,
    inputs: Sequence[TensorValue],
    spot: Spot | None,
    args: Mapping[str, Any] | None = None,
    constants: Sequence[tuple[int, Constant]] = (),
    masks: Sequence[TensorValue] = (),
) -> Node:
    """Adds a new call to the graph that is being built. Returns the call."""
    run.node_count += 1
    node = Node(layer, inputs, run.node_count, spot, args or {}, constants, masks)
    layer.nodes.append(node)
    run.tape.append(node)
    return node


def constant_of(value: Any) -> Constant:
    """Converts an array, a variable or a number to a constant argument of a call."""
    if isinstance(value, WeightValue):
        return ShapedConstant(from_sizes(value.shape), value.dtype or "float32")
    if isinstance(value, Array):
        return ShapedConstant(from_sizes(value.shape), value.dtype)
    return Constant(value, "int32" if isinstance(value, int) else "float32")


def unknown_tensor(run: Any, unknown: Unknown, spot: Spot | None) -> TensorValue:
    """Returns a tensor of unknown shape. It replaces an unknown value that a layer is called on."""
    layer = LayerValue("unknown", "", spot)
    layer.name = run.names.automatic("Unknown")
    layer.definition = Foreign("Unknown")
    layer.unknown = unknown
    return unknown_output(run, new_node(run, layer, (), spot), unknown)


def _unknown_tensor(run: Any, value: Any, spot: Spot) -> Any:
    return unknown_tensor(run, value, spot) if isinstance(value, Unknown) else value


def unknown_output(run: Any, node: Node, reason: Unknown) -> TensorValue:
    """Returns the output of a call as a tensor of unknown shape."""
    tensor = TensorValue(node, 0, None, "float32", reason)
    node.outputs.append(tensor)
    return tensor


def finish(run: Any, node: Node, returns_list: bool = False) -> Any:
    """Returns the outputs of a call, with inferred shapes. Reports an error if the layer refuses its inputs."""
    layer = node.layer
    inputs = [(tensor.shape, tensor.dtype) for tensor in node.inputs]
    reason = layer.unknown or next((tensor.reason for tensor in node.inputs if tensor.reason is not None), None)
    try:
        result = run_call(run.layer_of(layer), node.call(), inputs)
    except ConvcalcError as failed:
        problem = next(problem for problem in failed.problems if problem.severity == "error")
        message = problem.message.replace("'input_0'", "the call's input")
        if run.is_old_keras and problem.code == codes.WRONG_RANK and _has_batch_axes(node):
            layer.definition = Foreign(layer.class_name)
            layer.unknown = Unknown(f"{message}; Keras 2 treats the first axes as batch axes", node.spot)
            return unknown_output(run, node, layer.unknown)
        if problem.code == codes.UNKNOWN_SIZE and reason is not None:
            layer.definition = Foreign(layer.class_name)
            layer.unknown = layer.unknown or Unknown(f"its input is unknown: {reason.reason}", node.spot, reason.name)
            return unknown_output(run, node, reason)
        run.fault(problem.code, _advised(run, node, _with_sources(problem.message, node)), node.spot, layer)
        return unknown_output(run, node, Unknown(message, node.spot))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        if layer.unknown is None:
            raise
        layer.definition = Foreign(layer.class_name)
        return unknown_output(run, node, layer.unknown)
    outputs = [
        TensorValue(node, number, shape, dtype or "float32", reason or (_NO_RULE if shape is None else None))
        for number, (shape, dtype) in enumerate(zip(result.outputs, result.dtypes or [""] * len(result.outputs)))
    ]
    node.outputs = outputs
    if reason is None and not run.inside and layer.cls is None and result.inferred is not None:
        _check_weights(run, node, [weight.shape for weight in result.inferred.weights])
    return outputs[0] if len(outputs) == 1 and not returns_list else list(outputs)


def _check_weights(run: Any, node: Node, shapes: list[Any]) -> None:
    """Reports a call of a layer whose weights have other shapes: the first call made them, or the program gives them."""
    layer = node.layer
    given = layer.given.get("weights")
    if isinstance(given, (list, tuple)) and len(given) == len(shapes):
        for own, array in zip(shapes, given):
            if isinstance(array, Array) and differ(own, from_sizes(array.shape)):
                text = f"its argument 'weights' has the shape {shape_text(from_sizes(array.shape))}"
                message = f"{layer.class_name} '{layer.name}' has weights of shape {shape_text(own)}, but {text}"
                run.fault(codes.WRONG_SHAPE, message, node.spot, layer)
    received = " and ".join(shape_text(tensor.shape or ()) for tensor in node.inputs)
    made, first = layer.cached.setdefault("weights", (shapes, received))
    if len(made) != len(shapes) or any(map(differ, made, shapes)):
        message = f"{layer.class_name} '{layer.name}' has weights for an input of shape {first}, but it is called on {received}"
        run.fault(codes.SHARED_WEIGHTS, message, node.spot, layer)


def differ(first: Shape, second: Shape) -> bool:
    """Returns True if two shapes have different numbers of axes, or known sizes that differ."""
    sizes = [(plain(one), plain(other)) for one, other in zip(first, second)]
    known = [(one, other) for one, other in sizes if isinstance(one, int) and isinstance(other, int)]
    return len(first) != len(second) or any(one != other for one, other in known)


def _has_batch_axes(node: Node) -> bool:
    """Returns True if a convolution gets more axes than it has: Keras 2 accepts them as further batch axes."""
    name = node.layer.class_name
    rank = int(name[-2]) if name.startswith("Conv") and name.endswith(("1D", "2D", "3D")) else 0
    return rank > 0 and "Transpose" not in name and len(node.inputs[0].shape or ()) > rank + 2


_NO_RULE = Unknown("the output shape of this layer is unknown")


def _advised(run: Any, node: Node, message: str) -> str:
    from convcalc.read.code.keras.advice import with_advice  # imported lazily: most programs have no fault

    try:
        return with_advice(run, node, message)
    except (ConvcalcError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return message  # a layer with an unknown argument: the call is refused, but not all layers before it can run


def _with_sources(message: str, node: Node) -> str:
    """Returns the message with layer names instead of numbers of inputs: ``'input_0'`` → ``'dense'``."""
    for number, tensor in enumerate(node.inputs):
        message = message.replace(f"'input_{number}'", f"'{tensor.node.layer.name}'")
    return message


# Layers -------------------------------------------------------------------------------------------------------------------


def call_layer(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the outputs of ``layer(*args, **kwargs)``."""
    is_outermost = isinstance(layer, ModelValue) and layer.cls is not None and not run.inside
    if is_outermost and (unknown := _only_unknown([*args, *kwargs.values()])) is not None:
        layer.cached["unknown input"] = unknown
        return Unknown(unknown.reason, unknown.spot)
    if layer.cls is None or not tensors_in((args, kwargs)):
        args = [*(mapped(arg, lambda value: _unknown_tensor(run, value, spot)) for arg in args[:1]), *args[1:]]
    if isinstance(layer, ModelValue) and layer.cls is None:
        return run.call_model(layer, args, kwargs, spot)
    if layer.cls is not None or layer.path == "keras.layers.Lambda":
        return run.call_own_layer(layer, args, kwargs, spot)
    if is_cell(layer):
        args, kwargs, states = with_states(layer, args, kwargs)
        outputs = _call_known_layer(run, layer, args, kwargs, spot)
        return step_result(outputs, states) if isinstance(outputs, list) else unknown_step(layer, outputs, spot)
    return _call_known_layer(run, layer, args, kwargs, spot)


def _only_unknown(values: list[Any]) -> Unknown | None:
    """Returns the first unknown value of a call, if no value of the call has a shape."""
    parts = [part for value in values for part in leaves(value)]
    if any(isinstance(part, (TensorValue, Array, WeightValue)) for part in parts):
        return None
    return first_unknown(parts)


def _call_known_layer(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    definition = layer.definition
    inputs, constants, masks, options = _operands(definition, args, kwargs)
    for tensor in inputs:
        _use_rank(run, tensor, definition, spot)
    if run.is_old_keras and _has_more_axes(definition, inputs):
        definition = layer.definition = with_more_axes(definition)
    node = new_node(run, layer, inputs, spot, _call_arguments(run, definition, options), constants, masks)
    inner: Any = layer.given.get("layer")
    if layer.path == "keras.layers.TimeDistributed" and _states_no_shape(inner):
        run.only_keras2(
            codes.INVALID_VALUE,
            f"TimeDistributed '{layer.name}' needs `compute_output_shape` of the custom layer {inner.class_name}",
            spot,
            layer,
        )
    if not inputs and not constants:
        return unknown_output(run, node, Unknown(f"`{layer.name}` is called on a value that is not a tensor", spot))
    result = finish(run, node)
    layer.built = True
    if not inputs and not run.inside and not isinstance(result, list):
        return Array(
            tuple(result.sizes) if result.shape is not None else (), result.dtype
        )  # only constants: computed now, not added to the graph
    return result


def _states_no_shape(layer: Any) -> bool:
    """Returns True for a custom layer without its own or an inherited ``compute_output_shape``."""
    if not isinstance(layer, LayerValue) or isinstance(layer, ModelValue) or layer.cls is None:
        return False
    return layer.cls.find("compute_output_shape") is MISSING and "__base__" not in layer.attributes


def _has_more_axes(definition: Any, inputs: Sequence[TensorValue]) -> bool:
    """Returns True for an input with more axes than the layer has in Keras 3. A convolution of Keras 2 accepts it."""
    axes = definition.axes if isinstance(definition, LayerDefinition) else None
    shape = inputs[0].shape if inputs else None
    return bool(axes) and shape is not None and len(shape) > len(axes or ()) + 1


def _use_rank(run: Any, tensor: TensorValue, definition: Any, spot: Spot) -> None:
    """Gives names to the sizes of an input of unknown shape. The layer that reads it shows the number of axes."""
    axes = definition.axes if isinstance(definition, LayerDefinition) else None
    if tensor.shape is not None or not axes or run.doubt is not None or run.inside:
        return
    between = []
    while _keeps_shape(tensor.node):
        between.append(tensor.node)
        tensor = tensor.node.inputs[0]
    source = tensor.node.layer
    given = source.given.get("shape")
    if source.path != "keras.layers.InputLayer" or source.unknown is None or not isinstance(given, Unknown):
        return
    if source.given.get("batch_size") is not None:
        return
    # Only a parameter that is a tensor has a shape without a name.
    name, first = (given.name, 0) if given.name else (f"{source.name}.shape", 1)
    sizes = named_sizes(run, given, len(axes), name, first)
    unknown = first_unknown(sizes)
    tensor.shape = from_sizes((None, *sizes))
    source.definition = require_builtin("InputLayer")
    source.args, source.given = {"batch_shape": tensor.shape}, {"batch_shape": (None, *sizes)}
    source.unknown = tensor.reason = None
    if unknown is not None:
        reason = f"the size `{unknown.name}` of the input is unknown: {unknown.reason}"
        source.unknown = tensor.reason = Unknown(reason, unknown.spot or spot, given.name)
    for node in between:
        node.outputs[0].shape, node.outputs[0].reason = tensor.shape, tensor.reason


def _keeps_shape(node: Node) -> bool:
    """Returns True if the call has one input, and one output of the same shape."""
    definition = node.layer.definition
    if node.layer.cls is not None or not isinstance(definition, LayerDefinition) or len(node.inputs) != 1:
        return False
    return (
        definition.axes is None
        and definition.buffer_reuse == IN_PLACE
        and definition.inputs == 1
        and len(node.outputs) == 1
    )


def _operands(
    definition: Any, args: list[Any], kwargs: dict[str, Any]
) -> tuple[list[TensorValue], list[tuple[int, Constant]], list[TensorValue], dict[str, Any]]:
    """Splits the arguments of a call: inputs, constants with their positions, masks, and other arguments."""
    options = dict(kwargs)
    given: list[Any] = []
    for value in args:
        parts = list(leaves(value))
        if any(isinstance(part, (TensorValue, Array, WeightValue)) for part in parts):
            given += [part for part in parts if part is not None]
        elif isinstance(value, Unknown):
            given.append(value)
    names = ("inputs", "x", "query", "sequence", "sequences", "value", "key", "initial_state", "labels", "targets")
    for name in names:
        if name in options and tensors_in(options[name]):
            given += tensors_in(options.pop(name))
    masks = [part for name in _MASKS if name in options for part in tensors_in(options.pop(name))]
    rest = [part for value in options.values() for part in tensors_in(value)]
    options = {name: value for name, value in options.items() if not tensors_in(value)}
    inputs: list[TensorValue] = []
    constants: list[tuple[int, Constant]] = []
    for position, value in enumerate(given):
        if isinstance(value, TensorValue):
            inputs.append(value)
        elif isinstance(value, (Array, WeightValue)):
            constants.append((position, constant_of(value)))
    return inputs, constants, [*masks, *rest], options


def _call_arguments(run: Any, definition: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of a call that the layer's definition contains, such as ``return_attention_scores``."""
    if not isinstance(definition, LayerDefinition):
        return {}
    declared = {argument.name: argument for argument in definition.call_arguments}
    result: dict[str, Any] = {}
    for name, value in options.items():
        if name in declared and is_known(value):
            result[name] = declared[name].read(argument_value(run, value, declared[name]), definition.name)
    return result


# Attributes of tensors ----------------------------------------------------------------------------------------------------


def tensor_attribute(run: Any, tensor: TensorValue, name: str, spot: Spot) -> Any:
    """Returns the attribute of a tensor with this name."""
    if name in ("shape", "_keras_shape"):
        return tensor.sizes
    if name == "get_shape":
        return Native("get_shape", lambda run, args, kwargs, at: tensor.sizes)
    if name == "dtype":
        return tensor.dtype
    if name in ("ndim", "rank"):
        return len(tensor.shape) if tensor.shape is not None else tensor.sizes
    if name == "name":
        return tensor.node.layer.name
    if name == "_keras_history":
        return (tensor.node.layer, tensor.node.layer.nodes.index(tensor.node), tensor.index)
    if name == "node":
        return MISSING
    return MISSING


def has_shape(value: Any) -> Shape | None:
    """Returns the shape of a tensor, an array or a variable for the engine. None for other values."""
    if isinstance(value, TensorValue):
        return value.shape
    return from_sizes(value.shape) if isinstance(value, (Array, WeightValue)) else None
