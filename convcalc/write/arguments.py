"""What is written of a layer: the arguments that differ from Keras's defaults, each as short as its kind reads it."""

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


def own_arguments(kind: LayerDefinition, args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are not as by default, in Keras's order."""
    found = {}
    for argument in (*kind.arguments, *kind.call_arguments):
        name = argument.name
        if name in args and not kind.is_default(name, args[name]):
            found[name] = short(kind, argument, args[name])
    return found


def short(kind: LayerDefinition, argument: Argument, value: Any) -> Any:
    """3 for a kernel of 3×3: the shortest value that is read as this one."""
    found = short = value
    while isinstance(short, tuple) and short and len({str(part) for part in short}) == 1:
        short = short[0]
        try:
            if argument.read(short, kind.name) == value:
                found = short
        except (Refusal, TypeError):
            continue
    return found


def settings(kind: LayerDefinition, layer: Layer | SubLayer) -> dict[str, Any]:
    """What any layer may have, where it is not as by default."""
    found: dict[str, Any] = {} if layer.trainable else {"trainable": False}
    return found if layer.dtype == kind.policy(layer.args) else {**found, "dtype": layer.dtype}


def named_so(names: Names, kind: LayerDefinition | Operation, layer: Layer) -> bool:
    """Whether the layer has the name that Keras would give it now, so that it need not be written; then it is taken, with
    those of the layers that it makes.
    """
    if isinstance(kind, Operation):
        return taken(names, kind.name, layer)
    name_inside(layer.args, names)
    automatic = taken(names, kind.class_name, layer)
    for made in kind.hidden_sublayer_classes(layer.args, not automatic):
        names.automatic(made)
    return automatic


def taken(names: Names, class_name: str, layer: Layer) -> bool:
    """Whether the layer has the name that is next for its class; then that is used up."""
    if names.upcoming(class_name) != layer.name:
        return False
    names.automatic(class_name)
    return True
