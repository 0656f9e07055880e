"""Reads templates: declarations that describe a layer or a model by the layers inside it, as a spec does.

    custom:
      Encoder:
        arguments: [units, {activation: relu}]
        input: [..., features]
        layers:
          - Dense: {units: $units, activation: $activation}
          - Dense: $features
          - Add: {from: [$input, dense_1]}

The layers can use the arguments and the named sizes of the input as variables.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import Number, Shape
from convcalc.base.problems import ConvcalcError, Problem, Refusal
from convcalc.model import Layer, Model
from convcalc.ops import Operation
from convcalc.read.custom_layers import CustomLayers
from convcalc.read.spec.blocks import Block
from convcalc.read.spec.conditions import Condition, check_condition
from convcalc.read.spec.graph import FileContext
from convcalc.read.spec.model_reader import ModelReader
from convcalc.read.spec.nodes import MappingNode
from convcalc.read.spec.values import AlreadyReported, NodeReader, Scope, SpecPlace

ANY_AXES = "..."
MODEL_KEYS = ("input", "inputs", "layers", "outputs")


def match_sizes(pattern: Sequence[Any], shape: Shape) -> tuple[dict[str, Number], list[Number]]:
    """Returns the sizes that a pattern names, and the sizes at ``...``: [..., c] and (None, 8, 4) → {c: 4} and [8].

    Raises :class:`Refusal` if the shape does not match the pattern.
    """
    given, named = list(shape[1:]), list(pattern)
    free: list[Number] = []
    expected = f"expects ({', '.join('any' if part is None else str(part) for part in pattern)})"
    if ANY_AXES in named:
        at = named.index(ANY_AXES)
        count = len(given) - (len(named) - 1)
        if count >= 0:
            free, given = given[at : at + count], given[:at] + given[at + count :]
        named.remove(ANY_AXES)
    if len(given) != len(named):
        raise Refusal(expected, codes.WRONG_RANK)
    sizes: dict[str, Number] = {}
    for name, size in zip(named, given):
        if isinstance(name, int) and size != name and (size < name or size > name):
            raise Refusal(expected, codes.WRONG_SHAPE)
        if isinstance(name, str):
            first = sizes.setdefault(name, size)
            if first < size or first > size:
                raise Refusal(f"{expected}, but the size '{name}' would be {first} and {size}", codes.WRONG_SHAPE)
    return sizes, free


class Template:
    """The layers of a declaration. When it is called, it returns the model for given arguments and inputs.

    ``layers`` (in the same file) and ``given`` declare the custom layers that it may use. The arguments must meet
    ``condition``.
    """

    def __init__(
        self,
        reader: NodeReader,
        body: MappingNode,
        blocks: Mapping[str, Block],
        layers: Mapping[str, Any],
        given: CustomLayers,
        condition: Condition,
    ) -> None:
        self.condition = condition
        self.given = given
        self.source = reader.source
        self.body = body
        self.blocks = blocks
        self.layers = layers

    def __call__(
        self,
        args: Mapping[str, Any],
        inputs: Sequence[tuple[Shape, str]] | None,
        policy: str = "float32",
        name: str | None = None,
    ) -> Model:
        """Returns the model for these arguments. Raises :class:`Refusal` if the arguments or the inputs do not fit.

        ``inputs`` are the shapes and dtypes of the inputs; None for the shapes in the declaration. ``policy`` is the dtype policy of
        layers without a declared dtype.
        """
        check_condition(self.condition, args)
        file = FileContext()
        reader = NodeReader(self.source, file)
        custom = self.given.updated(self.layers, self.source.name)
        scope = Scope(variables={"dtype": policy, **args}, labels=ChainMap())
        try:
            given = None if inputs is None else self._given(reader, scope, inputs)
            if given is not None:
                sizes = {size: value for sizes, _, _ in given.values() for size, value in sizes.items()}
                scope = scope._replace(variables={**scope.variables, **sizes})
            shapes = None if given is None else {key: (shape, dtype) for key, (_, shape, dtype) in given.items()}
            model = ModelReader(reader, self.blocks, custom).model(self.body, scope, name, shapes)
        except AlreadyReported:
            model = None
        except ConvcalcError as failed:
            raise _refusal(failed.problems) from None
        if any(problem.severity == "error" for problem in file.problems) or model is None:
            raise _refusal(file.problems)
        return _with_policy(model, policy)._replace(own_flags=True)

    def _given(
        self, reader: NodeReader, scope: Scope, inputs: Sequence[tuple[Shape, str]]
    ) -> dict[str | None, tuple[dict[str, Number], Shape, str]]:
        """Returns the named sizes, the shape and the dtype of each input, by the input's name.

        A single input without a name has the name None.
        """
        several = self.body.get("inputs")
        if isinstance(several, MappingNode):
            patterns: dict[str | None, Any] = {key: node for key, (_, node) in several.fields.items()}
        else:
            patterns = {None: self.body.get("input")}
        if len(patterns) != len(inputs):
            raise Refusal(
                f"takes {len(patterns)} input{'s' * (len(patterns) != 1)}, not {len(inputs)}", codes.WRONG_INPUTS
            )
        given: dict[str | None, tuple[dict[str, Number], Shape, str]] = {}
        known: dict[str, Number] = {}
        for (key, node), (shape, dtype) in zip(patterns.items(), inputs):
            if isinstance(node, MappingNode):
                node = node.get("shape")
            pattern = [ANY_AXES] if node is None else reader.value(node, scope)
            if not isinstance(pattern, list):
                raise Refusal("declares an input that is not a list of sizes", codes.INVALID_VALUE)
            sizes, _ = match_sizes(pattern, shape)
            for size, value in sizes.items():
                first = known.setdefault(size, value)
                if first < value or first > value:
                    raise Refusal(f"gets inputs with two different values of the size '{size}'", codes.SHAPES_DIFFER)
            given[key] = sizes, shape, dtype
        return given


def _refusal(problems: Sequence[Problem]) -> Refusal:
    """Converts the first error to a refusal. Its message contains the line in the declaration."""
    first = next(problem for problem in problems if problem.severity == "error")
    place = f" (line {first.mark.line})" if first.mark is not None else ""
    return Refusal(f"cannot be built: {first.message}{place}", first.code)


def _with_policy(model: Model, policy: str) -> Model:
    """Sets the dtype policy of all layers without a declared dtype."""
    if policy == "float32":
        return model
    return model._replace(layers=tuple(_layer_with_policy(layer, policy) for layer in model.layers))


def _layer_with_policy(layer: Layer, policy: str) -> Layer:
    if layer.model is not None:
        return layer._replace(definition=_with_policy(layer.model, policy))
    states = isinstance(layer.place, SpecPlace) and layer.place.option("dtype") is not None
    keeps = states or layer.class_name == "InputLayer" or isinstance(layer.definition, Operation)
    return layer if keeps else layer._replace(dtype=policy)
