"""Decides whether some weights of a model may be impossible to infer. Only then are the weights in the file read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convcalc.layers import LayerDefinition
from convcalc.layers.dtypes import is_policy
from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel
from convcalc.model import Foreign, Layer, Model


def may_lack_weights(model: Model, stored_once: bool) -> bool:
    """Returns True if some weights of a model may be impossible to infer.

    Args:
        model: The model of a config.
        stored_once: True for a file that stores the weights of a layer only once if two models share the layer: a
            ``.keras`` archive or a SavedModel. Then the config does not show which weights are shared. From an ``.h5``
            file, Keras loads two separate layers, so their weights can be inferred.
    """
    if stored_once and _may_share(model):
        return True
    return model.fallback is not None or any(may_be_unknown(layer) for _, layer in model.walk())


def may_be_unknown(layer: Layer) -> bool:
    """Returns True if the layer's weights may be unknown, or if its output is unknown, so that the weights of later
    layers are unknown too.
    """
    definition = layer.definition
    return (
        layer.broken
        or isinstance(definition, Foreign)
        or (isinstance(definition, LayerDefinition) and _has_unknown_weights(definition, layer.dtype))
        or any(map(_holds_unknown, layer.args.values()))
    )


def _may_share(model: Model) -> bool:
    """Returns True if two layers in different models or wrappers have the same name and class. They may be one shared
    layer.
    """
    if not any(layer.model or wraps(layer) for layer in model.layers):
        return False
    seen: dict[tuple[str, str], tuple[int, str]] = {}
    for _, inner in model.models():
        for layer in inner.layers:
            definition = layer.definition
            if not isinstance(definition, LayerDefinition) or definition.inputs == 0:
                continue
            owners = {(layer.name, layer.class_name): (id(inner), "")}
            if wraps(layer):
                owners |= dict.fromkeys(layers_inside(layer), (id(inner), layer.name))
            if any(seen.setdefault(key, owner) != owner for key, owner in owners.items()):
                return True
    return False


def wraps(layer: Layer) -> bool:
    """Returns True for a layer of Keras that may contain layers."""
    definition = layer.definition
    return isinstance(definition, LayerDefinition) and bool(definition.contains_layers or definition.sublayers_argument)


def layers_inside(layer: Layer) -> Iterator[tuple[str, str]]:
    """Yields the name and the class of each named layer and model among the arguments of a layer, at any depth."""
    waiting = [*layer.args.values()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, tuple):
            waiting += value
        elif isinstance(value, SubLayer):
            if value.name is not None:
                yield value.name, value.definition.class_name
            waiting += value.args.values()
        elif isinstance(value, SubModel):
            yield value.name, value.model.class_name
            for _, inner in value.model.walk():
                if not isinstance(inner.definition, LayerDefinition) or inner.definition.inputs != 0:
                    yield inner.name, inner.class_name
                    waiting += inner.args.values()


def _holds_unknown(value: Any) -> bool:
    """Returns True if a layer's argument is or contains a layer or a model whose weights may be impossible to infer."""
    if isinstance(value, (list, tuple)):
        return any(map(_holds_unknown, value))
    if isinstance(value, SubModel):
        return any(may_be_unknown(layer) for _, layer in value.model.walk())
    if not isinstance(value, SubLayer):
        return isinstance(value, SubForeign)
    return _has_unknown_weights(value.definition, value.dtype) or any(map(_holds_unknown, value.args.values()))


def _has_unknown_weights(definition: LayerDefinition, policy: str) -> bool:
    """Returns True if a layer's rule may not know its weights. An unknown dtype policy may store them in any way."""
    return definition.has_unknown_weights or definition.is_opaque or not is_policy(policy)
