"""Tests the memory analysis: published numbers, a comparison of the peak with a brute-force simulation, unknown sizes,
and the printed output.
"""

import json
from dataclasses import replace
from random import Random

import pytest

from convcalc import Report, infer, load
from convcalc.analyse.assumptions import Assumptions
from convcalc.analyse.memory import Memory
from convcalc.analyse.optimizers import SLOTS, slots
from convcalc.analyse.report import weight_bytes
from convcalc.analyse.sums import PartialSum
from convcalc.base.numbers import UNKNOWN, product
from convcalc.base.problems import Problem, Source
from convcalc.checking.budget import check_budget, spec_limits
from convcalc.layers import CATALOGUE, Weight
from convcalc.model import Call, Layer, Model, Ref, execution_order
from convcalc.read.spec.spec import read_spec
from convcalc.rendering.memory import memory_text
from convcalc.rendering.style import TextStyle
from convcalc.rendering.table import table
from convcalc.report_json.write import training_data
from tests.helpers.handmade import handmade_layer
from tests.paths import SPECS


def of_text(text: str) -> Report:
    return infer(read_spec(Source("spec.yaml", text)))


def of_spec(name: str) -> Report:
    return infer(load(SPECS / f"{name}.yaml"))


def assuming(report: Report, dtype: str | None = None, in_place: bool = False, optimizer: str | None = None) -> Memory:
    return replace(report, assumptions=Assumptions(dtype, in_place, optimizer)).memory


# Published peaks and activations --------------------------------------------------------------------------------------

# Source of the published peaks: petewarden/ml_memory_analyser. In its deployed graphs, a convolution includes
# normalization, activation and padding. keras.applications has separate layers for them, so the graphs are written here
# as specs.
_MOBILENET = """
input: [224, 224, 3]
blocks:
  separable:
    arguments: [filters, {strides: 1}]
    layers:
      - DepthwiseConv2D: {kernel_size: 3, strides: $strides, padding: same, activation: relu6}
      - Conv2D: {filters: $filters, kernel_size: 1, activation: relu6}
layers:
  - Conv2D: {filters: 32, kernel_size: 3, strides: 2, padding: same, activation: relu6}
  - separable: [64]
  - separable: [128, 2]
  - separable: [128]
  - separable: [256, 2]
  - separable: [256]
  - separable: [512, 2]
  - repeat: 5
    layers: [separable: [512]]
  - separable: [1024, 2]
  - separable: [1024]
  - GlobalAveragePooling2D
  - Dense: 1000
"""
_MOBILENET_V2 = """
input: [224, 224, 3]
blocks:
  bottleneck:
    arguments: [inner, filters, strides]
    layers:
      - Conv2D: {filters: $inner, kernel_size: 1, activation: relu6}
      - DepthwiseConv2D: {kernel_size: 3, strides: $strides, padding: same, activation: relu6}
      - Conv2D: {filters: $filters, kernel_size: 1}
  residual:
    arguments: [filters]
    layers:
      - bottleneck: {inner: "${6 * filters}", filters: $filters, strides: 1, as: after}
      - Add: {from: [$input, after]}
layers:
  - Conv2D: {filters: 32, kernel_size: 3, strides: 2, padding: same, activation: relu6}
  - DepthwiseConv2D: {kernel_size: 3, padding: same, activation: relu6}
  - Conv2D: {filters: 16, kernel_size: 1}
  - bottleneck: [96, 24, 2]
  - residual: [24]
  - bottleneck: [144, 32, 2]
  - repeat: 2
    layers: [residual: [32]]
  - bottleneck: [192, 64, 2]
  - repeat: 3
    layers: [residual: [64]]
  - bottleneck: [384, 96, 1]
  - repeat: 2
    layers: [residual: [96]]
  - bottleneck: [576, 160, 2]
  - repeat: 2
    layers: [residual: [160]]
  - bottleneck: [960, 320, 1]
  - Conv2D: {filters: 1280, kernel_size: 1, activation: relu6}
  - GlobalAveragePooling2D
  - Dense: 1000
"""


