"""Adds the inner layers of a custom layer or model that its ``call`` never calls.

Keras's summary lists these layers. Those that the program builds have weights: a nested model with an input shape, and
a layer whose ``build`` is called. Other layers without a call have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convcalc.analyse.inference import infer_inner_model
from convcalc.layers import LayerDefinition, costs
from convcalc.layers.registry import Inferred
from convcalc.model import Call, Foreign, Layer, Model, Ref
from convcalc.read.code.keras.following import placeholder
from convcalc.read.code.keras.graph import LayerValue, ModelValue, Node, TensorValue, leaves, to_sizes
from convcalc.read.code.keras.to_model import WITHOUT_INPUTS, layer_of, variables_layer
from convcalc.read.code.language.values import Unknown


def with_uncalled_layers(run: Any, model: Model, layer: LayerValue, nodes: list[Node]) -> Model:
    """Returns the model of a custom layer, with the layers that ``call`` never calls."""
    direct = {id(node.layer) for node in nodes}
    called = {id(part) for node in nodes for part in _with_parts(node.layer)}
    layers, calls = list(model.layers), list(model.calls)
    for part in layer.tracked:
        parts = list(_with_parts(part))
        is_called_inside = id(part) in called and id(part) not in direct
        if any(id(inside) in called for inside in parts) and not is_called_inside:
            continue
        called.update(map(id, parts))
        inputs = _inputs_inside(run, part) if is_called_inside else _inputs(run, part)
        if is_called_inside and not inputs:
            continue
        if inputs:
            refs = []
            for tensor in inputs:
                layers.append(layer_of(run, tensor.node.layer))
                calls.append(Call(len(layers) - 1, ()))
                refs.append(Ref(len(calls) - 1))
            layers.append(_idle(layer_of(run, part)) if part.cls is None else _built(run, part))
            calls.append(Call(len(layers) - 1, tuple(refs) if part.cls is None else ()))
        elif part.built and part.cls is None and "built shapes" in part.cached:
            part.unknown = part.unknown or Unknown("the shape that it is built on is unknown", part.spot)
            layers.append(layer_of(run, part)._replace(definition=Foreign(part.class_name)))
            calls.append(Call(len(layers) - 1, ()))
        else:
            layers.append(_built(run, part) if part.cls is not None and part.built else _unbuilt(part))
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


def _inputs(run: Any, layer: LayerValue) -> list[TensorValue]:
    """Returns the inputs of a nested model, or of a layer that the program builds. [] for other layers."""
    if not isinstance(layer, ModelValue):
        shapes = layer.cached.get("built shapes", ())
        known = all(isinstance(shape, (list, tuple)) for shape in shapes)
        return [placeholder(run, shape, layer.dtype) for shape in shapes] if known else []
    if layer.is_sequential:
        return [layer.input_tensor] if layer.input_tensor is not None else []
    return [tensor for tensor in leaves(layer.inputs) if isinstance(tensor, TensorValue)]


def _inputs_inside(run: Any, layer: LayerValue) -> list[TensorValue]:
    """Returns the inputs of a layer that another layer calls. [] for a custom layer and a layer with unknown inputs."""
    node = layer.nodes[-1] if layer.nodes else None
    if node is None or layer.cls is not None or isinstance(layer, ModelValue):
        return []
    shapes = [tensor.shape for tensor in node.inputs if tensor.shape is not None]
    if len(shapes) < len(node.inputs) or node.constants:
        return []
    return [placeholder(run, to_sizes(tensor.shape or ()), tensor.dtype) for tensor in node.inputs]


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


def _built(run: Any, layer: LayerValue) -> Layer:
    """Returns a custom layer that the program builds, but never calls: it has the weights that ``build`` makes."""
    base = layer.attributes.get("__base__")
    model = Model(layer.name, layer.class_name, (), (), (), (), own_flags=True, subclassed=True)
    if isinstance(base, LayerValue):
        sources = _inputs(run, layer)
        layers = (*(layer_of(run, tensor.node.layer) for tensor in sources), _idle(layer_of(run, base)))
        calls = [Call(number, ()) for number in range(len(sources))]
        refs = tuple(map(Ref, range(len(sources))))
        model = model._replace(layers=layers, calls=(*calls, Call(len(sources), refs)))
    model = with_uncalled_layers(run, model, layer, [])
    if layer.weights:
        layers = (*model.layers, variables_layer(run, layer))
        model = model._replace(layers=layers, calls=(*model.calls, Call(len(layers) - 1, ())))

    def rule(args: Mapping[str, Any], *inputs: Any) -> Inferred:
        return infer_inner_model(model, ())._replace(outputs=())

    definition = WITHOUT_INPUTS._replace(
        name=layer.class_name,
        class_name=layer.class_name,
        rule=rule,
        template=lambda args, inputs, policy: model,
        contains_layers=True,
        is_custom=True,
    )
    return Layer(layer.name, layer.class_name, definition, {}, layer.is_trainable, layer.dtype, place=layer.spot)


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
