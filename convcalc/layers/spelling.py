"""The shortest spelling of a layer's arguments: those that differ from Keras's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base.problems import Refusal
from convcalc.layers.arguments import Argument
from convcalc.layers.registry import LayerDefinition
from convcalc.layers.sublayer import SubLayer
from convcalc.model import Layer


def non_default_arguments(definition: LayerDefinition, args: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments whose values differ from their defaults, in Keras's order."""
    result = {}
    for argument in (*definition.arguments, *definition.call_arguments):
        name = argument.name
        if name in args and not definition.is_default(name, args[name]):
            result[name] = shortest_spelling(definition, argument, args[name])
    return result


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