@pytest.mark.parametrize(
    ("text", "peak", "layer"),
    [
        (_MOBILENET, 1_204_224, "conv2d_1"),
        (_MOBILENET_V2, 1_505_280, "depthwise_conv2d_1"),
    ],
    ids=["MobileNetV1", "MobileNetV2"],
)
def test_peaks_of_deployed_graphs_match_published_numbers(text: str, peak: int, layer: str) -> None:
    """Source: petewarden/ml_memory_analyser. Each element has one byte. At the peak, the input and the output of one
    layer are in memory.

    MobileNetV1 needs 112²·(32 + 64) bytes, MobileNetV2 112²·96 + 56²·96.
    """
    memory = assuming(of_text(text), dtype="int8")
    assert (memory.peak, memory.peak_layer) == (peak, layer)
    assert sum(tensor.size for tensor in memory.alive) == peak


def test_the_peak_of_resnet8_matches_mlperf_tiny() -> None:
    """Source: MLPerf Tiny, image classification. The peak is 49,152 bytes: three tensors of 32·32·16 bytes.

    The model has 78,666 parameters of one byte each. In the deployed graph, normalization and ReLU are part of the
    convolutions. In our spec, they are separate layers, which write over their inputs with ``in_place``.
    """
    memory = assuming(of_spec("resnet8"), dtype="int8", in_place=True)
    assert memory.peak == 49_152
    assert memory.weight_bytes == 78_666


def test_the_activations_of_vgg16_match_published_numbers() -> None:
    """Source: albanie/convnet-burden, 58 MiB in float32 without the input.

    The published number does not count ReLUs. In our spec, they are arguments of the convolutions, so they do not count
    here either.
    """
    activations = of_spec("vgg16").memory.activations
    assert activations == 60_448_672
    assert round(activations / 2**20) == 58


def test_the_activations_of_resnet50_match_published_numbers() -> None:
    """Source: albanie/convnet-burden, 103 MiB in float32 without the input.

    The published number does not count the outputs of ReLU and of padding layers. So our sum leaves them out.
    ``--inplace`` gives another sum, because it also lets batch normalization and Add write in place.
    """
    report = of_spec("resnet50")
    free = [row for row in report.layers if row.class_name in ("Activation", "ZeroPadding2D")]
    counted = report.memory.activations - sum(report.memory.output_bytes(row).value for row in free)
    assert round(counted / 2**20) == 103


# Comparison with a brute-force simulation -----------------------------------------------------------------------------

_BYTES = {"float32": 4, "float16": 2, "float64": 8}
_OVERWRITING, _VIEWS = ("Activation", "BatchNormalization", "Add"), ("Dropout", "Flatten")


