"""Tests FLOPs: numbers computed by hand, required declarations, labels of unknown numbers, and published numbers."""

from __future__ import annotations

from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.base.numbers import UNKNOWN, plain, product
from convcalc.base.problems import Source
from convcalc.layers import CATALOGUE, apply, bind, costs, elementwise, find
from convcalc.layers.arguments import ACTIVATION
from convcalc.model import with_input_sizes
from convcalc.ops import OPERATIONS
from convcalc.read import parse
from convcalc.read.spec.spec import read_spec
from tests.live.cases import FAMILIES, cases
from tests.live.judge import we_say


def spec(text: str, convention: str = "convcalc") -> Report:
    return infer(read_spec(Source("spec.yaml", text))).with_flops(convention)


def report(name: str, convention: str = "convcalc", size: int | None = None) -> Report:
    model = parse(f"specs/{name}.yaml")
    if size:
        model = with_input_sizes(model, {None: (size, size, 3)}, None)
    return infer(model).with_flops(convention)


def flops_of(entry: str, size: str) -> Any:
    return spec(f"input: {size}\nlayers: [{entry}]").layers[-1].flops


# FLOPs computed by hand -----------------------------------------------------------------------------------------------

BY_HAND: list[tuple[str, str, int]] = [
    ("Conv2D: {filters: 4, kernel_size: 3}", "[6, 6, 2]", 2 * 16 * 4 * 18 + 16 * 4),
    ("Conv2D: {filters: 4, kernel_size: 3, use_bias: false}", "[6, 6, 2]", 2 * 16 * 4 * 18),
    ("Conv2D: {filters: 4, kernel_size: 3, activation: relu}", "[6, 6, 2]", 2 * 16 * 4 * 18 + 2 * 16 * 4),
    ("Conv2DTranspose: {filters: 4, kernel_size: 3, strides: 2}", "[3, 3, 2]", 2 * 9 * 9 * 8 + 7 * 7 * 4),
    ("SeparableConv1D: {filters: 4, kernel_size: 3}", "[8, 2]", 2 * 6 * (2 * 3 + 2 * 4) + 6 * 4),
    ("Dense: {units: 3, activation: softmax}", "[7, 5]", 7 * (2 * 15 + 3 + 5 * 3)),
    ("EinsumDense: {equation: 'abc,cd->abd', output_shape: [7, 3], bias_axes: d}", "[7, 5]", 7 * (2 * 15 + 3)),
    ("EinsumDense: {equation: '...a,ab->...b', output_shape: [3], bias_axes: b}", "[2, 7, 5]", 14 * (2 * 15 + 3)),
    ("MaxPooling2D: {pool_size: 3, strides: 2}", "[7, 7, 2]", 9 * 9 * 2),
    ("AveragePooling1D: {pool_size: 2, padding: same}", "[7, 2]", 4 * 2 * 2),
    ("GlobalAveragePooling2D", "[7, 6, 2]", 7 * 6 * 2),
    ("GlobalMaxPooling1D", "[7, 2]", 7 * 2),
    ("AdaptiveAveragePooling1D: 3", "[7, 2]", 2 * (3 + 3 + 3)),
    ("AdaptiveMaxPooling1D: {output_size: 3, data_format: channels_first}", "[2, 7]", 2 * (3 + 3 + 3)),
    ("BatchNormalization", "[5, 4]", 2 * 20),
    ("LayerNormalization", "[5, 4]", 7 * 20),
    ("LayerNormalization: {scale: false}", "[5, 4]", 6 * 20),
    ("RMSNormalization", "[5, 4]", 4 * 20),
    ("ReLU: {max_value: 6}", "[5, 4]", 2 * 20),
    ("Softmax", "[5, 4]", 5 * 20),
    ("UpSampling2D: {size: 2, interpolation: bilinear}", "[3, 3, 2]", 7 * 36 * 2),
    ("UpSampling2D: 2", "[3, 3, 2]", 0),
    ("Resizing: [6, 5]", "[8, 8, 3]", 7 * 30 * 3),
    ("Rescaling: 0.5", "[5, 4]", 2 * 20),
    ("Embedding: {input_dim: 9, output_dim: 4}", "[7]", 0),
    ("ReversibleEmbedding: {input_dim: 9, output_dim: 4, logit_soft_cap: 5.0}", "[7]", 0),
    ("ReversibleEmbedding: {input_dim: 9, output_dim: 4, reverse: true}", "[7, 4]", 2 * 7 * 4 * 9),
    (
        "ReversibleEmbedding: {input_dim: 9, output_dim: 4, logit_soft_cap: 5.0, reverse: true}",
        "[7, 4]",
        2 * 7 * 4 * 9 + 3 * 7 * 9,
    ),
    ("Dropout: 0.5", "[7]", 0),
    ("Flatten", "[7, 2]", 0),
    ("SimpleRNN: 4", "[6, 3]", 6 * (2 * 4 * 7 + 4 + 4)),
    ("LSTM: 4", "[6, 3]", 6 * (2 * 16 * 7 + 16 + 4 * (3 * 4 + 2 + 4))),
    ("GRU: {units: 4, reset_after: false}", "[6, 3]", 6 * (2 * 12 * 7 + 12 + 4 * (2 * 4 + 1 + 5))),
    ("GRU: 4", "[6, 3]", 6 * (2 * 12 * 7 + 24 + 4 * (2 * 4 + 1 + 6))),
    ("RNN: {cell: {LSTMCell: 4}}", "[6, 3]", 6 * (2 * 16 * 7 + 16 + 4 * (3 * 4 + 2 + 4))),
    ("Bidirectional: {layer: {SimpleRNN: 4}, merge_mode: ave}", "[6, 3]", 2 * 6 * (2 * 4 * 7 + 8) + 2 * 4),
    ("TimeDistributed: {layer: {Dense: {units: 3, activation: relu}}}", "[6, 5]", 6 * (2 * 15 + 3 + 3)),
    ("Dense: {units: 3, lora_rank: 2}", "[5]", 2 * 15 + 3 + 2 * 5 * 2 * 3 + 2 * 15),
]


