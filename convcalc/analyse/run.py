"""A model as it was run: what analyses find at each call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from convcalc.base.numbers import Number, Shape
from convcalc.base.structs import Struct
from convcalc.layers import Inferred, LayerDefinition, Weight
from convcalc.model import Model, Ref
from convcalc.ops import Operation

# The shape of a tensor that a broken layer gives: not even the number of its axes is known.
NOTHING: None = None


class Step(Struct):
    """One rule as it was run, from which further costs are worked out. ``definition`` is None if the class is unknown."""

    definition: LayerDefinition | Operation | None
    args: Mapping[str, Any]
    inputs: Sequence[Shape]
    inferred: Inferred | None


class Ran(Struct):
    """One call as it was run: the shapes that reached it, and what came of it. ``recorded`` says that the output shapes are
    those that the model's file records, as they cannot be inferred. ``step`` is the rule that ran; of a nested model there is
    its run on these inputs instead (``inside``). An input has neither.
    """

    inputs: tuple[Shape | None, ...]
    outputs: tuple[Shape | None, ...]
    dtypes: tuple[str, ...]
    inferred: Inferred | None
    macs: Number
    step: Step | None = None
    inside: Run | None = None
    recorded: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """The rules that ran: one for a layer, those of all its calls for a nested model."""
        if self.inside is not None:
            return tuple([step for ran in self.inside.calls for step in ran.steps])
        return () if self.step is None else (self.step,)


class Run:
    """A model's calls as they were run on given input shapes, and the runs of its ``nested`` models, by layer number, on their
    own input shapes. ``weights`` are those of each layer; None where none are known.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.calls: list[Ran] = []
        self.nested: dict[int, Run] = {}
        self.weights: list[tuple[Weight, ...] | None] = [None] * len(model.layers)

    def shape(self, ref: Ref) -> Shape | None:
        return self.shapes((ref,))[0]

    def shapes(self, refs: Iterable[Ref]) -> tuple[Shape | None, ...]:
        calls = self.calls
        return tuple(
            [outputs[ref.output] if ref.output < len(outputs := calls[ref.call].outputs) else NOTHING for ref in refs]
        )

    def dtype(self, ref: Ref) -> str:
        dtypes = self.calls[ref.call].dtypes
        return dtypes[ref.output] if ref.output < len(dtypes) else ""

    @property
    def outputs(self) -> tuple[Shape | None, ...]:
        return tuple(map(self.shape, self.model.outputs))