class Growing:
    """Builds a model call by call. All tensors are vectors; ``sizes`` has the size of each vector."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.layers: list[Layer] = []
        self.calls: list[Call] = []
        self.sizes: dict[Ref, int] = {}

    def call(self, class_name: str, inputs: list[Ref], **args: object) -> Ref:
        dtype = self.random.choice(["float32", "float32", "float16"])
        self.layers.append(handmade_layer(f"{class_name.lower()}_{len(self.layers)}", class_name, args, dtype=dtype))
        self.calls.append(Call(len(self.layers) - 1, tuple(inputs)))
        return Ref(len(self.calls) - 1)

    def input(self, size: int) -> Ref:
        ref = self.call("InputLayer", [], shape=(size,))
        self.sizes[ref] = size
        return ref

    def step(self, among: list[Ref]) -> list[Ref]:
        """Adds a random layer that reads tensors from ``among``. Returns the layer's outputs."""
        random, units = self.random, self.random.randint(1, 12)
        one, other = random.choice(among), random.choice(among)
        kind = random.choice(("Dense", "Concatenate", "Add", "GRU", "again", *_OVERWRITING, *_VIEWS))
        if kind == "Dense":
            made = {self.call("Dense", [one], units=units): units}
        elif kind == "Concatenate":
            made = {self.call("Concatenate", [one, other]): self.sizes[one] + self.sizes[other]}
        elif kind == "Add":
            alike = [ref for ref in among if self.sizes[ref] == self.sizes[one]]
            made = {self.call("Add", [one, random.choice(alike)]): self.sizes[one]}
        elif kind == "GRU":
            steps = self.call("RepeatVector", [one], n=2)
            made = dict.fromkeys(
                (ref := self.call("GRU", [steps], units=units, return_state=True), Ref(ref.call, 1)), units
            )
        elif kind == "again":  # a layer that is called twice
            first = self.call("Dense", [one], units=self.sizes[one])
            self.calls.append(Call(len(self.layers) - 1, (first,)))
            made = {first: self.sizes[one], Ref(len(self.calls) - 1): self.sizes[one]}
        else:
            args = {"Activation": {"activation": "relu"}, "Dropout": {"rate": 0.5}}.get(kind, {})
            made = {self.call(kind, [one], **args): self.sizes[one]}
        self.sizes |= made
        return list(made)

    def model(self, inputs: list[Ref], outputs: list[Ref]) -> Model:
        return Model("random", "Functional", tuple(self.layers), tuple(self.calls), tuple(inputs), tuple(outputs))


def random_model(random: Random) -> Model:
    growing = Growing(random)
    inputs = [growing.input(random.randint(1, 12)) for _ in range(random.randint(1, 3))]
    tensors = list(inputs)
    for _ in range(random.randint(1, 14)):
        tensors += growing.step(tensors)
    return growing.model(inputs, random.sample(tensors, min(len(tensors), random.randint(1, 3))))


def bytes_of(shape: tuple[object, ...], dtype: str) -> int:
    total = _BYTES[dtype]
    for size in shape[1:]:
        assert isinstance(size, int)
        total *= size
    return total


def simulated(report: Report, in_place: bool) -> list[int]:
    """Returns the total bytes of the tensors in memory at each step.

    The simulation is slow and simple: each step searches all later steps. It reads only the report's rows and the order
    of execution.
    """
    model, names = report.model, [layer.name for layer in report.model.layers]
    seen: dict[int, int] = {}
    sizes: dict[str, int] = {}
    steps: list[tuple[list[str], list[str], str]] = []
    called = {row.name: row.calls for row in report.layers}
    entries = {}
    for number, call in enumerate(model.calls):
        position = seen[call.layer] = seen.get(call.layer, -1) + 1
        entries[number] = (names[call.layer], position)
    for number in [*(ref.call for ref in model.inputs), *execution_order(model)]:
        name, position = entries[number]
        ran = called[name][position]
        writes = [f"{name}[{position}][{output}]" for output in range(len(ran.output_shapes))]
        if writes[0] in sizes:
            continue
        sizes |= {w: bytes_of(shape, dtype) for w, shape, dtype in zip(writes, ran.output_shapes, ran.output_dtypes)}
        kind = model.layers[model.calls[number].layer].class_name
        steps.append((list(ran.inputs), writes, kind))
    inputs = len(model.inputs)
    steps = [([], [tensor for _, writes, _ in steps[:inputs] for tensor in writes], ""), *steps[inputs:]]
    kept = {"{}[{}][{}]".format(*entries[ref.call], ref.output) for ref in model.outputs}

    def needed(tensor: str, after: int) -> bool:
        return tensor in kept or any(tensor in reads for reads, _, _ in steps[after:])

    buffers: dict[str, str] = {}
    result = []
    for number, (reads, writes, kind) in enumerate(steps):
        for made in writes:
            buffers[made] = made
        if in_place and kind in _VIEWS and sizes[reads[0]] == sizes[writes[0]]:
            buffers[writes[0]] = buffers[reads[0]]
        elif in_place and kind in _OVERWRITING:
            for tensor in reads:
                others = [each for each in buffers if buffers[each] == buffers[tensor] and each != writes[0]]
                if sizes[tensor] == sizes[writes[0]] and not any(needed(each, number + 1) for each in others):
                    buffers[writes[0]] = buffers[tensor]
                    break
        alive = {buffers[tensor]: sizes[tensor] for tensor in buffers if tensor in writes or needed(tensor, number)}
        result.append(sum(alive.values()))
    return result


