"""Writes the declarations of custom layers for a spec. Only a spec can declare custom layers."""

from __future__ import annotations

from typing import TypeGuard

from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import REQUIRED
from convcalc.model import Definition, Foreign, Model
from convcalc.read.spec.custom import DeclaredRule
from convcalc.read.spec.nodes import Node, plain_value
from convcalc.read.spec.template import Template
from convcalc.write.yaml_values import flow, value_text, word_text


def declarations(model: Model) -> list[str]:
    """Returns the lines of ``blocks:`` and ``custom:``; none if the model has no custom layer from a spec."""
    used = [definition for _, layer in model.walk() if _is_declared(definition := _known(layer.definition))]
    definitions = {definition.name: definition for definition in used}
    blocks: dict[str, Node] = {}
    for definition in used:
        # The layers inside a template may need other declarations and blocks of the same file: these are written too.
        if isinstance(definition.template, Template):
            definitions = {**definition.template.layers, **definitions}
            blocks |= {name: block.body for name, block in definition.template.blocks.items()}
    lines = [f"  {word_text(name)}: {flow(_declaration(definition))}" for name, definition in definitions.items()]
    named = [f"  {word_text(name)}: {_verbatim(body)}" for name, body in blocks.items()]
    return [*(["blocks:", *named] if named else []), *(["custom:", *lines] if lines else [])]


def _verbatim(node: Node) -> str:
    """Returns a node of a declaration as YAML. Variables such as ``$units`` are kept."""
    return value_text(plain_value(node)).replace("$$", "$")


def _known(definition: Definition) -> Definition:
    """Returns the declared layer of a custom class if a file or a package declares it, otherwise ``definition``.

    Declarations inside convcalc are ignored, because a spec need not repeat them.
    """
    if isinstance(definition, Foreign) and definition.rule is not None and not definition.rule.built_in:
        known: Definition = definition.rule.definition
        return known
    return definition


def _is_declared(definition: Definition) -> TypeGuard[LayerDefinition]:
    return isinstance(definition, LayerDefinition) and (
        isinstance(definition.rule, DeclaredRule) or isinstance(definition.template, Template)
    )


def _declaration(definition: LayerDefinition) -> dict[str, str]:
    if isinstance(definition.template, Template):
        return {key: _verbatim(node) for key, (_, node) in definition.template.body.fields.items()}
    rule = definition.rule
    assert isinstance(rule, DeclaredRule)
    fields = {"summary": value_text(definition.doc)}
    if definition.arguments:
        names = [
            word_text(argument.name)
            if argument.default is REQUIRED
            else flow({argument.name: value_text(argument.default)})
            for argument in definition.arguments
        ]
        fields["arguments"] = f"[{', '.join(names)}]"
    fields["input"], fields["output"] = value_text(list(rule.pattern)), value_text(list(rule.output))
    weights = {
        word_text(name): value_text(shape) if trainable else flow({"shape": value_text(shape), "trainable": "false"})
        for name, shape, trainable in rule.weights
    }
    if weights:
        fields["weights"] = flow(weights)
    if rule.macs is not None:
        fields["macs"] = value_text(rule.macs)
    return fields
