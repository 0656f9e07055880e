"""Calls operations: functions of ``keras.ops`` and of TensorFlow, and the operators of tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.analyse.single_call import run_call
from convcalc.base.problems import ConvcalcError
from convcalc.layers.arguments import REQUIRED
from convcalc.model import Call, Foreign, Layer, Slot
from convcalc.ops import TENSORFLOW, Operation, find_operation, find_operation_class
from convcalc.ops.arguments import ListOfOperands, TensorOrNumbers
from convcalc.ops.tensor import ManyTensors, OneTensor
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.keras.calls import constant_of, finish, new_node, unknown_output
from convcalc.read.code.keras.graph import LayerValue, ShapedConstant, TensorValue, WeightValue, engine_size, tensors_in
from convcalc.read.code.keras.layer_arguments import argument_value, dtype_name
from convcalc.read.code.language.values import MISSING, DynamicSize, Spot, Unknown, UnknownNumber, first_unknown
from convcalc.read.code.tensors.sizes import SizeVector, size_list

_OPERATORS = {
    "+": "Add", "-": "Subtract", "*": "Multiply", "/": "TrueDivide", "//": "FloorDivide", "%": "Mod", "**": "Power", "@": "Matmul",
    "neg": "Negative", "abs": "Absolute", "==": "Equal", "!=": "NotEqual", "<": "Less", "<=": "LessEqual", ">": "Greater",
    ">=": "GreaterEqual", "&": "LogicalAnd", "|": "LogicalOr", "^": "LogicalXor", "invert": "LogicalNot",
}  # fmt: skip
# Arguments that are numbers or lists of numbers. The numbers may be unknown.
_NUMBERS = frozenset(
    (
        "shape", "newshape", "size", "dims", "multiples", "repeats", "begin", "start_indices", "paddings", "pad_width",
        "num_or_size_splits", "depth", "num_classes", "output_shape", "key", "block_shape", "crops", "start", "stop", "limit", "delta",
        "step", "perm", "axes", "strides", "ksize", "ksizes", "rates", "dilations", "sizes", "axis", "shift", "maxlen", "k", "num",
        "target_height", "target_width", "offset_height", "offset_width", "num_samples", "frame_length", "frame_step",
    )
)  # fmt: skip
# If a size is unknown, a rule for a TensorFlow function replaces the Keras operation. The dict maps Keras's arguments
# to TensorFlow's.
_WITH_UNKNOWN_SIZES = {
    "BroadcastTo": ("broadcast_to", {"x": "input", "shape": "shape"}),
    "Slice": ("slice", {"inputs": "input_", "start_indices": "begin", "shape": "size"}),
    "Tile": ("tile", {"x": "input", "repeats": "multiples"}),
    "Repeat": ("repeat", {"x": "input", "repeats": "repeats", "axis": "axis"}),
    "OneHot": ("one_hot", {"x": "indices", "num_classes": "depth", "axis": "axis", "dtype": "dtype"}),
    "Pad": ("pad", {"x": "tensor", "pad_width": "paddings"}),
    "Arange": ("range", {"start": "start", "stop": "limit", "step": "delta", "dtype": "dtype"}),
}


def tensor_operator(run: Any, tensor: TensorValue, symbol: str, other: Any, reflected: bool, spot: Spot) -> Any:
    """Returns the result of an operator on a tensor."""
    operation = find_operation_class(_OPERATORS[symbol]) if symbol in _OPERATORS else None
    if operation is None:
        return MISSING
    if other is None:
        return tensor if symbol == "pos" else call_operation(run, operation, [tensor], {}, spot)
    operands = [other, tensor] if reflected else [tensor, other]
    return call_operation(run, operation, operands, {}, spot)


def get_item(run: Any, tensor: Any, key: Any, spot: Spot) -> Any:
    """Returns ``tensor[key]``."""
    parts = list(key) if isinstance(key, tuple) else key
    listed = parts if isinstance(parts, list) and isinstance(key, tuple) else [parts]
    if len(listed) == 1 and isinstance(listed[0], (TensorValue, Array, WeightValue, list)):
        if _dtype_of(listed[0]) == "bool":
            return call_operation(run, _tensorflow("boolean_mask"), [tensor, listed[0]], {}, spot)
        return call_operation(run, _tensorflow("gather"), [tensor, listed[0]], {}, spot)
    bounds = [bound for part in listed for bound in _bounds(part)]
    if all(bound is None or bound is ... or isinstance(bound, int) for bound in bounds):
        operation = find_operation_class("GetItem")
        assert operation is not None
        return call_operation(run, operation, [tensor], {"key": parts}, spot)
    own = [_bounds(part) if isinstance(part, slice) else "..." if part is ... else part for part in listed]
    return call_operation(run, _tensorflow("getitem"), [tensor], {"key": own}, spot)


def _bounds(part: Any) -> list[Any]:
    return [part.start, part.stop, part.step] if isinstance(part, slice) else [part]


def _dtype_of(value: Any) -> str:
    if isinstance(value, list):
        return "bool" if value and all(isinstance(part, bool) for part in value) else "int32"
    return value.dtype or "float32"


def _tensorflow(name: str) -> Operation:
    operation = find_operation(f"tf.{name}", TENSORFLOW)
    assert operation is not None
    return operation


def call_operation(
    run: Any, operation: Operation, args: list[Any], kwargs: Mapping[str, Any], spot: Spot, shown: str = ""
) -> Any:
    """Returns the result of an operation. If no argument is a tensor, the result is an array.

    ``shown`` is the name of the function in messages. It is needed if the operation has another name.
    """
    names = (*operation.parameters, *operation.init_parameters)
    values: dict[str, Any] = {}
    if operation.variadic:
        values[operation.parameters[0]] = list(args)
    else:
        values.update(zip(names, args))
    values.update({name: value for name, value in kwargs.items() if name in names or name in operation.defaults})
    if "name" not in names:
        values.pop("name", None)
    values = {name: _numbers(operation, name, value) for name, value in values.items()}
    unknown = _unknown_argument(values)
    if unknown is not None and operation.name in _WITH_UNKNOWN_SIZES and operation.module != TENSORFLOW:
        name, renamed = _WITH_UNKNOWN_SIZES[operation.name]
        shown = shown or operation.function
        operation = _tensorflow(name)
        values = {renamed[key]: value for key, value in values.items() if key in renamed and value is not None}
    made_layer = LayerValue(f"{operation.module}.{operation.name}", "", spot)
    if unknown is not None:
        tensors = tensors_in(values)
        values = _with_sizes(operation, values)
        remaining = _unknown_argument(values)
        if remaining is not None:
            if not tensors:
                return Unknown(remaining.reason, remaining.spot)
            text = f"`{shown or operation.function}` has an unknown argument: {remaining.reason}"
            return _opaque(run, operation, tensors, Unknown(text, spot), spot)
        if not isinstance(unknown, DynamicSize):
            made_layer.unknown = unknown
    return _call(run, operation, values, kwargs.get("name"), made_layer, shown, spot)


def _call(
    run: Any, operation: Operation, values: Mapping[str, Any], name: Any, layer: LayerValue, shown: str, spot: Spot
) -> Any:
    order: list[TensorValue] = []

    def filled(value: Any, name: str) -> Any:
        if isinstance(value, TensorValue):
            order.append(value)
            return Slot(len(order) - 1)
        if isinstance(value, (Array, WeightValue)):
            return constant_of(value)
        if isinstance(value, (list, tuple)):
            return [filled(part, name) for part in value]
        if isinstance(value, (slice, int, float, ShapedConstant)) or value is None or value is ...:
            return value
        if name in ("dtype", "out_type", "output_type"):
            return dtype_name(value) or argument_value(run, value)
        return argument_value(run, value)

    made = {name: filled(value, name) for name, value in values.items() if name in operation.init_parameters}
    called = {name: filled(value, name) for name, value in values.items() if name not in operation.init_parameters}
    if not order:
        return _computed(run, operation, made, called, spot)
    layer.definition = operation
    layer.args = operation.without_defaults(made)
    short = (shown or operation.function).rpartition(".")[2]
    if isinstance(name, str):
        layer.name = name
    elif run.inside:
        layer.name = short
    else:
        layer.name = run.names.automatic(short if operation.module == TENSORFLOW else operation.name)
    args = {name: value for name, value in called.items() if not _is_default(operation, name, value)}
    node = new_node(run, layer, order, spot, args)
    result = finish(run, node, operation.returns_list)
    if operation.module == TENSORFLOW and isinstance(result, TensorValue) and result.shape is None:
        result.reason = result.reason or Unknown(f"the shape of the result of `{shown or short}` is unknown", spot)
    return result


def _numbers(operation: Operation, name: str, value: Any) -> Any:
    """Returns an argument. A vector of sizes or a small array becomes a list of numbers, unless the argument must be a
    tensor.
    """
    if name in _NUMBERS and not isinstance(value, (TensorValue, WeightValue)):
        if isinstance(value, (list, tuple)):
            return [_numbers(operation, name, part) for part in value]
        sizes = size_list(value) if isinstance(value, (SizeVector, Array)) else None
        if sizes is not None:
            return sizes
        if isinstance(value, Array) and value.flat is not None and len(value.flat) <= 64 and "int" in value.dtype:
            return value.value
        return value
    if isinstance(value, SizeVector):
        return Array((len(value.sizes),), "int32")
    kind = next((argument.kind for argument in operation.arguments if argument.name == name), None)
    if isinstance(kind, OneTensor):
        return _as_tensor(value)
    if isinstance(kind, ManyTensors) and isinstance(value, (list, tuple)):
        return [_as_tensor(part) for part in value]
    if isinstance(value, (list, tuple)) and any(isinstance(part, SizeVector) for part in value):
        return [_numbers(operation, name, part) for part in value]
    return value


def _as_tensor(value: Any) -> Any:
    """Converts a number or a list of numbers to an array with Keras's default dtype, such as float32."""
    is_list = isinstance(value, (list, tuple)) and not tensors_in(value)
    if isinstance(value, bool) or not (isinstance(value, (int, float)) or is_list):
        return value
    array = as_array(value)
    if array is None:
        return value
    return Array(array.shape, {"float64": "float32", "int64": "int32"}.get(array.dtype, array.dtype))


