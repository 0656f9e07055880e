"""Memory: the bytes of weights and activations, what is alive at once, and what training takes.

The outputs of all calls are activations; what a layer needs inside itself, and what a runtime does, is not counted. Where the
batch is not known, it is one sample: the model is run once more for that, so that a batch folded into another axis counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convcalc.analyse.assumptions import Assumptions
from convcalc.analyse.inference import run_on
from convcalc.analyse.liveness import ExecutionStep, sizes_alive, storages, tensors_alive
from convcalc.analyse.optimizers import slots
from convcalc.analyse.report import LayerReport, Report, weight_bytes
from convcalc.analyse.run import Ran, Run
from convcalc.analyse.sums import PartialSum, sum_known
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import ConvcalcError
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition, Weight
from convcalc.layers.dtypes import BITS, size_in_bytes
from convcalc.model import Layer, Ref, call_numbers, execution_order
from convcalc.ops import Operation


class Tensor(Struct):
    """An output of a call, ``name[call][output]``, and its bytes."""

    name: str
    size: Number


class Moment(Struct):
    """A step of the execution: the path of the layer, which of its calls it is, and the bytes that are alive then."""

    layer: str
    call: int
    alive: int


class WeightGroup(Struct):
    """The bytes of all weights of one type that train, or that do not; None of which that is not known."""

    dtype: str
    trainable: bool | None
    size: int


class Training(Struct):
    """An estimate of what a step of training takes: the outputs of all calls are kept for the gradients."""

    optimizer: str
    weights: Number
    gradients: Number
    slots: Number
    activations: Number
    inputs: Number
    label: str = ""

    @property
    def total(self) -> Number:
        """All of it."""
        return sum_known([self.weights, self.gradients, self.slots, self.activations, self.inputs]).value


class Memory(Struct):
    """The bytes of a model.

    ``activations`` are the outputs of all calls in sum; the model's ``inputs`` are not among them, but count towards the
    ``peak``, which is at ``peak_step`` of the ``moments``, where the tensors ``alive`` are. ``outputs`` holds the bytes of
    each call by the path of its layer and its number, ``at_layer`` the most that is alive while a layer runs, ``at_weights``
    the bytes of its weights; a layer of a nested model has the outputs of the model's first call.
    """

    assumptions: Assumptions
    batch: Number
    outputs: Mapping[tuple[str, int], Number]
    at_layer: Mapping[str, int]
    inputs: Number
    activations: Number
    peak: Number
    peak_step: int
    moments: tuple[Moment, ...]
    alive: tuple[Tensor, ...]
    weights: tuple[WeightGroup, ...]
    weight_bytes: Number
    at_weights: Mapping[str, Number]
    training: Training | None = None
    incomplete: Mapping[str, str] = {}

    @property
    def peak_layer(self) -> str | None:
        """The path of the layer that runs when most is alive; None where that is not known."""
        return None if self.peak is UNKNOWN else self.moments[self.peak_step].layer

    def call_bytes(self, row: LayerReport) -> list[Number]:
        """The bytes of the outputs of each of a layer's calls."""
        path = row.path
        return [self.outputs.get((path, number), UNKNOWN) for number in range(len(row.calls))]

    def output_bytes(self, row: LayerReport) -> PartialSum:
        """The bytes of a layer's outputs over all its calls, and their label."""
        return sum_known(self.call_bytes(row))

    def weights_of(self, row: LayerReport) -> PartialSum:
        """The bytes of a layer's parameters, those of the layers that it holds among them, and their label."""
        return PartialSum(self.at_weights[row.path], row.incomplete.get("params", ""))


