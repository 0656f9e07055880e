"""Follows ``build`` and ``call`` of custom layers for the shapes of one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.base.structs import Struct
from convcalc.layers import require_builtin
from convcalc.model import Foreign
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.calls import new_node
from convcalc.read.code.keras.graph import LayerValue, Node, TensorValue, WeightValue, from_sizes, mapped, tensors_in
from convcalc.read.code.language.values import MISSING, Bound, FunctionValue, Raised, Spot, Unknown


class CallForm(Struct):
    """The arguments in one call of a custom layer."""

    args: list[Any]
    kwargs: dict[str, Any]
    spot: Spot


class Followed(Struct):
    """The result of following ``call`` of a custom layer once.

    Attributes:
        inputs: placeholders for the tensors in the arguments.
        result: the value that ``call`` returns.
        nodes: the calls of layers and operations in ``call``.
    """

    inputs: list[TensorValue]
    result: Any
    nodes: list[Node]


def own_method(layer: LayerValue, name: str) -> FunctionValue | None:
    """Returns a method of a custom class. None if the class inherits it from Keras or has no such method."""
    found = layer.cls.find(name) if layer.cls is not None else MISSING
    if found is MISSING and name == "call" and layer.cls is not None and layer.path in MERGE_BASES:
        found = layer.cls.find("_merge_function")
    return found if isinstance(found, FunctionValue) else None


# Base classes of Keras's merging layers. A custom layer that extends them defines `_merge_function`, not `call`.
MERGE_BASES = ("keras.layers._Merge", "keras.layers.Merge")


def build(run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    """Follows ``build`` of a custom layer before the layer's first call."""
    if layer.built:
        return
    layer.built = True
    method = own_method(layer, "build")
    if method is None:
        return
    first = args[0] if args else next((value for value in kwargs.values() if tensors_in(value)), None)
    shape = mapped(first, shape_of)
    names = [argument.arg for argument in method.node.args.args][1:]
    try:
        if len([name for name in names if name.endswith("_shape")]) > 1:
            call = own_method(layer, "call")
            parameters = [argument.arg for argument in call.node.args.args][1:] if call is not None else []
            given = {**dict(zip(parameters, args)), **kwargs}
            shapes = {f"{name}_shape": mapped(value, shape_of) for name, value in given.items() if tensors_in(value)}
            run.call(Bound(method, layer), [], {name: value for name, value in shapes.items() if name in names}, spot)
        else:
            run.call(Bound(method, layer), [shape] if names else [], {}, spot)
    except Raised as raised:
        layer.unknown = Unknown(f"`build` raises {raised.class_name}: {run.message_of(raised)}", raised.spot)


def shape_of(value: Any) -> Any:
    """Returns the shape of a tensor for the program: a tuple, or an unknown value."""
    if isinstance(value, TensorValue):
        return value.sizes
    if isinstance(value, (Array, WeightValue)):
        return tuple(value.shape)
    return value


def follow(
    run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot | None, method: Any = None
) -> Followed | Unknown:
    """Follows ``call`` of a custom layer, or another ``method``. Placeholders replace the tensors, so that the calls
    inside form a separate graph.
    """
    if method is not None:
        pass
    elif layer.path == "keras.layers.Lambda" and layer.cls is None:
        method = layer.given.get("function")
        extra = layer.given.get("arguments")
        kwargs = {
            **(extra if isinstance(extra, dict) else {}),
            **{name: value for name, value in kwargs.items() if name not in ("training",)},
        }
    else:
        found = own_method(layer, "call")
        base = layer.attributes.get("__base__")
        if found is None and not isinstance(base, LayerValue):
            return Unknown(f"the class {layer.class_name} has no `call` that can be followed", layer.spot)
        kwargs = kwargs if found is None else _with_context(found, args, kwargs)
        method = base if found is None else Bound(found, layer)
    if method is None or isinstance(method, Unknown):
        return Unknown(f"the function of '{layer.name}' is unknown", layer.spot)
    inputs: list[TensorValue] = []
    outer_tape, outer_doubt = run.tape, run.doubt
    run.tape, run.doubt = [], None
    run.inside += 1
    try:

        def inner(value: Any) -> Any:
            if not isinstance(value, TensorValue):
                return value
            source = LayerValue("keras.layers.InputLayer", f"input_{len(inputs)}", spot)
            source.definition = require_builtin("InputLayer")
            source.dtype = value.dtype
            source.args = {} if value.shape is None else {"batch_shape": value.shape}
            if value.shape is None:
                source.definition = Foreign("InputLayer")
            node = new_node(run, source, (), spot)
            tensor = TensorValue(node, 0, value.shape, value.dtype, value.reason)
            node.outputs.append(tensor)
            inputs.append(tensor)
            return tensor

        inner_args, inner_kwargs = (
            [mapped(value, inner) for value in args],
            {name: mapped(value, inner) for name, value in kwargs.items()},
        )
        result = run.call(method, inner_args, inner_kwargs, spot)
        if inputs:
            result = mapped(result, lambda value: _tensor_of(run, value))
        nodes = list(run.tape)
    except Raised as raised:
        if run.trying:
            raise
        return Unknown(f"`call` raises {raised.class_name}: {run.message_of(raised)}", raised.spot)
    finally:
        run.tape, run.doubt = outer_tape, outer_doubt
        run.inside -= 1
    return Followed(inputs, result, nodes)


def _tensor_of(run: Any, value: Any) -> Any:
    """Converts an array or a variable to a tensor. In Keras, all outputs of a layer are tensors."""
    if not isinstance(value, (Array, WeightValue)):
        return value
    tensor = placeholder(run, tuple(value.shape), value.dtype or "float32")
    run.tape.append(tensor.node)
    return tensor


def _with_context(method: FunctionValue, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments of ``call``. Adds or removes ``training`` and ``mask``, as Keras does."""
    signature = method.node.args
    names = [argument.arg for argument in (*signature.args[1:], *signature.kwonlyargs)]
    result = {
        name: value
        for name, value in kwargs.items()
        if name in names or signature.kwarg is not None or name not in ("training", "mask")
    }
    required = names[len(args) : len(signature.args) - 1 - len(signature.defaults)]
    for name in ("training", "mask"):
        if name in required and name not in result:
            result[name] = None if name == "mask" else False
    return result


def placeholder(run: Any, shape: Sequence[Any], dtype: str = "float32") -> TensorValue:
    """Returns a new tensor that is not the output of a layer. ``shape`` has the batch axis."""
    source = LayerValue("keras.layers.InputLayer", "input", None)
    source.definition = require_builtin("InputLayer")
    source.args = {"batch_shape": from_sizes(shape)}
    source.dtype = dtype
    node = Node(source, (), 0, None)
    tensor = TensorValue(node, 0, from_sizes(shape), dtype)
    node.outputs.append(tensor)
    return tensor
