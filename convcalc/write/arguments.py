"""Selects the arguments of a layer to write.

Only arguments that differ from Keras's defaults are written, in the shortest spelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base.keras_names import Names
from convcalc.base.problems import Refusal
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import Argument
from convcalc.layers.sublayer import SubLayer, name_inside
from convcalc.model import Layer
from convcalc.ops import Operation


def non_default_arguments(definition: LayerDefinition, args: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments whose values differ from their defaults, in Keras's order."""
    result = {}
    for argument in (*definition.arguments, *definition.call_arguments):
        name = argument.name
        if name in args and not definition.is_default(name, args[name]):
            result[name] = shortest_spelling(definition, argument, args[name])
    return result


def recorded_size(definition: LayerDefinition, args: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``{"vocabulary_size": …}`` for a layer whose vocabulary Keras learned with ``adapt``, otherwise ``{}``.

    If the file has the words of the vocabulary, Keras counts them and needs no size.
    """
    if not definition.records_vocabulary_size or isinstance(args.get("vocabulary"), (list, tuple)):
        return {}
    return {"vocabulary_size": args["vocabulary_size"]} if "vocabulary_size" in args else {}


def shortest_spelling(definition: LayerDefinition, argument: Argument, value: Any) -> Any:
    """Returns the shortest value with the same meaning: 3 instead of (3, 3)."""
    result = short = value
    while isinstance(short, tuple) and short and len({str(part) for part in short}) == 1:
        short = short[0]
        try:
            if argument.read(short, definition.name) == value:
                result = short
        except (Refusal, TypeError):
            continue
    return result


def common_options(definition: LayerDefinition, layer: Layer | SubLayer) -> dict[str, Any]:
    """Returns the options that every layer has (trainable, dtype), if they differ from their defaults."""
    options: dict[str, Any] = {} if layer.trainable else {"trainable": False}
    return options if layer.dtype == definition.policy(layer.args) else {**options, "dtype": layer.dtype}


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
