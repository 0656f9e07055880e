"""The layers that a spec declares itself, as it declares them."""

from __future__ import annotations

from collections.abc import Iterator

from convcalc.layers import LayerType
from convcalc.layers.arguments import REQUIRED
from convcalc.model import Model
from convcalc.read.spec.custom import DeclaredRule
from convcalc.write.texts import flow, value_text, word_text


def declarations(model: Model) -> list[str]:
    """The lines of ``custom:``; none where the model has no such layer."""
    kinds = {kind.name: kind for kind in _custom(model)}
    lines = [f"  {word_text(name)}: {flow(_declaration(kind))}" for name, kind in kinds.items()]
    return ["custom:", *lines] if lines else []


def _custom(model: Model) -> Iterator[LayerType]:
    for layer in model.layers:
        if layer.model is not None:
            yield from _custom(layer.model)
        elif isinstance(layer.kind, LayerType) and isinstance(layer.kind.rule, DeclaredRule):
            yield layer.kind


def _declaration(kind: LayerType) -> dict[str, str]:
    rule = kind.rule
    assert isinstance(rule, DeclaredRule)
    found = {"summary": value_text(kind.doc)}
    if kind.arguments:
        names = [
            word_text(each.name) if each.default is REQUIRED else flow({each.name: value_text(each.default)})
            for each in kind.arguments
        ]
        found["arguments"] = f"[{', '.join(names)}]"
    found["input"], found["output"] = value_text(list(rule.pattern)), value_text(list(rule.output))
    weights = {
        word_text(name): value_text(shape) if trainable else flow({"shape": value_text(shape), "trainable": "false"})
        for name, shape, trainable in rule.weights
    }
    if weights:
        found["weights"] = flow(weights)
    if rule.macs is not None:
        found["macs"] = value_text(rule.macs)
    return found
