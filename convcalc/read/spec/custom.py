"""Reads ``custom:`` in a spec: declarations of layers that are not in Keras, without code.

    custom:
      LayerScale:
        arguments: [{init: 1}]
        input: [..., channels]
        output: [..., channels]
        weights: {gamma: [channels]}
        macs: 0

``input`` names the sizes of the input after the batch axis. ``output``, ``weights`` and ``macs`` are expressions with
these names and the layer's arguments. ``...`` in the input matches any number of axes; ``...`` in the output repeats
these axes. ``when`` lists, for some arguments, the values for which the declaration is valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import Number, Shape
from convcalc.base.problems import Refusal, did_you_mean, listed
from convcalc.layers import Inferred, LayerDefinition, Product, Weight, lookup_builtin
from convcalc.layers.arguments import Anything, Argument
from convcalc.read.custom_layers import CustomLayers, short_name
from convcalc.read.spec.blocks import Block
from convcalc.read.spec.conditions import WHEN, Condition, check_condition, read_condition
from convcalc.read.spec.expressions import evaluate
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode
from convcalc.read.spec.template import ANY_AXES, Template, match_sizes
from convcalc.read.spec.values import COMMON_OPTIONS, AlreadyReported, NodeReader, Scope

KEYS = ("arguments", "when", "input", "output", "weights", "macs", "summary")
_WEIGHT_KEYS = ("shape", "trainable")
TEMPLATE_KEYS = ("arguments", "when", "input", "inputs", "layers", "outputs", "summary")


def read_custom(
    reader: NodeReader, node: Node | None, blocks: Mapping[str, Block], given: CustomLayers
) -> dict[str, LayerDefinition]:
    """Returns the layers that a spec declares, by name. A declaration with ``layers:`` can use other declarations:
    those in the spec, and those in ``given``.
    """
    definitions: dict[str, LayerDefinition] = {}
    scope = Scope()
    for name, (key, body) in reader.declared(node, "'custom' must be a mapping from a layer's name to its declaration"):
        known = lookup_builtin(name)
        # Keras does not export some of its classes. A custom layer may have the name of such a class.
        if (known is not None and known.is_exported) or name in blocks:
            reader.report(
                key,
                codes.NAME_TAKEN,
                f"a custom layer cannot be named '{name}', which is a layer or a block; choose another name",
                scope,
            )
            continue
        is_template = isinstance(body, MappingNode) and "layers" in body.fields
        if not isinstance(body, MappingNode) or (body.get("output") is None and not is_template):
            message = (
                f"custom layer '{name}' must be a mapping with 'input:' and 'output:' (lists of sizes without the batch axis), "
                "or with 'input:' and 'layers:'"
            )
            reader.report(key, codes.MISSING_OUTPUT, message, scope)
            continue
        reader.check_keys(body, TEMPLATE_KEYS if is_template else KEYS, f"custom layer '{name}'", scope)
        try:
            arguments = reader.declared_arguments(body.get("arguments"), COMMON_OPTIONS)
            for size in filter(arguments.__contains__, _named_sizes(body)):
                message = f"has an argument and an input size with the same name '{size}'; rename one of them"
                raise Refusal(message, codes.NAME_TAKEN)
            condition = read_condition(reader, body.get(WHEN), arguments, scope)
            if is_template:
                template = Template(reader, body, blocks, definitions, given, condition)
                summary = body.get("summary")
                text = "" if summary is None else reader.word(summary, scope, "'summary'")
                inputs = body.get("inputs")
                count = len(inputs.fields) if isinstance(inputs, MappingNode) else 1
                definitions[name] = _definition(name, arguments, text, _must_be_built, count, template)
                continue
            definitions[name] = _declaration(name, reader.value(body, scope), arguments, condition)
        except Refusal as refusal:
            reader.report(key, refusal.code, f"custom layer '{name}' {refusal.message}", scope)
        except AlreadyReported:
            continue
    return definitions


def _named_sizes(body: MappingNode) -> Iterator[str]:
    """Yields the names of sizes in a declaration's inputs."""
    inputs = body.get("inputs")
    nodes = [node for _, node in inputs.fields.values()] if isinstance(inputs, MappingNode) else [body.get("input")]
    for node in nodes:
        shape = node.get("shape") if isinstance(node, MappingNode) else node
        for item in shape.items if isinstance(shape, SequenceNode) else ():
            if isinstance(item, ScalarNode) and isinstance(item.value, str):
                yield item.value