@pytest.mark.slow
@pytest.mark.parametrize("in_place", [False, True])
def test_live_tensors_match_a_simulation(in_place: bool) -> None:
    shared = 0
    for seed in range(1000):
        report = infer(random_model(Random(seed)))
        memory = assuming(report, in_place=in_place)
        expected = simulated(report, in_place)
        assert [moment.alive for moment in memory.moments] == expected, seed
        assert memory.peak == max(expected), seed
        assert sum(tensor.size for tensor in memory.alive) == memory.peak, seed
        shared += in_place and memory.activations < report.memory.activations
    # In many models, working in place must save memory, or the test compares too little.
    assert shared > 400 or not in_place


def test_a_nested_model_uses_the_memory_of_its_layers() -> None:
    """The peak is the same for a nested model and for the same layers without nesting.

    The model's input stays in memory during these layers, because the last layer reads it.
    """
    for seed in range(200):

        def grown(growing: Growing, given: Ref) -> Ref:
            tensors = [given]
            for _ in range(growing.random.randint(1, 8)):
                tensors += growing.step(tensors)
            return growing.call("Concatenate", tensors[-2:])

        flat = Growing(Random(seed))
        start = flat.input(5)
        flat.layers[0] = flat.layers[0]._replace(dtype="float32")
        ended = grown(flat, start)
        flat.sizes[ended] = 0
        last = flat.call("Concatenate", [ended, start])
        flat.layers[-1] = flat.layers[-1]._replace(dtype="float32")

        inside = Growing(Random(seed))
        given = inside.input(5)
        inside.layers[0] = inside.layers[0]._replace(dtype="float32")
        inner = inside.model([given], [grown(inside, given)])
        layers = (
            handmade_layer("outer_input", "InputLayer", {"shape": (5,)}),
            Layer("inner", "Functional", inner),
            handmade_layer("last", "Concatenate"),
        )
        calls = (Call(0, ()), Call(1, (Ref(0),)), Call(2, (Ref(1), Ref(0))))
        nested = Model("nested", "Functional", layers, calls, (Ref(0),), (Ref(2),))
        for in_place in (False, True):
            one = assuming(infer(flat.model([start], [last])), in_place=in_place)
            other = assuming(infer(nested), in_place=in_place)
            assert [m.alive for m in one.moments] == [m.alive for m in other.moments], seed
            assert one.activations == other.activations, seed


# Memory of inputs, weights, outputs and optimizers --------------------------------------------------------------------


def test_the_parts_of_a_small_model() -> None:
    report = of_text("{input: [10], layers: [{Dense: 20}, {Dropout: 0.5}, {Dense: 5}]}")
    memory = report.memory
    assert (memory.inputs, memory.activations) == (40, 80 + 80 + 20)
    assert (memory.peak, memory.peak_layer) == (160, "dropout")
    assert [tensor.name for tensor in memory.alive] == ["dense[0][0]", "dropout[0][0]"]
    free = assuming(report, in_place=True)
    assert (free.activations, free.peak, free.peak_layer) == (100, 120, "dense")


def test_an_add_overwrites_an_input_that_is_not_needed_later() -> None:
    text = "{{input: [8], layers: [{{Dense: {{units: 8, as: a}}}}, {{Dense: {{units: 8, as: b}}}}, {{Add: {{from: [a, b], as: c}}}}{}]}}"
    assert assuming(of_text(text.format("")), in_place=True).moments[-1].alive == 64
    # The Concatenate reads a and b later, so Add cannot write over them.
    again = ", {Concatenate: {from: [a, b, c]}}"
    assert assuming(of_text(text.format(again)), in_place=True).moments[-2].alive == 96


