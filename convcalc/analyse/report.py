"""What is found out about a model: frozen data, made once by :func:`convcalc.analyse.inference.infer` and only read after.

A number that cannot be known is :data:`UNKNOWN`; ``incomplete`` says whether a number is ``unknown`` or a lower bound
(``partial``). :mod:`convcalc.report_json.write` makes the JSON report of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Problem
from convcalc.base.structs import Struct
from convcalc.layers.dtypes import size_in_bytes
from convcalc.layers.registry import LayerDefinition, Weight
from convcalc.model import Definition, Layer, Model
from convcalc.ops import Operation

if TYPE_CHECKING:
    from convcalc.analyse.run import Ran, Run, Step


def weight_bytes(weights: Iterable[Weight]) -> int:
    """The bytes of weights; those of an unknown size are left out."""
    total = 0
    for weight in weights:
        elements = product(weight.shape)
        if isinstance(elements, int):
            total += size_in_bytes(elements, weight.dtype or "float32")
    return total


class CallReport(Struct):
    """One call of a layer: the tensors that it received (``inputs``), how it ran, and the shapes of the ``masks`` that it took
    besides. ``flops`` is None unless it was asked for (:func:`convcalc.analyse.flops.with_flops`).
    """

    inputs: tuple[str, ...]
    ran: Ran
    masks: tuple[Shape | None, ...] = ()
    flops: Number | None = None

    @property
    def input_shapes(self) -> tuple[Shape | None, ...]:
        """The shapes of all that the call received."""
        return self.ran.inputs + self.masks if self.masks else self.ran.inputs

    @property
    def output_shapes(self) -> tuple[Shape | None, ...]:
        """The shapes of its outputs; None for one of which nothing is known."""
        return self.ran.outputs

    @property
    def output_dtypes(self) -> tuple[str, ...]:
        """The dtypes of its outputs; empty for one that is not known."""
        return self.ran.dtypes

    @property
    def macs(self) -> Number:
        """Its multiply-accumulates, for one sample or for the batch that is stated."""
        return self.ran.macs

    @property
    def recorded(self) -> bool:
        """Whether the output shapes are those that the model's file records, as they cannot be inferred."""
        return self.ran.recorded

    @property
    def steps(self) -> tuple[Step, ...]:
        """The rules that ran: one for a layer, those of all its calls for a nested model."""
        return self.ran.steps


class Counts(Struct):
    """What a row says that layers have in common which ran alike. Its names are explained at :class:`LayerReport`."""

    output_shapes: tuple[Shape | None, ...]
    weights: tuple[Weight, ...]
    params: Number
    trainable_params: Number
    macs: Number
    incomplete: Mapping[str, str] = {}
    left_trainable: tuple[Weight, ...] = ()
    own_shapes: tuple[Shape | None, ...] = ()
    own_names: tuple[str, ...] = ()
    recorded: bool = False
    flops: Number | None = None

    @property
    def trainable_in_model(self) -> Number:
        """The parameters that count as trainable in the model around the layer.

        The layers inside a wrapper that was made with ``trainable: false`` are not frozen by that: the wrapper trains none of
        their weights (``left_trainable``), and yet Keras counts them so in the model.
        """
        if not self.left_trainable:
            return self.trainable_params
        return sum((product(weight.shape) for weight in self.left_trainable), self.trainable_params)


