"""Adds the inner layers of a custom layer or model that its ``call`` never calls.

Keras's summary lists these layers. A nested model with an input shape has weights; other layers without a call have
none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convcalc.layers import LayerDefinition, costs
from convcalc.layers.registry import Inferred
from convcalc.model import Call, Layer, Model, Ref
from convcalc.read.code.keras.graph import LayerValue, ModelValue, Node, TensorValue, leaves
from convcalc.read.code.keras.to_model import WITHOUT_INPUTS, layer_of


def with_uncalled_layers(run: Any, model: Model, layer: LayerValue, nodes: list[Node]) -> Model:
    """Returns the model of a custom layer, with the layers that ``call`` never calls."""
    called = {id(part) for node in nodes for part in _with_parts(node.layer)}
    layers, calls = list(model.layers), list(model.calls)
    for part in layer.tracked:
        parts = list(_with_parts(part))
        if any(id(inside) in called for inside in parts):
            continue
        called.update(map(id, parts))
        inputs = _inputs(part)
        if inputs:
            refs = []
            for tensor in inputs:
                layers.append(layer_of(run, tensor.node.layer))
                calls.append(Call(len(layers) - 1, ()))
                refs.append(Ref(len(calls) - 1))
            layers.append(_idle(layer_of(run, part)))
            calls.append(Call(len(layers) - 1, tuple(refs)))
        else:
            layers.append(_unbuilt(part))
            calls.append(Call(len(layers) - 1, ()))
    if len(layers) == len(model.layers):
        return model
    return model._replace(layers=tuple(layers), calls=tuple(calls))


def _with_parts(layer: LayerValue) -> Iterator[LayerValue]:
    """Yields a layer and all layers inside it."""
    waiting, known = [layer], set[int]()
    while waiting:
        part = waiting.pop()
        if id(part) not in known:
            known.add(id(part))
            yield part
            waiting += part.tracked
            waiting += part.layers if isinstance(part, ModelValue) else ()


def _inputs(layer: LayerValue) -> list[TensorValue]:
    """Returns the inputs of a nested model. [] for a layer, or for a model without an input shape."""
    if not isinstance(layer, ModelValue):
        return []
    if layer.is_sequential:
        return [layer.input_tensor] if layer.input_tensor is not None else []
    return [tensor for tensor in leaves(layer.inputs) if isinstance(tensor, TensorValue)]


def _idle(layer: Layer) -> Layer:
    """Returns the layer with the same shapes and weights, but without MACs and FLOPs."""
    definition = layer.definition
    if isinstance(definition, Model):
        return layer._replace(definition=definition._replace(layers=tuple(map(_idle, definition.layers))))
    if not isinstance(definition, LayerDefinition) or definition.template is not None:
        return layer

    def rule(args: Mapping[str, Any], *inputs: Any) -> Inferred:
        result = definition.rule(args, *inputs)
        weights = tuple(weight._replace(multiplied_per_sample=0, added_per_sample=0) for weight in result.weights)
        return result._replace(weights=weights, products=())

    return layer._replace(definition=definition._replace(rule=rule, flops=costs.free, tf_flops=costs.free))


def _unbuilt(layer: LayerValue) -> Layer:
    """Returns a layer without inputs, outputs and weights."""
    source: LayerDefinition = layer.definition if isinstance(layer.definition, LayerDefinition) else WITHOUT_INPUTS
    definition = WITHOUT_INPUTS._replace(
        name=layer.class_name,
        class_name=layer.class_name,
        keras_module=source.keras_module if layer.cls is None else "",
        rule=lambda a, *inputs: Inferred((), ()),
        is_custom=layer.cls is not None,
    )
    return Layer(layer.name, layer.class_name, definition, {}, layer.is_trainable, layer.dtype, place=layer.spot)
