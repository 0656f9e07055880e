"""Computes the bytes of weights and activations, the peak, and an estimate for training.

The outputs of all calls are activations. Memory that a layer needs internally, or that a runtime adds, is not counted.

If the batch size is unknown, the engine runs again with batch size 1. Replacing the batch axis by 1 in all shapes would
be wrong: an operation such as ``keras.ops.reshape`` may merge the batch axis into another axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convcalc.analyse.assumptions import Assumptions
from convcalc.analyse.inference import run_on
from convcalc.analyse.liveness import ExecutionStep, sizes_alive, storages, tensors_alive
from convcalc.analyse.optimizers import slots
from convcalc.analyse.report import Counts, LayerReport, Report, weight_bytes
from convcalc.analyse.run import CallResult, ModelRun
from convcalc.analyse.sums import PartialSum, sum_known
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import ConvcalcError
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition, Weight
from convcalc.layers.dtypes import BITS, size_in_bytes
from convcalc.model import Layer, Ref, call_numbers, execution_order
from convcalc.ops import Operation


class TensorSize(Struct):
    """The size in bytes of an output of a call; ``name`` is ``layer[call][output]``."""

    name: str
    size: Number


class Moment(Struct):
    """A step of the execution: the layer's path, the number of the call, and the bytes of all tensors alive."""

    layer: str
    call: int
    alive: int


class WeightGroup(Struct):
    """The bytes of all weights that have the same dtype and the same value of ``trainable`` (None: unknown)."""

    dtype: str
    trainable: bool | None
    size: int


class Training(Struct):
    """The estimated bytes of a training step. Training keeps the outputs of all calls for the gradients."""

    optimizer: str
    weights: Number
    gradients: Number
    slots: Number
    activations: Number
    inputs: Number
    label: str = ""

    @property
    def total(self) -> Number:
        """The sum of all parts."""
        return sum_known([self.weights, self.gradients, self.slots, self.activations, self.inputs]).value


class Memory(Struct):
    """The memory of a model, in bytes.

    Attributes:
        batch: the batch size.
        outputs: the bytes of each call's outputs, by the path of the layer and the number of the call. For a layer of a nested
            model, only the model's first call counts.
        peak_at_layer: the maximum bytes alive while a layer runs, by the path of the layer.
        inputs: the bytes of the model's inputs.
        activations: the bytes of the outputs of all calls, without the inputs.
        peak: the maximum bytes alive at the same time, including the inputs.
        peak_step: the index, in ``moments``, of the first step that reaches the peak.
        moments: the steps, in the order of execution.
        alive: the tensors that are alive at the peak.
        weights: the bytes of the weights, by dtype.
        weight_bytes: the bytes of all weights.
        layer_weights: the bytes of the weights, by the path of the layer.
        training: the estimate for a training step, if requested.
        incomplete: labels of the numbers that are not fully known.
    """

    assumptions: Assumptions
    batch: Number
    outputs: Mapping[tuple[str, int], Number]
    peak_at_layer: Mapping[str, int]
    inputs: Number
    activations: Number
    peak: Number
    peak_step: int
    moments: tuple[Moment, ...]
    alive: tuple[TensorSize, ...]
    weights: tuple[WeightGroup, ...]
    weight_bytes: Number
    layer_weights: Mapping[str, Number]
    training: Training | None = None
    incomplete: Mapping[str, str] = {}

    @property
    def peak_layer(self) -> str | None:
        """The path of the layer that runs at the peak; None if unknown."""
        return None if self.peak is UNKNOWN else self.moments[self.peak_step].layer

    def call_bytes(self, row: LayerReport) -> list[Number]:
        """Returns the bytes of the outputs of each call of a layer."""
        path = row.path
        return [self.outputs.get((path, number), UNKNOWN) for number in range(len(row.calls))]

    def output_bytes(self, row: LayerReport) -> PartialSum:
        """Returns the bytes of the outputs of all calls of a layer."""
        return sum_known(self.call_bytes(row))

    def weights_of(self, row: LayerReport) -> PartialSum:
        """Returns the bytes of the weights of a layer, including those of nested layers."""
        return PartialSum(self.layer_weights[row.path], row.incomplete.get("params", ""))