def memory_of(report: Report, assumptions: Assumptions) -> Memory:
    """Returns the memory that a model needs under these assumptions."""
    run, batch = _run_of_known_batch(report)
    walk = _Walk(assumptions.dtype)
    inputs = walk.begin(run)
    kept = walk.model(run, "", "", inputs)
    sizes = [tensor.size for tensor in walk.tensors]
    pieces = storages(walk.steps, sizes, kept, assumptions.in_place)
    alive = sizes_alive(walk.steps, pieces)
    given = set(inputs)
    taken = sum_known([sizes[tensor] for tensor in inputs])
    activations = sum_known([piece.size for piece in pieces if piece.tensors[0] not in given])
    every = sum_known(sizes)
    peak: Number = UNKNOWN if every.value is UNKNOWN else max(alive)
    peak_step = alive.index(max(alive))
    written = {tensor: number for number, step in enumerate(walk.steps) for tensor in step.writes}
    weights, trained = _weights(report, assumptions.dtype)
    total_weights = report.totals.param_bytes if report.totals.param_bytes is UNKNOWN else weight_bytes(weights)
    labels = {
        "input_bytes": taken.label,
        "activation_bytes": activations.label,
        "peak_activation_bytes": every.label,
        "peak_layer": every.label,
        "weight_bytes": report.totals.incomplete.get("param_bytes", ""),
    }
    found = Memory(
        assumptions=assumptions,
        batch=batch,
        outputs=walk.outputs,
        at_layer=_most(walk.spans, alive),
        inputs=taken.value,
        activations=activations.value,
        peak=peak,
        peak_step=peak_step,
        moments=tuple(Moment(step.layer, step.call, most) for step, most in zip(walk.steps, alive)),
        alive=tuple(
            Tensor(walk.tensors[tensor].name, size) for tensor, size in tensors_alive(peak_step, pieces, written)
        ),
        weights=_groups(weights, trained),
        weight_bytes=total_weights,
        at_weights=_at_layers(report, assumptions.dtype),
        incomplete={name: label for name, label in labels.items() if label},
    )
    return found._replace(training=_training(found, trained, report)) if assumptions.optimizer else found


def _run_of_known_batch(report: Report) -> tuple[Run, Number]:
    """The model run on the batch that an input states, or on one sample; and that batch. Where every batch is stated, that
    is the report's own run.
    """
    own = report.run
    stated = [shape[0] for shape in report.input_shapes if shape and shape[0] is not UNKNOWN]
    batch = stated[0] if stated else 1
    shapes = tuple((batch, *shape[1:]) if shape and shape[0] is UNKNOWN else shape for shape in report.input_shapes)
    if shapes == report.input_shapes:
        return own, batch
    try:
        return run_on(report.model, shapes), batch
    except ConvcalcError:  # what goes for any batch need not go for one: then the sizes stay unknown
        return own, UNKNOWN


class _Walk:
    """The steps of a model and of those nested in it, one after the other, as they are found."""

    def __init__(self, dtype: str | None) -> None:
        self.dtype = dtype
        self.tensors: list[Tensor] = []
        self.steps: list[ExecutionStep] = []
        self.outputs: dict[tuple[str, int], Number] = {}
        self.spans: list[tuple[str, int, int]] = []
        self.alike: dict[int, list[Number]] = {}

    def begin(self, run: Run) -> list[int]:
        """The first step: the model's inputs are there."""
        layers = [run.model.layer_of(ref).name for ref in run.model.inputs]
        made = [self.tensor(f"{name}[0][0]", self.size(run, ref)) for name, ref in zip(layers, run.model.inputs)]
        self.steps.append(ExecutionStep(layers[0] if layers else "", 0, (), tuple(made)))
        self.spans += [(name, 0, 1) for name in layers]
        return made

    def model(self, run: Run, path: str, name: str, given: Sequence[int]) -> list[int]:
        """The tensors that the model gives on those ``given``. ``path`` leads to it, ``name`` begins its tensors' names."""
        model = run.model
        numbers = call_numbers(model)
        for number, call in enumerate(model.calls):
            key = (path + model.layers[call.layer].name, numbers[number])
            self.outputs.setdefault(key, sum(self.sizes(run.calls[number])))
        tensors = dict(zip(model.inputs, given))
        asked = _outputs_asked_for(run)
        for number in execution_order(model):
            if Ref(number) in tensors:
                continue
            call = model.calls[number]
            layer = model.layers[call.layer]
            own, first = path + layer.name, len(self.steps)
            reads = tuple(tensors[ref] for ref in call.sources)
            called = f"{name}{layer.name}[{numbers[number]}]"
            inside = run.calls[number].inside
            if inside is not None:
                prefix = f"{called if numbers[number] else name + layer.name}/"
                made = self.model(inside, f"{own}/", prefix, reads[: len(call.inputs)])
            else:
                made = [
                    self.tensor(f"{called}[{output}]", self.size(run, Ref(number, output)))
                    for output in range(asked[number])
                ]
                self.steps.append(ExecutionStep(own, numbers[number], reads, tuple(made), _reuse(layer)))
            if len(self.steps) > first:
                self.spans.append((own, first, len(self.steps)))
            tensors |= {Ref(number, output): tensor for output, tensor in enumerate(made)}
        return [tensors[ref] for ref in model.outputs]

    def tensor(self, name: str, size: Number) -> int:
        """A further tensor's number."""
        self.tensors.append(Tensor(name, size))
        return len(self.tensors) - 1

    def size(self, run: Run, ref: Ref) -> Number:
        """The bytes of a tensor; unknown where nothing is known of it."""
        sizes = self.sizes(run.calls[ref.call])
        return sizes[ref.output] if ref.output < len(sizes) else UNKNOWN

    def sizes(self, ran: Ran) -> list[Number]:
        """The bytes of a call's outputs, once for all calls that ran alike."""
        if id(ran) not in self.alike:
            dtypes = [(self.dtype if BITS.get(dtype) else None) or dtype for dtype in ran.dtypes]
            self.alike[id(ran)] = [_bytes(shape, dtype) for shape, dtype in zip(ran.outputs, dtypes)]
        return self.alike[id(ran)]