@pytest.mark.parametrize(("entry", "size", "expected"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_flops_of_layers_computed_by_hand(entry: str, size: str, expected: int) -> None:
    assert flops_of(entry, size) == expected


def test_flops_of_layers_with_several_inputs() -> None:
    text = "inputs: {a: [5], b: [5], c: [5]}\nlayers: [{%s: {from: [a, b, c]}}]"
    for name, each in (("Add", 2), ("Multiply", 2), ("Average", 3), ("Concatenate", 0)):
        assert spec(text % name).layers[-1].flops == each * 5
    dot = spec("inputs: {a: [5], b: [5]}\nlayers: [{Dot: {axes: 1, normalize: true, from: [a, b]}}]")
    assert dot.layers[-1].flops == 2 * 5 + 3 * 10
    dot = spec("inputs: {a: [5], b: [5]}\nlayers: [{Dot: {axes: 1, from: [a, b]}}]")
    assert dot.layers[-1].flops == 2 * 5


def test_flops_of_attention() -> None:
    heads = "MultiHeadAttention: {num_heads: 2, key_dim: 3, from: [a, a]}"
    row = spec(f"inputs: {{a: [4, 8]}}\nlayers: [{{{heads}}}]").layers[-1]
    biases = 4 * (3 * 2 * 3 + 8)
    assert row.flops == 2 * row.macs + biases + 2 * (4 * 3 + 5 * 16)
    added = spec("inputs: {a: [4, 8]}\nlayers: [{AdditiveAttention: {from: [a, a]}}]").layers[-1]
    assert added.flops == 2 * added.macs + 16 * (2 * 8 + 5)


def test_flops_of_operations() -> None:
    text = "input: [3, 4]\nlayers: [ops.%s]"
    for name, expected in (("exp", 12), ("gelu", 9 * 12), ("relu6", 24), ("transpose", 0), ("softmax", 60)):
        assert spec(text % name).layers[-1].flops == expected, name
    assert spec("input: [3, 4]\nlayers: [{ops.sum: {axis: 1}}]").layers[-1].flops == 12
    assert spec("input: [3, 4]\nlayers: [{ops.sort: {axis: 1}}]").layers[-1].flops is UNKNOWN


_GIVEN = {"filters": 6, "kernel_size": 3, "units": 6}


def test_a_bias_adds_once_for_each_output_element() -> None:
    seen = set()
    for kind in CATALOGUE.values():
        if not kind.ends_with_bias:
            continue
        given = {name: value for name, value in _GIVEN.items() if kind.argument(name)}
        result = apply(kind, bind(kind, (), given)[0], [(UNKNOWN, *kind.example_input)])
        bias = result.weights[-1]
        assert bias.name == "bias"
        assert product(bias.shape) * bias.added_per_sample == costs.elements(result.outputs[0])
        seen.add(kind.name)
    assert {"Dense", "Conv2D", "Conv3DTranspose", "DepthwiseConv1D", "SeparableConv2D"} < seen


# Every layer, operation and activation declares its FLOPs -------------------------------------------------------------

# Layers with unknown FLOPs. Their FLOPs depend on an algorithm, on values or on Python code.
UNTOLD = {
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Discretization",
    "Equalization",
    "FlaxLayer",
    "JaxLayer",
    "Lambda",
    "MelSpectrogram",
    "TFSMLayer",
    "TorchModuleWrapper",
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_layer_declares_its_flops(name: str) -> None:
    kind = CATALOGUE[name]
    if not kind.rule.__module__.startswith("convcalc.layers."):
        pytest.skip("declared by another test")
    assert kind.flops is not None
    assert (kind.flops is costs.unknown) == (name in UNTOLD)


# Operations with unknown FLOPs. Their FLOPs depend on the algorithm or on the values. Examples: sorting, searching,
# decomposing matrices, losses.
_UNCOUNTED = """
AdaptiveAveragePool AdaptiveMaxPool AffineTransform Argpartition Argsort BinaryCrossentropy Bincount CTCDecode CTCLoss
CategoricalCrossentropy Cholesky CholeskyInverse Corrcoef Det Diff Digitize Eig Eigh ElasticTransform FFT FFT2
HSVToRGB Histogram IFFT2 IRFFT ISTFT InTopK Inv IsIn Logdet Lstsq LuFactor MapCoordinates MatrixRank Median Nanmedian
Nanpercentile Nanquantile PSNR Percentile PerspectiveTransform Pinv Qr Quantile RFFT RGBToHSV SSIM STFT SVD
ScaleAndTranslate SearchSorted Slogdet Solve SolveTriangular Sort SparseCategoricalCrossentropy Sparsemax TopK Trace
Trapezoid Unique
"""
UNCOUNTED_OPERATIONS = set(_UNCOUNTED.split())


def test_every_operation_declares_its_flops() -> None:
    assert [name for (_, name), operation in OPERATIONS.items() if operation.flops is None] == []
    assert {
        name for (_, name), operation in OPERATIONS.items() if operation.flops is costs.unknown
    } == UNCOUNTED_OPERATIONS


def test_every_activation_has_a_cost() -> None:
    assert set(costs.ACTIVATIONS) == ACTIVATION.names - {"sparsemax"}


def test_a_layer_without_declared_flops_has_unknown_flops() -> None:

    kind = find("Flatten")
    assert kind is not None
    shapes = [(UNKNOWN, 3, 4)]
    result = apply(kind, {}, shapes)
    assert elementwise(kind, {}, shapes, result) == 0
    assert elementwise(kind._replace(flops=None), {}, shapes, result) is UNKNOWN


@pytest.mark.parametrize("family", FAMILIES)
def test_flops_are_known_if_all_sizes_are_known(family: str) -> None:
    """The FLOPs of each generated layer are a whole number.

    They may be unknown in three cases: the layer is in the set ``UNTOLD`` or resizes images; the layer's rule reports
    an unknown number; a size is unknown.
    """
    asked = 0
    for case in cases(family, 11, 60):
        kind = find(case.name)
        if kind is None or isinstance(we_say(case), str):
            continue
        args, _ = bind(kind, (), {**case.args, **case.call})
        shapes = [tuple(UNKNOWN if size is None else size for size in shape) for shape in case.shapes]
        result = apply(kind, args, shapes, case.policy or kind.policy(args))
        count = elementwise(kind, args, shapes, result)
        asked += 1
        sizes = [size for shape in (*shapes, *result.outputs) for size in (shape or ())[1:]]
        told = kind.name in {*UNTOLD, "Resizing", "CenterCrop", "RandomCrop"} or result.unknown or UNKNOWN in sizes
        assert isinstance(count, int) or (count is UNKNOWN and told), (case.name, case.args)
    assert asked > 5


# Labels of unknown FLOPs, batch sizes, nested models ------------------------------------------------------------------


def test_unknown_sizes_and_unknown_layers_are_labelled() -> None:
    result = spec("input: [null, 8]\nlayers: [{Dense: 3}, {Lambda: {function: f, output_shape: [5]}}, {Dense: 2}]")
    assert [row.flops for row in result.layers] == [UNKNOWN, UNKNOWN, 2 * 10 + 2]
    assert [row.incomplete.get("flops") for row in result.layers] == ["unknown", "unknown", None]
    assert (result.totals.flops, result.totals.incomplete["flops"]) == (22, "partial")
    data = result.as_dict()
    assert data["layers"][0]["flops"] is data["layers"][0]["calls"][0]["flops"] is None
    assert data["totals"]["flops"] == 22


def test_flops_of_quantized_layers_are_unknown() -> None:
    row = spec("input: [8]\nlayers: [{Dense: {units: 3, dtype: int8_from_float32}}]").layers[-1]
    assert (row.flops, row.incomplete) == (UNKNOWN, {"flops": "unknown"})


def test_flops_multiply_by_batch_and_add_up_over_shared_calls() -> None:
    one = spec("input: [8]\nlayers: [{Dense: 8}]").totals.flops
    many = spec("inputs: {a: {shape: [8], batch_size: 5}}\nlayers: [{Dense: 8}]").totals.flops
    assert (one, many) == (136, 5 * 136)
    shared = spec("input: [8]\nlayers: [{Dense: {units: 8, name: d}}, {call: d}]")
    assert [call.flops for call in shared.layers[-1].calls] == [136, 136]
    assert shared.totals.flops == 272


def test_a_nested_model_counts_its_layers_at_the_actual_sizes() -> None:
    inner = (
        "{Model: {name: m, input: [null, null, 2], layers: [{Conv2D: {filters: 4, kernel_size: 3, activation: relu}}]}}"
    )
    result = spec(f"input: [6, 6, 2]\nlayers: [{inner}]")
    outer = next(row for row in result.layers if row.name == "m")
    assert outer.flops == 2 * 16 * 4 * 18 + 2 * 16 * 4 == result.totals.flops
    below = next(row for row in result.layers if row.depth and row.class_name == "Conv2D")
    assert below.flops is UNKNOWN


# Published FLOPs ------------------------------------------------------------------------------------------------------

SLIM = "tensorflow/models, slim/nets/mobilenet_v1.py"
MOBILENET: list[tuple[str, int, int]] = [
    ("conv1", 864, 10_838_016),
    ("conv_dw_1", 288, 3_612_672),
    ("conv_pw_1", 2_048, 25_690_112),
    ("conv_dw_2", 576, 1_806_336),
    ("conv_pw_2", 8_192, 25_690_112),
    ("conv_dw_3", 1_152, 3_612_672),
    ("conv_pw_3", 16_384, 51_380_224),
    ("conv_dw_4", 1_152, 903_168),
    ("conv_pw_4", 32_768, 25_690_112),
    ("conv_dw_5", 2_304, 1_806_336),
    ("conv_pw_5", 65_536, 51_380_224),
    ("conv_dw_6", 2_304, 451_584),
    ("conv_pw_6", 131_072, 25_690_112),
    *(
        (f"conv_{way}_{n}", *counts)
        for n in range(7, 12)
        for way, counts in (("dw", (4_608, 903_168)), ("pw", (262_144, 51_380_224)))
    ),
    ("conv_dw_12", 4_608, 225_792),
    ("conv_pw_12", 524_288, 25_690_112),
    ("conv_dw_13", 9_216, 451_584),
    ("conv_pw_13", 1_048_576, 51_380_224),
]


def test_mobilenet_matches_the_published_flops_of_each_layer() -> None:
    rows = {row.name: row for row in report("mobilenet").layers}
    assert [(name, rows[name].params, rows[name].macs) for name, *_ in MOBILENET] == MOBILENET, SLIM
    assert sum(params for _, params, _ in MOBILENET) == 3_185_088, SLIM
    assert sum(macs for *_, macs in MOBILENET) == 567_716_352, SLIM


MACS = [
    ("vgg16", 15_470_264_320, "Simonyan & Zisserman 2014, configuration D, as Keras builds it: 15.47 G"),
    ("resnet50", 3_857_973_248, "He et al. 2016 as Keras builds it, stride on the 1×1: 3.86 G"),
    ("mobilenet", 567_716_352 + 1_024_000, f"{SLIM}, and the classifier"),
]


@pytest.mark.parametrize(("name", "macs", "source"), MACS, ids=[row[0] for row in MACS])
def test_networks_match_their_published_flops(name: str, macs: int, source: str) -> None:
    assert report(name).totals.macs == macs, source


def test_the_convolutions_of_vgg16_match_published_flops() -> None:
    rows = [row for row in report("vgg16").layers if row.class_name == "Conv2D"]
    assert sum(plain(row.macs) for row in rows) == 15_346_630_656, "Simonyan & Zisserman 2014: 15.3 G"  # type: ignore


def test_xception_matches_the_count_of_the_profiler() -> None:
    """Source: keras issue 18391, where TensorFlow's profiler counts Xception for an input of 150×150, without the
    classifier.

    The profiler counts 2 · 1,924,397,456 for convolutions and 3,000,600 for pooling: 2 · 1,925,897,756 in total. It
    counts 0 for batch normalizations, because they are fused in the profiled graph.
    """
    result = report("xception", "tf", 150)
    rows = [row for row in result.layers if "Conv" in row.class_name]
    pools = [row for row in result.layers if row.class_name == "MaxPooling2D"]
    assert sum(plain(row.macs) for row in rows) == 1_924_397_456  # type: ignore
    assert sum(plain(row.flops) for row in pools) == 3_000_600  # type: ignore
    assert sum(plain(row.flops) for row in rows + pools) == 2 * 1_925_897_756  # type: ignore


PROFILED = "tf.profiler of TensorFlow 2.21 on keras.applications of Keras 3.15.1, run"
TF = [
    ("vgg16", 30_960_211_824),
    ("resnet50", 7_755_299_312),
    ("mobilenet", 1_147_687_920),
    ("mobilenet_v2", 615_292_208),
    ("densenet121", 5_702_474_160),
    ("efficientnet_b0", 803_050_119),
    ("nasnet_mobile", 1_147_877_052),
    ("convnext_tiny", 8_780_086_883),
]


@pytest.mark.parametrize(("name", "flops"), TF, ids=[row[0] for row in TF])
def test_flops_by_the_convention_of_the_profiler(name: str, flops: int) -> None:
    totals = report(name, "tf").totals
    assert (totals.flops, totals.incomplete) == (flops, {}), PROFILED


def test_profiler_flops_are_unknown_if_they_were_not_compared() -> None:
    result = spec("input: [6, 4]\nlayers: [{LSTM: 3}]", "tf")
    assert (result.totals.flops, result.totals.incomplete["flops"]) == (UNKNOWN, "unknown")
    assert result.as_dict()["flops_convention"] == "tf"