def memory_of(report: Report, assumptions: Assumptions) -> Memory:
    """Returns the memory of a model under these assumptions."""
    run, batch = _run_with_batch(report)
    schedule = _Schedule(assumptions.dtype)
    input_tensors = schedule.start(run)
    kept = schedule.add_model(run, "", "", input_tensors)
    steps, sizes = schedule.steps, [tensor.size for tensor in schedule.tensors]
    pieces = storages(steps, sizes, kept, assumptions.in_place)
    alive = sizes_alive(steps, pieces)
    inputs = sum_known([sizes[tensor] for tensor in input_tensors])
    is_input = set(input_tensors)
    activations = sum_known([piece.size for piece in pieces if piece.tensors[0] not in is_input])
    total = sum_known(sizes)
    peak: Number = UNKNOWN if total.value is UNKNOWN else max(alive)
    peak_step = alive.index(max(alive))
    written = {tensor: number for number, step in enumerate(steps) for tensor in step.writes}
    weights, trained = _weights(report, assumptions.dtype)
    total_weights = report.totals.param_bytes if report.totals.param_bytes is UNKNOWN else weight_bytes(weights)
    labels = {
        "input_bytes": inputs.label,
        "activation_bytes": activations.label,
        "peak_activation_bytes": total.label,
        "peak_layer": total.label,
        "weight_bytes": report.totals.incomplete.get("param_bytes", ""),
    }
    memory = Memory(
        assumptions=assumptions,
        batch=batch,
        outputs=schedule.outputs,
        peak_at_layer=_peaks(schedule.spans, alive),
        inputs=inputs.value,
        activations=activations.value,
        peak=peak,
        peak_step=peak_step,
        moments=tuple(Moment(step.layer, step.call, size) for step, size in zip(steps, alive)),
        alive=tuple(
            TensorSize(schedule.tensors[tensor].name, size)
            for tensor, size in tensors_alive(peak_step, pieces, written)
        ),
        weights=_groups(weights, trained),
        weight_bytes=total_weights,
        layer_weights=_layer_weights(report, assumptions.dtype),
        incomplete={name: label for name, label in labels.items() if label},
    )
    return memory._replace(training=_training(memory, trained, report)) if assumptions.optimizer else memory


def _run_with_batch(report: Report) -> tuple[ModelRun, Number]:
    """Returns a run of the model, and its batch size. An unknown batch size is replaced by 1."""
    stated = [shape[0] for shape in report.input_shapes if shape and shape[0] is not UNKNOWN]
    batch = stated[0] if stated else 1
    shapes = tuple((batch, *shape[1:]) if shape and shape[0] is UNKNOWN else shape for shape in report.input_shapes)
    if shapes == report.input_shapes:
        return report.run, batch
    try:
        return run_on(report.model, shapes), batch
    except ConvcalcError:  # if the model rejects batch size 1, the sizes stay unknown
        return report.run, UNKNOWN


class _Schedule:
    """The steps of a model and its nested models, in the order of execution.

    Attributes:
        dtype: one dtype for all tensors; None: the dtypes of the model.
        tensors: the tensors, by number.
        outputs: the bytes of each call's outputs, by the path of the layer and the number of the call.
        spans: the path of the layer, the first step, and the last step plus 1 of each call.
    """

    def __init__(self, dtype: str | None) -> None:
        self.dtype = dtype
        self.tensors: list[TensorSize] = []
        self.steps: list[ExecutionStep] = []
        self.outputs: dict[tuple[str, int], Number] = {}
        self.spans: list[tuple[str, int, int]] = []
        self._sizes_of: dict[CallResult, list[Number]] = {}

    def start(self, run: ModelRun) -> list[int]:
        """Adds the first step, which writes the model's inputs. Returns the numbers of the input tensors."""
        names = [run.model.layer_of(ref).name for ref in run.model.inputs]
        tensors = [self.add_tensor(f"{name}[0][0]", self.size(run, ref)) for name, ref in zip(names, run.model.inputs)]
        self.steps.append(ExecutionStep(names[0] if names else "", 0, (), tuple(tensors)))
        self.spans += [(name, 0, 1) for name in names]
        return tensors

    def add_model(self, run: ModelRun, path: str, prefix: str, inputs: Sequence[int]) -> list[int]:
        """Adds the steps of a model. Returns the numbers of its output tensors.

        ``path`` is the start of the layers' paths, such as ``encoder/``. ``prefix`` is the start of the tensors' names.
        """
        model = run.model
        numbers = call_numbers(model)
        for number, call in enumerate(model.calls):
            key = (path + model.layers[call.layer].name, numbers[number])
            self.outputs.setdefault(key, sum(self.sizes(run.results[number])))
        tensors = dict(zip(model.inputs, inputs))
        output_counts = _output_counts(run)
        for number in execution_order(model):
            if Ref(number) in tensors:
                continue
            call = model.calls[number]
            layer = model.layers[call.layer]
            layer_path, first = path + layer.name, len(self.steps)
            reads = tuple(tensors[ref] for ref in call.sources)
            name = f"{prefix}{layer.name}[{numbers[number]}]"
            nested = run.results[number].nested
            if nested is not None:
                inner_prefix = f"{name if numbers[number] else prefix + layer.name}/"
                outputs = self.add_model(nested, f"{layer_path}/", inner_prefix, reads[: len(call.inputs)])
            else:
                outputs = [
                    self.add_tensor(f"{name}[{output}]", self.size(run, Ref(number, output)))
                    for output in range(output_counts[number])
                ]
                reuse = _buffer_reuse(layer)
                self.steps.append(ExecutionStep(layer_path, numbers[number], reads, tuple(outputs), reuse))
            if len(self.steps) > first:
                self.spans.append((layer_path, first, len(self.steps)))
            tensors |= {Ref(number, output): tensor for output, tensor in enumerate(outputs)}
        return [tensors[ref] for ref in run.output_refs]

    def add_tensor(self, name: str, size: Number) -> int:
        """Adds a tensor. Returns its number."""
        self.tensors.append(TensorSize(name, size))
        return len(self.tensors) - 1

    def size(self, run: ModelRun, ref: Ref) -> Number:
        """Returns the bytes of a tensor."""
        sizes = self.sizes(run.results[ref.call])
        return sizes[ref.output] if ref.output < len(sizes) else UNKNOWN

    def sizes(self, result: CallResult) -> list[Number]:
        """Returns the bytes of the outputs of a call."""
        sizes = self._sizes_of.get(result)
        if sizes is None:
            dtypes = [(self.dtype if BITS.get(dtype) else None) or dtype for dtype in result.dtypes]
            sizes = self._sizes_of[result] = [_bytes(shape, dtype) for shape, dtype in zip(result.outputs, dtypes)]
        return sizes