def test_memory_is_for_the_given_batch_size() -> None:
    stated = of_text("{input: {shape: [10], batch_size: 8}, layers: [Dense: 20]}").memory
    assert (stated.batch, stated.inputs, stated.activations, stated.peak) == (8, 320, 640, 960)


def test_a_batch_moved_to_another_axis_counts() -> None:
    """The reshape turns one sample of shape (10, 4) into a batch of ten rows of 4 elements."""
    text = "{inputs: {x: [10, 4]}, layers: [ops.reshape: {newshape: [-1, 4], from: x}, Dense: 3]}"
    memory = of_text(text).memory
    assert (memory.activations, memory.incomplete) == (10 * 4 * 4 + 10 * 3 * 4, {})


def test_bytes_follow_the_dtypes_of_the_outputs() -> None:
    """With mixed_float16, outputs have two bytes per element, and weights have four.

    The size of integers does not change.
    """
    memory = of_text("{input: [10], layers: [{Dense: {units: 20, dtype: mixed_float16}}]}").memory
    assert (memory.activations, memory.weight_bytes) == (40, 880)
    tokens = of_text("{input: {shape: [6], dtype: int64}, layers: [Embedding: [100, 4]]}")
    assert (tokens.memory.inputs, tokens.memory.activations) == (48, 96)
    assert assuming(tokens, dtype="int8").inputs == 6


def test_weights_by_dtype_and_trainability() -> None:
    text = "{input: [8, 4], layers: [BatchNormalization, {Dense: {units: 2, trainable: false, dtype: float16}}]}"
    memory = of_text(text).memory
    assert {(group.dtype, group.trainable): group.size for group in memory.weights} == {
        ("float32", True): 32,
        ("float32", False): 32,
        ("float16", False): 20,
    }
    assert memory.weight_bytes == 84
    assert assuming(of_text(text), dtype="int8").weight_bytes == 26


SLOT_ROWS = [
    ("sgd", (3, 3, 8, 16), 0),
    ("momentum", (3, 3, 8, 16), 1152),
    ("adam", (3, 3, 8, 16), 2 * 1152),
    ("amsgrad", (16,), 3 * 16),
    ("nadam", (16,), 2 * 16 + 1),
    ("rmsprop_momentum_centered", (16,), 3 * 16),
    # For the kernel, Adafactor stores 3·3·8 sums, 3·3·16 sums and the velocity. For a vector, it stores two single
    # numbers and the velocity.
    ("adafactor", (3, 3, 8, 16), 72 + 144 + 1152),
    ("adafactor", (16,), 16 + 2),
]


@pytest.mark.parametrize(("optimizer", "shape", "elements"), SLOT_ROWS)
def test_memory_of_each_optimizer(optimizer: str, shape: tuple[int, ...], elements: int) -> None:
    """Source: ``build`` in ``keras/src/optimizers``; tests/live compares all optimizers with the installed Keras."""
    own = 8 + 4  # the bytes of the step counter and of the learning rate
    assert weight_bytes(slots(optimizer, [Weight("kernel", shape, dtype="float32")])) == own + 4 * elements


@pytest.mark.parametrize("optimizer", SLOTS)
def test_training_memory_is_the_sum_of_its_parts(optimizer: str) -> None:
    training = assuming(of_spec("lenet5"), optimizer=optimizer).training
    assert training is not None and training.label == ""
    parts = training_data(training)
    assert training.gradients == training.weights  # every weight is trainable, so every weight has a gradient
    assert parts.pop("total_bytes") == sum(part for name, part in parts.items() if name.endswith("_bytes"))


