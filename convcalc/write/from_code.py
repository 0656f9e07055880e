"""Refuses models of Python code that contain code themselves: custom layers, custom models and Lambda layers.

A file can hold their numbers, but not what they do.
"""

from __future__ import annotations

from collections.abc import Iterator

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Problem
from convcalc.layers import LayerDefinition
from convcalc.model import Foreign, Layer, Model


def require_no_code(model: Model) -> None:
    """Raises :class:`ConvcalcError` if a layer or a model of a program cannot be written without its Python code.

    Names one layer of each class.
    """
    if model.place is None or model.place.made_at is None:
        return
    problems = {problem.message.partition(" (")[2]: problem for problem in reversed([*_problems(model)])}
    if problems:
        raise ConvcalcError(reversed(problems.values()))


def _problems(model: Model) -> Iterator[Problem]:
    for prefix, inner in model.models():
        if inner.subclassed:
            path = prefix.rstrip("/") or inner.name
            message = (
                f"'{path}' ({inner.class_name}) cannot be written: its class defines `call`, and a file cannot hold this code; "
                "make the model with keras.Model(inputs, outputs) or keras.Sequential"
            )
            yield Problem(codes.CANNOT_WRITE, message, model.place and model.place.made_at, path)
    for path, layer in model.walk():
        if _is_own_layer(layer):
            what = "this function" if layer.class_name == "Lambda" else "the code of its class"
            cure = (
                "use operations of keras.ops, or a layer of Keras"
                if layer.class_name == "Lambda"
                else f"make its layers in a function, such as `def {layer.name}(x): …`, or use a layer of Keras"
            )
            message = f"'{path}' ({layer.class_name}) cannot be written: a file cannot hold {what}; {cure}"
            yield Problem(codes.CANNOT_WRITE, message, layer.place and layer.place.made_at, path)


def _is_own_layer(layer: Layer) -> bool:
    """Returns True for a layer of the program's own class, and for a Lambda."""
    if layer.place is None or layer.place.made_at is None:
        return False
    definition = layer.definition
    if isinstance(definition, LayerDefinition):
        return definition.template is not None or layer.class_name == "Lambda"
    return isinstance(definition, Foreign)
