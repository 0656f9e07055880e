"""The results of the engine: a result for each call of a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.structs import Struct
from convcalc.layers import Inferred, LayerDefinition, Weight
from convcalc.model import Model, Ref
from convcalc.ops import Operation

UNKNOWN_SHAPE: None = None
"""The shape of a tensor with an unknown number of axes."""


class CallResult(Struct):
    """The result of one call. Equal calls share one result, so results are compared by identity.

    Attributes:
        inputs, outputs: the shapes.
        dtypes: the dtypes of the outputs, empty if unknown.
        inferred: the result of the layer's rule; None if no rule could run.
        macs: the multiply-accumulates, for the whole batch if its size is known, otherwise for one sample.
        definition: the layer or operation whose rule ran; None if no rule ran.
        args: the arguments of the rule.
        nested: the run of a nested model on these inputs.
        recorded: True if the output shapes come from the model's file, because they cannot be inferred.
        may_have_more_outputs: True if the number of outputs is unknown, as for a custom layer. A file records only the
            outputs that other layers use.
    """

    inputs: tuple[Shape | None, ...]
    outputs: tuple[Shape | None, ...]
    dtypes: tuple[str, ...]
    inferred: Inferred | None
    macs: Number
    definition: LayerDefinition | Operation | None = None
    args: Mapping[str, Any] = {}
    nested: ModelRun | None = None
    recorded: bool = False
    may_have_more_outputs: bool = False

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def rule_inputs(self) -> tuple[Shape, ...]:
        """The input shapes on which the rule ran."""
        return tuple([shape for shape in self.inputs if shape is not None])

    @property
    def rule_results(self) -> tuple[CallResult, ...]:
        """The results of this call's rule, or of all rules inside a nested model. Empty for a model input."""
        if self.nested is not None:
            return tuple([inner for result in self.nested.results for inner in result.rule_results])
        is_input = self.definition is None and self.inferred is not None
        return () if is_input else (self,)


def unknown_result(inputs: tuple[Shape | None, ...]) -> CallResult:
    """Returns the result of a call of an unknown class, or of a layer that could not be read."""
    return CallResult(inputs, (UNKNOWN_SHAPE,), ("",), None, UNKNOWN)


class ModelRun:
    """The results of all calls of a model, on given input shapes.

    Attributes:
        results: the result of each call, by its number.
        nested: for each nested model, by the layer's number: its run on its own input shapes.
        weights: the weights of each layer; None if they are unknown.
        weights_alone: the weights of layers whose input shapes are unknown, by the layer's number.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.results: list[CallResult] = []
        self.nested: dict[int, ModelRun] = {}
        self.weights: list[tuple[Weight, ...] | None] = [None] * len(model.layers)
        self.weights_alone: dict[int, tuple[Weight, ...]] = {}

    def shape(self, ref: Ref) -> Shape | None:
        """Returns the shape of a tensor."""
        return self.shapes((ref,))[0]

    def shapes(self, refs: Iterable[Ref]) -> tuple[Shape | None, ...]:
        """Returns the shapes of tensors."""
        results = self.results
        return tuple(
            [
                outputs[ref.output] if ref.output < len(outputs := results[ref.call].outputs) else UNKNOWN_SHAPE
                for ref in refs
            ]
        )

    def dtype(self, ref: Ref) -> str:
        """Returns the dtype of a tensor; empty if it is unknown."""
        dtypes = self.results[ref.call].dtypes
        return dtypes[ref.output] if ref.output < len(dtypes) else ""

    def value(self, ref: Ref) -> Any:
        """Returns the elements of a small integer tensor, such as a shape; None if unknown
        (:mod:`convcalc.ops.shape_values`).
        """
        inferred = self.results[ref.call].inferred
        values = inferred.values if inferred is not None else ()
        return values[ref.output] if ref.output < len(values) else None

    @property
    def output_refs(self) -> tuple[Ref, ...]:
        """The model's outputs. A Sequential returns all outputs of its last layer."""
        refs = self.model.outputs
        if self.model.class_name != "Sequential" or len(refs) != 1 or refs[0].output:
            return refs
        return tuple([Ref(refs[0].call, output) for output in range(len(self.results[refs[0].call].outputs))])

    @property
    def outputs(self) -> tuple[Shape | None, ...]:
        """The shapes of the model's outputs; one unknown shape if the file has only the layers of the model."""
        return self.shapes(self.output_refs) or (UNKNOWN_SHAPE,)
