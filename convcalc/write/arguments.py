"""Decides which names and sizes of a layer are written, in addition to its arguments (:mod:`convcalc.layers.spelling`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base.keras_names import Names
from convcalc.layers import LayerDefinition
from convcalc.layers.sublayer import name_inside
from convcalc.model import Layer
from convcalc.ops import Operation


def recorded_size(definition: LayerDefinition, args: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``{"vocabulary_size": …}`` for a layer whose vocabulary Keras learned with ``adapt``, otherwise ``{}``.

    If the file has the words of the vocabulary, Keras counts them and needs no size.
    """
    if not definition.records_vocabulary_size or isinstance(args.get("vocabulary"), (list, tuple)):
        return {}
    return {"vocabulary_size": args["vocabulary_size"]} if "vocabulary_size" in args else {}


def has_automatic_name(names: Names, definition: LayerDefinition | Operation, layer: Layer) -> bool:
    """Returns True if the layer has its automatic name, such as ``dense_1``, which the file can omit.

    Counts the name as used, and the automatic names of layers that Keras creates inside this layer.
    """
    if isinstance(definition, Operation):
        return claim_name(names, definition.name, layer)
    name_inside(layer.args, names)
    automatic = claim_name(names, definition.class_name, layer)
    for hidden in definition.hidden_sublayer_classes(layer.args, not automatic):
        names.automatic(hidden)
    return automatic


def claim_name(names: Names, class_name: str, layer: Layer) -> bool:
    """Returns True if the layer's name is the next automatic name of its class, and counts it as used."""
    if names.upcoming(class_name) != layer.name:
        return False
    names.automatic(class_name)
    return True