@pytest.mark.parametrize("name", [name for name, kind in CATALOGUE.items() if kind.buffer_reuse])
def test_a_layer_that_works_in_place_needs_only_the_memory_of_its_input(name: str) -> None:
    kind = CATALOGUE[name]
    before = "{Dense: {units: 4, as: a}}, {Dense: {units: 4, as: b}}, " if kind.merges else ""
    report = of_text(f"{{input: {list(kind.example_input)}, layers: [{before}{kind.example}]}}")
    call = report.layers[-1].calls[0]
    taken, given = (
        {product((shape or ())[1:]) for shape in shapes} for shapes in (call.input_shapes, call.output_shapes)
    )
    assert UNKNOWN not in taken and given == taken
    assert assuming(report, in_place=True).activations < report.memory.activations


def test_memory_is_computed_only_on_request() -> None:
    report = of_spec("lenet5")
    table(report, TextStyle())
    assert "memory" not in report._results
    table(report, TextStyle(), ["memory"])
    assert "memory" in report._results


# Unknown sizes --------------------------------------------------------------------------------------------------------

UNKNOWNS = [
    # Each row: a spec, the bytes of the activations, and the label of these bytes. The label "activations alone" means:
    # the activations are known, but the peak is a lower bound.
    #
    # The size of one tensor is unknown. The sum of the known sizes is a lower bound.
    ("{input: [null, 4], layers: [{Dense: 8}, GlobalAveragePooling1D]}", 32, "partial"),
    # No size is known.
    ("{input: [null, 4], layers: [{Dense: 8}]}", None, "unknown"),
    # Strings have no fixed number of bytes, so the size of the input is unknown. The output consists of integers: its
    # size is known.
    ("{input: {shape: [3], dtype: string}, layers: [Hashing: 10]}", 24, "activations alone"),
    # The size of input y is unknown. Inputs are part of the peak, but not of the activations.
    ("{inputs: {x: [4], y: [null, 4]}, layers: [{Dense: {units: 2, from: x}}]}", 8, "activations alone"),
    # The layer is defined by Python code, so the size of its output is unknown.
    ("{input: [4], layers: [Lambda: {function: f}]}", None, "unknown"),
    ("{input: [4], layers: [{Lambda: {function: f, output_shape: [6]}}]}", 24, ""),
]


@pytest.mark.parametrize(("text", "activations", "label"), UNKNOWNS)
def test_unknown_sizes_are_reported(text: str, activations: int | None, label: str) -> None:
    report = of_text(text)
    data = report.as_dict()["totals"]
    assert data["activation_bytes"] == activations
    incomplete = data["incomplete"]
    if label == "activations alone":
        assert "activation_bytes" not in incomplete and incomplete["peak_activation_bytes"] == "partial"
    else:
        assert incomplete.get("activation_bytes", "") == label
        assert ("peak_activation_bytes" in incomplete) == bool(label)
    assert data["peak_layer"] is None if data["peak_activation_bytes"] is None else data["peak_layer"]
    shown = memory_text(report, TextStyle()) + table(report, TextStyle(), ["output_bytes"]).partition(" Total")[0]
    assert ("≥" in shown or "?" in shown) == bool(label)


def test_an_open_batch_in_a_file_is_the_batch_of_the_input() -> None:
    """Memory is computed for one sample, even if the file records an unknown batch size for a custom class."""
    layers = (
        handmade_layer("x", "InputLayer", {"shape": (4,)}),
        handmade_layer("theirs", "Theirs"),
        handmade_layer("dense", "Dense", {"units": 3}),
    )
    recorded = {0: ((UNKNOWN, 6), "float32")}
    calls = (Call(0, ()), Call(1, (Ref(0),), recorded=recorded), Call(2, (Ref(1),)))
    report = infer(Model("foreign", "Functional", layers, calls, (Ref(0),), (Ref(2),)))
    assert report.layers[1].output_shapes == ((UNKNOWN, 6),)
    assert report.memory.activations == 4 * 6 + 4 * 3
    assert report.memory.incomplete == {"weight_bytes": "partial"}
    training = assuming(report, optimizer="adam").training
    assert training is not None and training.label == "partial"
    assert "≥" in memory_text(replace(report, assumptions=Assumptions(optimizer="adam")), TextStyle())