def _most(spans: Sequence[tuple[str, int, int]], alive: Sequence[int]) -> dict[str, int]:
    """The most that is alive while each layer runs, over all its calls."""
    most: dict[str, int] = {}
    for path, first, end in spans:
        most[path] = max(most.get(path, 0), *alive[first:end])
    return most


def _outputs_asked_for(run: Run) -> list[int]:
    """How many outputs each call has, or as many as are asked for of one of which that is not known."""
    counts = [len(ran.outputs) for ran in run.calls]
    for refs in (*(call.sources for call in run.model.calls), run.model.outputs):
        for ref in refs:
            counts[ref.call] = max(counts[ref.call], ref.output + 1)
    return counts


def _reuse(layer: Layer) -> str:
    """What a layer may do with its input's memory; of a layer that is not known, nothing."""
    definition = layer.definition
    return definition.buffer_reuse if isinstance(definition, (LayerDefinition, Operation)) else ""


def _bytes(shape: Shape | None, dtype: str) -> Number:
    """The bytes of a tensor; unknown where a size is, and for strings, which are as long as they are."""
    elements = UNKNOWN if shape is None else product(shape)
    return size_in_bytes(elements, dtype) if isinstance(elements, int) and BITS.get(dtype) else UNKNOWN


def _weights(report: Report, dtype: str | None) -> tuple[list[Weight], list[Weight]]:
    """All weights of the model, and those of them that train, in the type that is assumed."""
    every = [weight for row in report.layers for weight in row.weights]
    trained = [*(weight for weight in every if weight.trainable), *report.totals.left_trainable]
    return _assumed(every, dtype), _assumed(trained, dtype)


def _assumed(weights: Sequence[Weight], dtype: str | None) -> list[Weight]:
    """Returns the weights in the assumed dtype."""
    return [weight._replace(dtype=dtype) for weight in weights] if dtype else list(weights)


def _at_layers(report: Report, dtype: str | None) -> dict[str, Number]:
    """The bytes of each layer's weights, which count for the models that it is nested in as well."""
    sizes: dict[str, Number] = {}
    alike: dict[int, Number] = {}
    around: list[str] = []
    for row in report.layers:
        own = alike.get(id(row.counts))
        if own is None:
            own = UNKNOWN if row.params is UNKNOWN else weight_bytes(_assumed(row.weights, dtype))
            alike[id(row.counts)] = own
        around = [*around[: row.depth], row.path]
        for path in around:
            sizes[path] = sum_known([sizes.get(path, 0), own]).value if path != row.path else own
    return sizes


def _groups(weights: Sequence[Weight], trained: Sequence[Weight]) -> tuple[WeightGroup, ...]:
    """The bytes by type and by what trains; ``trained`` may hold more than the weights themselves say."""
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


def _training(found: Memory, trained: Sequence[Weight], report: Report) -> Training:
    """The estimate for the optimizer that is assumed."""
    optimizer = found.assumptions.optimizer or ""
    unknown = report.totals.trainable_params is UNKNOWN
    incomplete = {**report.totals.incomplete, **found.incomplete}
    counted = ("trainable_params", "param_bytes", "input_bytes", "activation_bytes")
    return Training(
        optimizer=optimizer,
        weights=found.weight_bytes,
        gradients=UNKNOWN if unknown else weight_bytes(trained),
        slots=UNKNOWN if unknown else weight_bytes(slots(optimizer, trained)),
        activations=found.activations,
        inputs=found.inputs,
        label="partial" if any(name in incomplete for name in counted) else "",
    )
