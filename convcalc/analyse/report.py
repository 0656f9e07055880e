"""The report as frozen data: all results of :func:`convcalc.analyse.inference.infer`.

An unknown number is :data:`UNKNOWN`. ``incomplete`` has a label for each number that is not fully known: ``unknown``,
or ``partial`` for a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Problem
from convcalc.base.structs import Struct
from convcalc.layers.dtypes import size_in_bytes
from convcalc.layers.registry import LayerDefinition, Weight
from convcalc.model import Definition, Layer, Model
from convcalc.ops import Operation

if TYPE_CHECKING:
    from convcalc.analyse.run import CallResult, ModelRun


def weight_bytes(weights: Iterable[Weight]) -> int:
    """Returns the size of weights in bytes. Weights of unknown size are left out."""
    total = 0
    for weight in weights:
        elements = product(weight.shape)
        if isinstance(elements, int):
            total += size_in_bytes(elements, weight.dtype or "float32")
    return total


def _non_trainable(counts: Counts | Totals) -> Number:
    """Returns all parameters minus the trainable parameters."""
    unknown = counts.incomplete.get("non_trainable_params") == "unknown"
    return UNKNOWN if unknown else counts.params - counts.trainable_params


def _shared(path: str) -> Any:
    """Returns a property with the value of the attribute at ``path``, such as ``counts.params``."""
    return property(attrgetter(path))


class CallReport:
    """One call of a layer.

    Attributes:
        inputs: the names of the tensors that the layer receives.
        result: the result of the engine; equal calls share one result.
        received: the shapes of the inputs, if the layer's rule gets other shapes, e.g. without masks.
        flops: floating-point operations; None unless requested (:func:`convcalc.analyse.flops.with_flops`).
        output_shapes: the shapes of the outputs (None: unknown).
        output_dtypes: the dtypes of the outputs (empty: unknown).
        macs: multiply-accumulates, for the whole batch if its size is known, otherwise for one sample.
        recorded: True if the output shapes come from the model's file, because they cannot be inferred.
        may_have_more_outputs: True if the number of outputs is unknown.
    """

    __slots__ = ("flops", "inputs", "received", "result")

    output_shapes: tuple[Shape | None, ...] = _shared("result.outputs")
    output_dtypes: tuple[str, ...] = _shared("result.dtypes")
    macs: Number = _shared("result.macs")
    recorded: bool = _shared("result.recorded")
    may_have_more_outputs: bool = _shared("result.may_have_more_outputs")

    def __init__(
        self,
        inputs: tuple[str, ...],
        result: CallResult,
        received: tuple[Shape | None, ...] = (),
        flops: Number | None = None,
    ) -> None:
        self.inputs, self.result, self.received, self.flops = inputs, result, received, flops

    def __repr__(self) -> str:
        """Returns the names of the inputs and the output shapes."""
        from convcalc.base.text import shapes_text

        inputs = ", ".join(self.inputs) or "no inputs"
        return f"{type(self).__name__}({inputs} → {shapes_text(self.output_shapes, self.may_have_more_outputs)})"

    @property
    def input_shapes(self) -> tuple[Shape | None, ...]:
        """The shapes of all tensors that the layer receives, in the order of :attr:`inputs`."""
        return self.received or self.result.inputs


class Counts(Struct):
    """The numbers of a row. Equal layers share one object, so objects are compared by identity.

    Attributes:
        output_shapes: the output shapes of the layer's last call, as in Keras.
        weights: the weights; empty for a nested model.
        params: number of parameters.
        trainable_params: number of parameters that are trained by gradients.
        macs: multiply-accumulates of all calls.
        incomplete: labels of the numbers that are not fully known.
        still_trainable: weights that count as trainable in the model, although the layer is frozen (see
            ``trainable_in_model``).
        nested_output_shapes: the output shapes of a nested model for its own inputs.
        nested_output_names: the keys of a nested model's outputs, if the outputs are a dict.
        recorded: True if the weights come from the model's file, because they cannot be inferred.
        flops: floating-point operations of all calls; None unless requested.
        inside_unknown: True if the layer is frozen and ``still_trainable`` is unknown.
    """

    output_shapes: tuple[Shape | None, ...]
    weights: tuple[Weight, ...]
    params: Number
    trainable_params: Number
    macs: Number
    incomplete: Mapping[str, str] = {}
    still_trainable: tuple[Weight, ...] = ()
    nested_output_shapes: tuple[Shape | None, ...] = ()
    nested_output_names: tuple[str, ...] = ()
    recorded: bool = False
    flops: Number | None = None
    inside_unknown: bool = False

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        """Returns the numbers. The weights are left out, because a layer can have very many."""
        return (
            f"{type(self).__name__}(params={self.params}, trainable_params={self.trainable_params}, macs={self.macs})"
        )

    @property
    def trainable_in_model(self) -> Number:
        """Number of parameters that the model counts as trainable, although the layer itself may be frozen.

        Keras does not freeze the layers inside a wrapper that was created with ``trainable: false``. The wrapper counts
        their weights as non-trainable, but the model around it counts them as trainable.
        """
        if self.inside_unknown:
            return UNKNOWN
        if not self.still_trainable:
            return self.trainable_params
        return sum((product(weight.shape) for weight in self.still_trainable), self.trainable_params)


class LayerReport:
    """One row of the report. See :class:`Counts` for the numbers.

    To save memory, equal rows share one ``counts``, and the rows of one model share one ``prefix``.

    Attributes:
        layer: the layer.
        prefix: the names of the enclosing models, each with a slash after it.
        depth: 0 for a layer of the model itself.
        trainable: False if the layer or an enclosing model is frozen.
        calls: the calls of the layer.
        sublayers: the rows of the layers among the arguments, e.g. of a Pipeline. Their numbers are
            included in this row.
        config: the arguments of the layer, without defaults.
        dtype: the dtype policy.
        definition: a catalogue entry, an operation, a nested model, or foreign.
    """

    __slots__ = ("calls", "counts", "depth", "layer", "prefix", "sublayers", "trainable")

    name: str = _shared("layer.name")
    class_name: str = _shared("layer.class_name")
    config: Mapping[str, Any] = _shared("layer.args")
    dtype: str = _shared("layer.dtype")
    definition: Definition = _shared("layer.definition")
    output_shapes: tuple[Shape | None, ...] = _shared("counts.output_shapes")
    nested_output_shapes: tuple[Shape | None, ...] = _shared("counts.nested_output_shapes")
    nested_output_names: tuple[str, ...] = _shared("counts.nested_output_names")
    weights: tuple[Weight, ...] = _shared("counts.weights")
    recorded: bool = _shared("counts.recorded")
    params: Number = _shared("counts.params")
    trainable_params: Number = _shared("counts.trainable_params")
    still_trainable: tuple[Weight, ...] = _shared("counts.still_trainable")
    macs: Number = _shared("counts.macs")
    flops: Number | None = _shared("counts.flops")
    incomplete: Mapping[str, str] = _shared("counts.incomplete")

    def __init__(
        self,
        layer: Layer,
        prefix: str,
        depth: int,
        trainable: bool,
        calls: tuple[CallReport, ...],
        counts: Counts,
        sublayers: tuple[LayerReport, ...] = (),
    ) -> None:
        self.layer, self.prefix, self.depth, self.trainable = layer, prefix, depth, trainable
        self.calls, self.counts, self.sublayers = calls, counts, sublayers

    def __repr__(self) -> str:
        """Returns the path, the class, the output shapes and the number of parameters."""
        from convcalc.base.text import number_text, shapes_text

        shape = shapes_text(self.output_shapes, self.may_have_more_outputs)
        params = number_text(self.params, self.incomplete.get("params"))
        return f"{type(self).__name__}({self.path!r}, {self.class_name}, {shape}, {params} params)"

    def with_counts(self, counts: Counts, calls: tuple[CallReport, ...] | None = None) -> LayerReport:
        """Returns the row with ``counts`` instead of its own numbers."""
        calls = self.calls if calls is None else calls
        return LayerReport(self.layer, self.prefix, self.depth, self.trainable, calls, counts, self.sublayers)

    @property
    def path(self) -> str:
        """The names of the enclosing models and of the layer, separated by slashes."""
        return self.prefix + self.layer.name

    @property
    def may_have_more_outputs(self) -> bool:
        """True if the layer's last call may have more outputs than :attr:`output_shapes` lists."""
        return bool(self.calls) and self.calls[-1].may_have_more_outputs

    @property
    def non_trainable_params(self) -> Number:
        """Number of parameters that are not trained by gradients."""
        return _non_trainable(self.counts)

    @property
    def module(self) -> str:
        """The module from which Keras exports the class; empty for a custom class."""
        if self.class_name in ("Sequential", "Functional"):
            return "keras"
        definition = self.layer.definition
        if isinstance(definition, Operation):
            return definition.module
        return "keras.layers" if isinstance(definition, LayerDefinition) and not definition.is_custom else ""


