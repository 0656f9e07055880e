"""Calls of layers and operations: finds the tensors among the arguments, infers the shapes and extends the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.analyse.single_call import run_call
from convcalc.base.numbers import Shape
from convcalc.base.problems import ConvcalcError
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import REQUIRED
from convcalc.model import Call, Constant, Foreign, Layer, Slot
from convcalc.ops import Operation, find_operation_class
from convcalc.read.code.arrays import Array
from convcalc.read.code.graph import (
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
from convcalc.read.code.layer_arguments import argument_value, dtype_name
from convcalc.read.code.values import MISSING, Native, Spot, Unknown, first_unknown, is_known

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
    """Returns a new call. It belongs to the graph that is being built."""
    run.node_count += 1
    node = Node(layer, inputs, run.node_count, spot, args or {}, constants, masks)
    layer.nodes.append(node)
    run.tape.append(node)
    return node


def constant_of(value: Any) -> Constant:
    """Returns an array, a variable or a number as a constant of a call."""
    if isinstance(value, WeightValue):
        return ShapedConstant(from_sizes(value.shape), value.dtype or "float32")
    if isinstance(value, Array):
        return ShapedConstant(from_sizes(value.shape), value.dtype)
    return Constant(value, "int32" if isinstance(value, int) else "float32")


def unknown_tensor(run: Any, unknown: Unknown, spot: Spot | None) -> TensorValue:
    """Returns a tensor that stands for an unknown value on which a layer is called."""
    layer = LayerValue("unknown", "", spot)
    layer.name = run.names.automatic("Unknown")
    layer.definition = Foreign("Unknown")
    layer.unknown = unknown
    return unknown_output(run, new_node(run, layer, (), spot), unknown)


def _unknown_tensor(run: Any, value: Any, spot: Spot) -> Any:
    return unknown_tensor(run, value, spot) if isinstance(value, Unknown) else value


def unknown_output(run: Any, node: Node, reason: Unknown) -> TensorValue:
    """Returns the output of a call whose shape is unknown."""
    tensor = TensorValue(node, 0, None, "float32", reason)
    node.outputs.append(tensor)
    return tensor


def finish(run: Any, node: Node, returns_list: bool = False) -> Any:
    """Infers the outputs of a call of a known layer. Reports what the layer refuses."""
    layer = node.layer
    inputs = [(tensor.shape, tensor.dtype) for tensor in node.inputs]
    reason = layer.unknown or next((tensor.reason for tensor in node.inputs if tensor.reason is not None), None)
    try:
        result = run_call(run.layer_of(layer), node.call(), inputs)
    except ConvcalcError as failed:
        problem = next(problem for problem in failed.problems if problem.severity == "error")
        message = problem.message.replace("'input_0'", "the call's input")
        run.fault(problem.code, _with_sources(problem.message, node), node.spot, layer)
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
    return outputs[0] if len(outputs) == 1 and not returns_list else list(outputs)


_NO_RULE = Unknown("the output shape of this layer is unknown")


def _with_sources(message: str, node: Node) -> str:
    """Returns the message with the names of the layers whose outputs the call reads."""
    for number, tensor in enumerate(node.inputs):
        message = message.replace(f"'input_{number}'", f"'{tensor.node.layer.name}'")
    return message


# Layers -------------------------------------------------------------------------------------------------------------------


def call_layer(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    """Returns the outputs of ``layer(*args, **kwargs)``."""
    if layer.cls is None or not tensors_in((args, kwargs)):
        args = [*(mapped(arg, lambda value: _unknown_tensor(run, value, spot)) for arg in args[:1]), *args[1:]]
    if isinstance(layer, ModelValue) and layer.cls is None:
        return run.call_model(layer, args, kwargs, spot)
    if layer.cls is not None or layer.path == "keras.layers.Lambda":
        return run.call_own_layer(layer, args, kwargs, spot)
    definition = layer.definition
    inputs, constants, masks, options = _operands(definition, args, kwargs)
    node = new_node(run, layer, inputs, spot, _call_arguments(run, definition, options), constants, masks)
    if not inputs and not constants:
        return unknown_output(run, node, Unknown(f"`{layer.name}` is called on a value that is not a tensor", spot))
    result = finish(run, node)
    layer.built = True
    if not inputs and not run.inside and not isinstance(result, list):
        return Array(
            tuple(result.sizes) if result.shape is not None else (), result.dtype
        )  # computed at once, outside of the graph
    return result


def _operands(
    definition: Any, args: list[Any], kwargs: dict[str, Any]
) -> tuple[list[TensorValue], list[tuple[int, Constant]], list[TensorValue], dict[str, Any]]:
    """Returns the inputs of a call, its constants with their positions, its masks and its other arguments."""
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
    """Returns the arguments of a call that the layer declares, such as ``return_attention_scores``."""
    if not isinstance(definition, LayerDefinition):
        return {}
    declared = {argument.name: argument for argument in definition.call_arguments}
    result: dict[str, Any] = {}
    for name, value in options.items():
        if name in declared and is_known(value):
            result[name] = declared[name].read(argument_value(run, value, declared[name]), definition.name)
    return result


# Operations ---------------------------------------------------------------------------------------------------------------

_OPERATORS = {
    "+": "Add", "-": "Subtract", "*": "Multiply", "/": "TrueDivide", "//": "FloorDivide", "%": "Mod", "**": "Power", "@": "Matmul",
    "neg": "Negative", "abs": "Absolute", "==": "Equal", "!=": "NotEqual", "<": "Less", "<=": "LessEqual", ">": "Greater",
    ">=": "GreaterEqual", "&": "LogicalAnd", "|": "LogicalOr", "invert": "LogicalNot",
}  # fmt: skip


def tensor_operator(run: Any, tensor: TensorValue, symbol: str, other: Any, reflected: bool, spot: Spot) -> Any:
    """Returns the result of an operator on a tensor."""
    operation = find_operation_class(_OPERATORS[symbol]) if symbol in _OPERATORS else None
    if operation is None:
        return MISSING
    if other is None:
        return tensor if symbol == "pos" else call_operation(run, operation, [tensor], {}, spot)
    operands = [other, tensor] if reflected else [tensor, other]
    return call_operation(run, operation, operands, {}, spot)


def get_item(run: Any, tensor: TensorValue, key: Any, spot: Spot) -> Any:
    """Returns ``tensor[key]``."""
    operation = find_operation_class("GetItem")
    assert operation is not None
    if tensors_in(key):
        return _opaque(
            run, operation, [tensor, *tensors_in(key)], Unknown("a subscript with a tensor is not followed", spot), spot
        )
    parts = [_known_part(part) for part in key] if isinstance(key, tuple) else _known_part(key)
    return call_operation(run, operation, [tensor], {"key": parts}, spot)


def _known_part(part: Any) -> Any:
    if isinstance(part, slice):
        return slice(*(None if bound is None else bound for bound in (part.start, part.stop, part.step)))
    return part


def call_operation(run: Any, operation: Operation, args: list[Any], kwargs: Mapping[str, Any], spot: Spot) -> Any:
    """Returns the result of an operation of Keras. Without tensors among its arguments, the result is an array."""
    names = (*operation.parameters, *operation.init_parameters)
    values: dict[str, Any] = {}
    if operation.variadic:
        values[operation.parameters[0]] = list(args)
    else:
        values.update(zip(names, args))
    values.update({name: value for name, value in kwargs.items() if name in names or name in operation.defaults})
    values.pop("name", None)
    tensors = tensors_in(values)
    unknown = _unknown_argument(values)
    if unknown is not None:
        if not tensors:
            return Unknown(unknown.reason, unknown.spot)
        return _opaque(
            run,
            operation,
            tensors,
            Unknown(f"`{operation.function}` has an unknown argument: {unknown.reason}", spot),
            spot,
        )
    order: list[TensorValue] = []

    def filled(value: Any, name: str) -> Any:
        if isinstance(value, TensorValue):
            order.append(value)
            return Slot(len(order) - 1)
        if isinstance(value, (Array, WeightValue)):
            return constant_of(value)
        if isinstance(value, (list, tuple)):
            return [filled(part, name) for part in value]
        return dtype_name(value) or argument_value(run, value) if name in ("dtype",) else argument_value(run, value)

    made = {name: filled(value, name) for name, value in values.items() if name in operation.init_parameters}
    called = {name: filled(value, name) for name, value in values.items() if name not in operation.init_parameters}
    if not order:
        return _computed(run, operation, made, called, spot)
    layer = LayerValue(f"{operation.module}.{operation.name}", "", spot)
    layer.definition = operation
    layer.args = operation.without_defaults(made)
    if isinstance(kwargs.get("name"), str):
        layer.name = kwargs["name"]
    else:
        layer.name = operation.function.rpartition(".")[2] if run.inside else run.names.automatic(operation.name)
    node = new_node(
        run,
        layer,
        order,
        spot,
        {name: value for name, value in called.items() if not _is_default(operation, name, value)},
    )
    return finish(run, node, operation.returns_list)


def _is_default(operation: Operation, name: str, value: Any) -> bool:
    default = operation.defaults.get(name, REQUIRED)
    return default is not REQUIRED and type(value) is type(default) and bool(value == default)


def _unknown_argument(values: Mapping[str, Any]) -> Unknown | None:
    """Returns the first unknown part of the arguments of an operation."""
    for value in values.values():
        parts = [value.start, value.stop, value.step] if isinstance(value, slice) else value
        if isinstance(parts, (list, tuple)):
            flat = [
                bound
                for part in parts
                for bound in ((part.start, part.stop, part.step) if isinstance(part, slice) else (part,))
            ]
        else:
            flat = [parts]
        unknown = first_unknown(flat)
        if unknown is not None:
            return unknown
    return None


def _computed(run: Any, operation: Operation, made: dict[str, Any], called: dict[str, Any], spot: Spot) -> Any:
    """Returns the result of an operation on constants: an array of the inferred shape."""
    layer = Layer(operation.function, operation.name, operation, operation.without_defaults(made))
    try:
        result = run_call(layer, Call(0, (), spot, called), ())
    except ConvcalcError as failed:
        raise run.error("ValueError", failed.problems[0].message, spot) from None
    arrays = [
        Unknown("the shape of this array is unknown", spot) if shape is None else Array(tuple(run.sizes(shape)), dtype)
        for shape, dtype in zip(result.outputs, result.dtypes)
    ]
    return arrays[0] if len(arrays) == 1 and not operation.returns_list else arrays


def _opaque(run: Any, operation: Operation, tensors: list[TensorValue], reason: Unknown, spot: Spot) -> TensorValue:
    """Returns the result of an operation on tensors that is not followed: its shape is unknown."""
    layer = LayerValue(f"{operation.module}.{operation.name}", "", spot)
    layer.definition = Foreign(operation.name, module=operation.module)
    layer.name = operation.function.rpartition(".")[2] if run.inside else run.names.automatic(operation.name)
    layer.unknown = reason
    return unknown_output(run, new_node(run, layer, tensors, spot), reason)


def opaque_call(
    run: Any, name: str, tensors: list[TensorValue], reason: Unknown, spot: Spot, has_weights: bool = False
) -> TensorValue:
    """Returns the result of a function on tensors that convcalc does not know: its shape is unknown.

    With ``has_weights``, the function may contain layers, so its parameters are unknown too.
    """
    layer = LayerValue(f"functions.{name}", "", spot)
    layer.definition = Foreign(name) if has_weights else Foreign(name, module="keras.src.ops.unknown")
    layer.name = name if run.inside else run.names.automatic(name)
    layer.unknown = reason
    return unknown_output(run, new_node(run, layer, tensors, spot), reason)


# Attributes of tensors ----------------------------------------------------------------------------------------------------


def tensor_attribute(run: Any, tensor: TensorValue, name: str, spot: Spot) -> Any:
    """Returns an attribute of a tensor."""
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
    """Returns the shape of a tensor, an array or a variable as the engine has it; None if it has none."""
    if isinstance(value, TensorValue):
        return value.shape
    return from_sizes(value.shape) if isinstance(value, (Array, WeightValue)) else None