def _declaration(
    name: str, body: Mapping[str, Any], defaults: Mapping[str, Any], condition: Condition
) -> LayerDefinition:
    pattern, output = _list(body.get("input", [ANY_AXES]), "input"), _list(body["output"], "output")
    if pattern.count(ANY_AXES) > 1 or output.count(ANY_AXES) > pattern.count(ANY_AXES):
        raise Refusal(
            "can have '...' only once in its input, and only once in its output if the input has it",
            codes.INVALID_VALUE,
        )
    weights = body.get("weights") or {}
    if not isinstance(weights, Mapping):
        raise Refusal("has 'weights' that are not a mapping from a name to a shape", codes.INVALID_VALUE)
    rule = DeclaredRule(
        pattern, output, tuple(_weight(key, value) for key, value in weights.items()), body.get("macs"), condition
    )
    return _definition(name, defaults, str(body.get("summary", "")), rule)


def _must_be_built(a: Mapping[str, Any], *inputs: Shape) -> Inferred:
    """Placeholder: the rules of the template's layers run instead of this rule."""
    raise NotImplementedError


def _definition(
    name: str,
    defaults: Mapping[str, Any],
    summary: str,
    rule: Callable[..., Inferred],
    inputs: int = 1,
    template: Template | None = None,
) -> LayerDefinition:
    arguments = tuple(Argument(key, Anything(), default, nullable=True) for key, default in defaults.items())
    return LayerDefinition(
        name=name,
        class_name=short_name(name) if ">" in name else name,
        family="custom",
        is_custom=True,
        arguments=arguments,
        rule=rule,
        doc=summary or "A layer that the spec declares.",
        example=name,
        example_input=(8,),
        aliases=(),
        inputs=inputs,
        axes=None,
        min_axes=0,
        channels_first_at=0,
        defaults={argument.name: argument.default for argument in arguments},
        rule_options={},
        contains_layers=template is not None,
        template=template,
    )


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list) or not all(map(_is_size, value)):
        raise Refusal(f"has an '{what}' that is not a list of sizes, names or expressions", codes.INVALID_VALUE)
    return value


def _is_size(part: Any) -> bool:
    """Returns True for a number, a name or an expression."""
    return isinstance(part, (str, int)) and not isinstance(part, bool)


def _weight(name: str, value: Any) -> tuple[str, list[Any], bool]:
    """Returns the name, shape and ``trainable`` flag of a weight.

    The weight is declared as ``gamma: [channels]`` or ``gamma: {shape: [channels], trainable: false}``.
    """
    shape, trainable = value, True
    if isinstance(value, Mapping):
        for key in value:
            if key not in _WEIGHT_KEYS:
                hint = did_you_mean(key, _WEIGHT_KEYS) or f"; it has {listed(_WEIGHT_KEYS, 'and')}"
                raise Refusal(f"has a weight '{name}' with the unknown key '{key}'{hint}", codes.UNKNOWN_KEY)
        shape, trainable = value.get("shape"), value.get("trainable", True)
    if not isinstance(shape, list) or not all(map(_is_size, shape)) or not isinstance(trainable, bool):
        message = f"has a weight '{name}' whose shape is not a list of numbers, names or expressions"
        raise Refusal(message, codes.INVALID_VALUE)
    return name, shape, trainable


@dataclass(frozen=True)
class DeclaredRule:
    """The rule of a declared layer. It evaluates the expressions in the declaration, also for unknown sizes."""

    pattern: Sequence[Any]
    output: Sequence[Any]
    weights: Sequence[tuple[str, list[Any], bool]]
    macs: Any
    condition: Condition

    def __call__(self, a: Mapping[str, Any], x: Shape) -> Inferred:
        check_condition(self.condition, a)
        sizes, free = match_sizes(self.pattern, x)
        names = {**a, **sizes}
        output: list[Number] = [x[0]]
        for part in self.output:
            output += free if part == ANY_AXES else [self._size(part, names)]
        weights = tuple(
            Weight(
                name,
                tuple(self._size(part, names) for part in shape),
                trainable=trainable,
                frozen_because="the declaration states trainable: false",
            )
            for name, shape, trainable in self.weights
        )
        if self.macs is None:  # without a declared number, the MACs are unknown, not 0
            return Inferred((tuple(output),), weights, unknown=frozenset({"macs"}))
        extra = Product("declared", self._size(self.macs, names))
        return Inferred((tuple(output),), weights, (extra,) if self.macs != 0 else ())

    @staticmethod
    def _size(part: Any, names: Mapping[str, Any]) -> Number:
        try:
            size: Number = part if isinstance(part, int) else evaluate(str(part), names)
        except Refusal as refusal:
            raise Refusal(f"cannot compute '{part}': {refusal.message}", refusal.code) from None
        if size < 0:
            raise Refusal(f"gets the negative size {size} from the expression '{part}'", codes.VANISHING_SIZE)
        return size