def _peaks(spans: Sequence[tuple[str, int, int]], alive: Sequence[int]) -> dict[str, int]:
    """Returns the maximum bytes that are alive while each layer runs, by the layer's path."""
    peaks: dict[str, int] = {}
    for path, first, end in spans:
        peaks[path] = max(peaks.get(path, 0), *alive[first:end])
    return peaks


def _output_counts(run: ModelRun) -> list[int]:
    """Returns the number of outputs of each call: the known outputs, and further outputs that the model uses."""
    counts = [len(result.outputs) for result in run.results]
    for refs in (*(call.sources for call in run.model.calls), run.model.outputs):
        for ref in refs:
            counts[ref.call] = max(counts[ref.call], ref.output + 1)
    return counts


def _buffer_reuse(layer: Layer) -> str:
    """Returns how a layer may reuse the memory of its input; empty for an unknown class."""
    definition = layer.definition
    return definition.buffer_reuse if isinstance(definition, (LayerDefinition, Operation)) else ""


def _bytes(shape: Shape | None, dtype: str) -> Number:
    """Returns the bytes of a tensor; unknown for a tensor of strings or of unknown size."""
    elements = UNKNOWN if shape is None else product(shape)
    return size_in_bytes(elements, dtype) if isinstance(elements, int) and BITS.get(dtype) else UNKNOWN


def _weights(report: Report, dtype: str | None) -> tuple[list[Weight], list[Weight]]:
    """Returns all weights of the model, and the trainable weights. ``dtype``, if given, replaces their dtypes."""
    weights = [weight for row in report.layers for weight in row.weights]
    trained = [*(weight for weight in weights if weight.trainable), *report.totals.still_trainable]
    return _with_dtype(weights, dtype), _with_dtype(trained, dtype)


def _with_dtype(weights: Sequence[Weight], dtype: str | None) -> list[Weight]:
    return [weight._replace(dtype=dtype) for weight in weights] if dtype else list(weights)


def _layer_weights(report: Report, dtype: str | None) -> dict[str, Number]:
    """Returns the bytes of each layer's weights, by the layer's path; for a nested model, the sum over its layers."""
    sizes: dict[str, Number] = {}
    size_of: dict[Counts, Number] = {}
    paths: list[str] = []  # the names of the enclosing models and of the layer, by depth
    for row in report.layers:
        size = size_of.get(row.counts)
        if size is None:
            size = UNKNOWN if row.params is UNKNOWN else weight_bytes(_with_dtype(row.weights, dtype))
            size_of[row.counts] = size
        paths = [*paths[: row.depth], row.path]
        for path in paths:
            sizes[path] = sum_known([sizes.get(path, 0), size]).value if path != row.path else size
    return sizes


def _groups(weights: Sequence[Weight], trained: Sequence[Weight]) -> tuple[WeightGroup, ...]:
    """Returns the bytes of the weights for each pair (dtype, trainable).

    The weights in ``trained`` are also in ``weights``, and count as trainable whatever their own flag says.
    """
    sizes: dict[tuple[str, bool | None], int] = {}

    def add(weight: Weight, trainable: bool | None, size: int) -> None:
        key = (weight.dtype or "float32", trainable)
        sizes[key] = sizes.get(key, 0) + size

    for weight in weights:
        add(weight, None if weight.trainable is None else False, weight_bytes([weight]))
    for weight in trained:
        size = weight_bytes([weight])
        add(weight, True, size)
        add(weight, False, -size)
    return tuple(WeightGroup(*key, size) for key, size in sizes.items() if size)


def _training(memory: Memory, trained: Sequence[Weight], report: Report) -> Training:
    """Returns the estimate for a training step with the assumed optimizer."""
    optimizer = memory.assumptions.optimizer or ""
    is_unknown = report.totals.trainable_params is UNKNOWN
    incomplete = {**report.totals.incomplete, **memory.incomplete}
    summands = ("trainable_params", "param_bytes", "input_bytes", "activation_bytes")
    return Training(
        optimizer=optimizer,
        weights=memory.weight_bytes,
        gradients=UNKNOWN if is_unknown else weight_bytes(trained),
        slots=UNKNOWN if is_unknown else weight_bytes(slots(optimizer, trained)),
        activations=memory.activations,
        inputs=memory.inputs,
        label="partial" if any(name in incomplete for name in summands) else "",
    )
