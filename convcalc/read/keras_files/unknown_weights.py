"""Finds models whose weights must be read from the file. Their configs do not determine all weights, or a class may be
custom.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convcalc.analyse.quantized import may_be_quantized
from convcalc.base import codes
from convcalc.base.problems import Problem
from convcalc.layers import LayerDefinition
from convcalc.layers.dtypes import is_policy
from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel
from convcalc.model import Foreign, Layer, Model


def may_lack_weights(model: Model, stored_once: bool) -> bool:
    """Returns True if the config of a model may not determine all its weights.

    Args:
        model: the model of a config.
        stored_once: True for a ``.keras`` archive or a SavedModel, which store a layer in two models only once. The config does
            not show such a layer. False for an ``.h5`` file: from it, Keras loads two separate layers.
    """
    if stored_once and _may_share(model):
        return True
    return (
        _has_own_class(model) or model.fallback is not None or any(may_be_unknown(layer) for _, layer in model.walk())
    )


def _has_own_class(model: Model) -> bool:
    """Returns True if a model has a custom class. Such a class may have weights that belong to no layer."""
    return any(inner.own_class is not None for _, inner in model.models())


def warned_of_unlisted(model: Model) -> Model:
    """Adds a warning for each model of a custom class that may have weights outside of its known layers."""
    problems = []
    for prefix, inner in model.models():
        if inner.own_class is not None and inner.has_more_weights:
            what = f"'{prefix[:-1]}' ({inner.shown_class})" if prefix else f"the model's class {inner.shown_class}"
            message = (
                f"{model.source}: {what} is not a class of Keras. It can create weights outside of its known layers, so the number "
                "of parameters is a lower bound; a .keras archive also contains such weights"
            )
            problems.append(Problem(codes.UNKNOWN_LAYER, message, None, prefix[:-1] or None, "warning"))
    return model._replace(problems=(*model.problems, *problems)) if problems else model


def layers_to_compare(model: Model, by_name: bool) -> list[str]:
    """Returns the paths of layers that have the name of a Keras class, but may be custom and have other weights.

    ``by_name`` is True if the file states only the names of classes: an HDF5 file, a SavedModel or a file of TensorFlow.js. Then
    every class may be custom. An archive also states modules, except in nested models of Keras 2.
    """
    if model.fallback is not None or model.class_name not in ("Sequential", "Functional"):
        return []
    is_quantized = any("_from_" in layer.dtype for _, layer in model.walk())
    paths = []
    waiting = [("", model, by_name)]
    while waiting:
        prefix, inner, by_name = waiting.pop()
        for layer in inner.layers:
            path = prefix + layer.name
            if layer.model is not None:
                waiting.append((f"{path}/", layer.model, by_name or layer.model.keras2))
            elif (
                isinstance(layer.definition, LayerDefinition)
                and layer.definition.inputs != 0
                and (by_name or (is_quantized and may_be_quantized(layer)))
            ):
                paths.append(path)
    return paths


def may_be_unknown(layer: Layer) -> bool:
    """Returns True if the weights or the output of a layer may be unknown.

    After an unknown output, the weights of later layers are unknown too.
    """
    definition = layer.definition
    return (
        layer.broken
        or isinstance(definition, Foreign)
        or (isinstance(definition, LayerDefinition) and _has_unknown_weights(definition, layer.dtype))
        or any(map(_holds_unknown, layer.args.values()))
    )


def _may_share(model: Model) -> bool:
    """Returns True if two models or wrappers contain layers with equal names and classes. These may be one shared
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
    """Returns True if an argument is or contains a layer whose weights may be unknown."""
    if isinstance(value, (list, tuple)):
        return any(map(_holds_unknown, value))
    if isinstance(value, SubModel):
        return any(may_be_unknown(layer) for _, layer in value.model.walk())
    if not isinstance(value, SubLayer):
        return isinstance(value, SubForeign)
    return _has_unknown_weights(value.definition, value.dtype) or any(map(_holds_unknown, value.args.values()))


def _has_unknown_weights(definition: LayerDefinition, policy: str) -> bool:
    """Returns True if a layer's rule may not know its weights, for example because the dtype policy is unknown."""
    return definition.has_unknown_weights or definition.is_opaque or not is_policy(policy)