class Totals(Struct):
    """The sums over a model. For a layer that is called twice, the parameters count once and the MACs count twice.

    Attributes:
        param_bytes, trainable_bytes: the size in bytes of all parameters, and of the trainable parameters.
        still_trainable: the weights of frozen wrappers that nevertheless count as trainable.
    """

    params: Number
    trainable_params: Number
    param_bytes: Number
    trainable_bytes: Number
    macs: Number
    incomplete: Mapping[str, str] = {}
    still_trainable: tuple[Weight, ...] = ()
    flops: Number | None = None

    @property
    def non_trainable_params(self) -> Number:
        """Number of parameters that are not trained by gradients."""
        return _non_trainable(self)


@dataclass(frozen=True, repr=False)
class Report:
    """Shapes, parameters and costs of a model.

    Attributes:
        layers: the rows, in Keras's order, each nested model followed by its layers.
        linear: True if the model is one chain of layers.
        run: the results of the engine, for further analyses.
        problems: the warnings.
        convention: how the FLOPs are counted; empty if none were requested.
    """

    model: Model
    layers: tuple[LayerReport, ...]
    totals: Totals
    input_shapes: tuple[Shape | None, ...]
    output_shapes: tuple[Shape | None, ...]
    linear: bool
    run: ModelRun = field(repr=False, compare=False)
    problems: tuple[Problem, ...] = ()
    convention: str = ""

    def __repr__(self) -> str:
        """Returns the name and the totals. ``str`` of a public report is the whole table."""
        from convcalc.base.text import number_text

        count = len(self.layers)
        params = number_text(self.totals.params, self.totals.incomplete.get("params"))
        return f"{type(self).__name__}({self.model.name!r}, {count:,} layer{'s' * (count != 1)}, {params} params)"