def test_trainability_of_the_weights_of_custom_classes_is_unknown() -> None:
    report = of_text("{input: [4], layers: [{Dense: 3}]}")
    row = report.layers[0]
    untold = tuple(weight._replace(trainable=None) for weight in row.weights)
    counts = row.counts._replace(weights=untold, trainable_params=UNKNOWN)
    changed = replace(report, layers=(row.with_counts(counts),))
    assert {group.trainable: group.size for group in changed.memory.weights} == {None: 60}


def test_a_model_that_rejects_a_batch_of_one_has_unknown_sizes() -> None:
    """The model joins two samples into one row. A batch of one sample cannot be joined in this way."""
    text = "{inputs: {x: [3]}, layers: [ops.reshape: {newshape: [-1, 6], from: x}]}"
    memory = of_text(text).memory
    assert memory.batch is UNKNOWN
    assert (memory.peak, memory.incomplete["peak_activation_bytes"]) == (UNKNOWN, "unknown")


# Printed output -------------------------------------------------------------------------------------------------------


def test_the_json_report_has_memory_per_layer_call_and_total() -> None:
    data = of_spec("lenet5").as_dict()
    assert data["totals"]["activation_bytes"] == sum(layer["output_bytes"] for layer in data["layers"])
    for layer in data["layers"]:
        assert layer["output_bytes"] == sum(call["output_bytes"] for call in layer["calls"])
    memory = data["memory"]
    assert sum(tensor["bytes"] for tensor in memory["alive_at_peak"]) == data["totals"]["peak_activation_bytes"]
    assert max(step["alive_bytes"] for step in memory["steps"]) == data["totals"]["peak_activation_bytes"]
    assert sum(group["bytes"] for group in memory["weights"]) == data["totals"]["weight_bytes"]
    json.dumps(data)


def test_layers_of_a_nested_model_have_the_bytes_of_its_first_call() -> None:
    text = """
    inputs: {x: [10, 4]}
    layers:
      - Model: {name: inner, input: [null, 4], layers: [{Dense: {units: 8, name: inside}}], from: x}
    """
    report = of_text(text)
    rows = {row.path: report.memory.output_bytes(row) for row in report.layers}
    assert rows["inner/inside"] == rows["inner"] == PartialSum(320, "")
    # the nested model and the layer inside it have the same output, which is counted once
    assert report.memory.activations == 320
    weights = {row.path: report.memory.weights_of(row).value for row in report.layers}
    assert weights["inner"] == weights["inner/inside"] == 160


@pytest.mark.parametrize("width", [40, 80, 140])
@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("name", ["mobilenet", "lenet5", "unet", "resnet50"])
def test_the_chart_fits_and_marks_the_peak(name: str, ascii: bool, width: int) -> None:
    report = of_spec(name)
    lines = memory_text(report, TextStyle(width, ascii)).splitlines()
    bars = [line for line in lines if ("|" if ascii else "│") in line]
    assert len(bars) == 8
    assert max(map(len, bars)) <= width
    (mark,) = (line for line in lines if line.endswith("^") or "^ " in line)
    assert bars[0][mark.index("^")] in "#█"
    assert len(mark) <= width
    assert any(f"step {report.memory.peak_step + 1} of {len(report.memory.moments)}" in line for line in lines)
    assert not ascii or all(line.isascii() for line in lines)


def test_budgets_of_memory() -> None:
    text = "{{input: [{}], budget: {{peak_activation_bytes: 100, weight_bytes: 1K}}, layers: [{{Dense: 20}}]}}"

    def problems(size: str) -> tuple[Problem, ...]:
        report = of_text(text.format(size))
        return check_budget(report, spec_limits(report.model))

    (problem,) = problems("10")
    assert problem.message == "the model has 120 peak_activation_bytes, 20 more than the budget of 100"
    assert problems("5") == ()
    (problem,) = problems("null, 4")
    assert problem.code == "incomplete"