class LayerReport(Struct):
    """One row: a layer, or one of a nested model (then ``depth`` > 0). ``trainable`` says whether it trains where it stands,
    ``inside`` are the layers that it lists, such as those of a Pipeline, whose numbers are its own. In a model of many layers
    its rows are most of the memory: what several have in common they share, as ``counts`` and as the ``prefix`` of their paths.
    """

    layer: Layer
    prefix: str
    depth: int
    trainable: bool
    calls: tuple[CallReport, ...]
    counts: Counts
    inside: tuple[LayerReport, ...] = ()

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    @property
    def class_name(self) -> str:
        """Its class."""
        return self.layer.class_name

    @property
    def path(self) -> str:
        """Its name behind those of the models around it."""
        return self.prefix + self.layer.name

    @property
    def config(self) -> Mapping[str, Any]:
        """The arguments that were given."""
        return self.layer.args

    @property
    def dtype(self) -> str:
        """Its dtype policy."""
        return self.layer.dtype

    @property
    def definition(self) -> Definition:
        """What the layer is: an entry of the catalogue, an operation, a nested model, or foreign."""
        return self.layer.definition

    @property
    def output_shapes(self) -> tuple[Shape | None, ...]:
        """The shapes that its last call gives, as Keras prints them."""
        return self.counts.output_shapes

    @property
    def own_shapes(self) -> tuple[Shape | None, ...]:
        """Those that a nested model gives for its own inputs."""
        return self.counts.own_shapes

    @property
    def own_names(self) -> tuple[str, ...]:
        """The keys of those where they come in a dict, as :class:`Model` has them."""
        return self.counts.own_names

    @property
    def weights(self) -> tuple[Weight, ...]:
        """Its weights; none of a nested model, whose layers have them."""
        return self.counts.weights

    @property
    def recorded(self) -> bool:
        """Whether these are the weights that the model's file stores, as they cannot be inferred."""
        return self.counts.recorded

    @property
    def params(self) -> Number:
        """The number of its parameters."""
        return self.counts.params

    @property
    def trainable_params(self) -> Number:
        """Those of them that training changes."""
        return self.counts.trainable_params

    @property
    def left_trainable(self) -> tuple[Weight, ...]:
        """The weights of a frozen layer that count as trainable further out."""
        return self.counts.left_trainable

    @property
    def macs(self) -> Number:
        """The multiply-accumulates of all its calls."""
        return self.counts.macs

    @property
    def flops(self) -> Number | None:
        """The floating-point operations of all its calls; None where they were not asked for."""
        return self.counts.flops

    @property
    def incomplete(self) -> Mapping[str, str]:
        """Which numbers are ``unknown``, or a lower bound (``partial``)."""
        return self.counts.incomplete

    @property
    def non_trainable_params(self) -> Number:
        """The parameters that training does not change by gradient."""
        return UNKNOWN if "non_trainable_params" in self.incomplete else self.params - self.trainable_params

    @property
    def module(self) -> str:
        """The module that Keras exports the class from; null for a class that is not Keras's."""
        if self.class_name in ("Sequential", "Functional"):
            return "keras"
        definition = self.layer.definition
        if isinstance(definition, Operation):
            return definition.module
        return "keras.layers" if isinstance(definition, LayerDefinition) and not definition.is_custom else ""


class Totals(Struct):
    """The sums over a model; a layer that is called twice has its parameters counted once and its MACs twice.

    ``left_trainable`` are the weights of frozen wrappers that count as trainable all the same.
    """

    params: Number
    trainable_params: Number
    param_bytes: Number
    trainable_bytes: Number
    macs: Number
    incomplete: Mapping[str, str] = {}
    left_trainable: tuple[Weight, ...] = ()
    flops: Number | None = None

    @property
    def non_trainable_params(self) -> Number:
        """The parameters that training does not change by gradient."""
        return UNKNOWN if "non_trainable_params" in self.incomplete else self.params - self.trainable_params


@dataclass(frozen=True)
class Report:
    """Everything about one model. ``linear`` says that it is one chain, which needs no connections shown; ``convention`` which
    FLOPs its rows have, empty where none were asked for; ``run`` is the model as it was run, on which further analyses stand
    that are made when they are asked for.
    """

    model: Model
    layers: tuple[LayerReport, ...]
    totals: Totals
    input_shapes: tuple[Shape | None, ...]
    output_shapes: tuple[Shape | None, ...]
    linear: bool
    run: Run = field(repr=False, compare=False)
    problems: tuple[Problem, ...] = ()
    convention: str = ""
