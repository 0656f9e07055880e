"""Refuses models of Python code that contain code themselves: custom layers, custom models and Lambda layers.

A file can hold their numbers, but not what they do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Mark, Problem
from convcalc.layers import LayerDefinition
from convcalc.layers.sublayer import sublayers_of
from convcalc.model import Foreign, Layer, Model

if TYPE_CHECKING:
    from convcalc.analyse.report import Report


def require_no_code(model: Model) -> None:
    """Raises :class:`ConvcalcError` if a layer or a model of a program cannot be written without its Python code.

    Names one layer of each class.
    """
    if model.place is None or model.place.made_at is None:
        return
    problems: dict[str, Problem] = {}
    for problem in _problems(model):
        class_name = problem.message.partition(" (")[2].partition(")")[0]
        problems.setdefault(class_name, problem)
    if problems:
        raise ConvcalcError(problems.values())


def require_no_copies(report: Report) -> None:
    """Raises :class:`ConvcalcError` for a layer in several nested models: in a file, each has a copy with its own weights."""
    known: dict[int, str] = {}
    copied = [row for row in report.layers if row.layer.shares_weights]
    for row in report.layers:
        identity, prefix = row.layer.identity, row.path[: -len(row.name)]
        is_leaf = identity is not None and not isinstance(row.definition, Model) and row.params != 0
        if is_leaf and known.setdefault(identity or 0, prefix) != prefix:
            copied.insert(0, row)
    if copied:
        row = copied[0]
        message = (
            f"'{row.path}' ({row.class_name}) cannot be written: another part of the model has the same layer, and in a file "
            "each part has a copy with its own weights; call the layer in one model only"
        )
        raise ConvcalcError([Problem(codes.CANNOT_WRITE, message, _place(row.layer), row.path)])


def _problems(model: Model) -> Iterator[Problem]:
    for prefix, inner in model.models():
        if inner.subclassed:
            path = prefix.rstrip("/") or inner.name
            message = (
                f"'{path}' ({inner.class_name}) cannot be written: its class defines `call`, and a file cannot hold this code; "
                "make the model with keras.Model(inputs, outputs) or keras.Sequential"
            )
            yield Problem(codes.CANNOT_WRITE, message, model.place.made_at if model.place else None, path)
    for path, layer in model.walk():
        if _is_own_layer(layer):
            what = "this function" if layer.class_name == "Lambda" else "the code of its class"
            cure = (
                "use operations of keras.ops, or a layer of Keras"
                if layer.class_name == "Lambda"
                else f"make its layers in a function, such as `def {layer.name}(x): …`, or use a layer of Keras"
            )
            message = f"'{path}' ({layer.class_name}) cannot be written: a file cannot hold {what}; {cure}"
            yield Problem(codes.CANNOT_WRITE, message, _place(layer), path)
        for name, value in layer.args.items():
            if "<lambda>" in _functions(value):
                message = (
                    f"'{path}' ({layer.class_name}) cannot be written: its `{name}` is a lambda, which has no name; define a "
                    "function with `def`, or use a name of Keras, such as 'relu'"
                )
                yield Problem(codes.CANNOT_WRITE, message, layer.place.mark(name) if layer.place else None, path)
        for sublayer in sublayers_of(layer.args):
            if isinstance(sublayer.definition, Foreign) or getattr(sublayer.definition, "template", None) is not None:
                message = (
                    f"'{path}' ({layer.class_name}) cannot be written: it contains a layer of the custom class "
                    f"{sublayer.definition.name}, and a file cannot hold the code of this class; use a layer of Keras"
                )
                yield Problem(codes.CANNOT_WRITE, message, _place(layer), path)


def _place(layer: Layer) -> Mark | None:
    return layer.place.made_at if layer.place is not None else None


def _functions(value: Any) -> Iterator[str]:
    """Yields the names of the program's functions in an argument, such as ``activation=lambda x: x * 2``."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "function" and isinstance(value.get("config"), str):
            yield value["config"]
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _functions(part)


def _is_own_layer(layer: Layer) -> bool:
    """Returns True for a layer of the program's own class, and for a Lambda."""
    if layer.place is None or layer.place.made_at is None:
        return False
    definition = layer.definition
    if isinstance(definition, LayerDefinition):
        known = (definition.name, definition.class_name, *definition.aliases)
        return definition.template is not None or layer.class_name == "Lambda" or layer.class_name not in known
    return isinstance(definition, Foreign)