def _with_sizes(operation: Operation, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments for the rule of the operation. Unknown numbers become named sizes or constants."""

    def size(name: str, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [size(name, part) for part in value]
        if not isinstance(value, UnknownNumber):
            return value
        if name in _NUMBERS:
            return engine_size(value) if name != "key" else ShapedConstant((), "int32")
        return ShapedConstant((), "int32") if isinstance(value, DynamicSize) else value

    result = {}
    for name, value in values.items():
        kind = next((argument.kind for argument in operation.arguments if argument.name == name), None)
        is_operand = isinstance(kind, (OneTensor, ManyTensors, TensorOrNumbers, ListOfOperands)) or name in (
            "values", "inputs", "input", "x", "y", "tensor",
        )  # fmt: skip
        sized = operation.module == TENSORFLOW or operation.name == "Reshape" or is_operand
        if isinstance(value, UnknownNumber) and name in _NUMBERS and operation.module == TENSORFLOW:
            result[name] = ShapedConstant((), "int32")
        else:
            result[name] = size(name, value) if sized else value
    return result


def _is_default(operation: Operation, name: str, value: Any) -> bool:
    default = operation.defaults.get(name, REQUIRED)
    return default is not REQUIRED and type(value) is type(default) and bool(value == default)


def _unknown_argument(values: Mapping[str, Any]) -> Unknown | None:
    """Returns an unknown part of the arguments, if possible one that is not a DynamicSize."""
    unknown = [part for value in values.values() for part in _unknown_parts(value)]
    return min(unknown, key=lambda part: isinstance(part, DynamicSize), default=None)


def _unknown_parts(value: Any) -> list[Unknown]:
    if isinstance(value, slice):
        value = _bounds(value)
    if isinstance(value, (list, tuple)):
        return [unknown for part in value for unknown in _unknown_parts(part)]
    unknown = first_unknown(value)
    return [] if unknown is None else [unknown]


def _computed(run: Any, operation: Operation, made: dict[str, Any], called: dict[str, Any], spot: Spot) -> Any:
    """Returns the array that an operation computes from constants. Only its shape is known."""
    layer = Layer(operation.function, operation.name, operation, operation.without_defaults(made))
    called = {
        name: constant_of(value)
        if name in operation.tensor_parameters and isinstance(value, (int, float)) and not isinstance(value, bool)
        else value
        for name, value in called.items()
    }
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
    """Returns a tensor of unknown shape: the output of an operation that is not supported."""
    layer = LayerValue(f"{operation.module}.{operation.name}", "", spot)
    layer.definition = Foreign(operation.name, module=operation.module)
    layer.name = operation.function.rpartition(".")[2] if run.inside else run.names.automatic(operation.name)
    layer.unknown = reason
    return unknown_output(run, new_node(run, layer, tensors, spot), reason)


def opaque_call(
    run: Any, name: str, tensors: list[TensorValue], reason: Unknown, spot: Spot, has_weights: bool = False
) -> TensorValue:
    """Returns a tensor of unknown shape: the output of a function that convcalc does not know.

    ``has_weights`` is True if the function may contain layers. Then its parameters are unknown too.
    """
    layer = LayerValue(f"functions.{name}", "", spot)
    layer.definition = Foreign(name) if has_weights else Foreign(name, module="keras.src.ops.unknown")
    layer.name = name if run.inside else run.names.automatic(name)
    layer.unknown = reason
    return unknown_output(run, new_node(run, layer, tensors, spot), reason)
