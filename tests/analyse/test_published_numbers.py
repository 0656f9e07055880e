"""Compares the specs with published parameters, MACs and sizes, without Keras."""

from pathlib import Path

import pytest

from convcalc import Report, infer
from convcalc.model import with_input_sizes
from convcalc.read import load
from tests.paths import SPECS


def report(name: str) -> Report:
    return infer(load(SPECS / f"{name}.yaml"))


def macs(found: Report) -> dict[str, int]:
    """Returns the multiply-accumulates by layer name. Layers without multiply-accumulates are left out."""
    return {row.name: row.macs for row in found.layers if row.macs}


@pytest.mark.parametrize(
    ("name", "params", "trainable"),
    [
        ("fashion_mnist", 1_101_526, 1_101_526),  # 320 + 18,496 + 1,081,700 + 1,010
        ("lenet5", 61_706, 61_706),  # 156 + 2,416 + 48,120 + 10,164 + 850
        ("alexnet", 60_965_224, 60_965_224),  # grouped convolutions; 62,378,344 without groups
        ("unet", 31_030_658, 31_030_658),  # Ronneberger et al. 2015, figure 1; with biases, 1 input channel, 2 outputs
        # Source of the following numbers: the summaries of keras.applications.
        ("vgg16", 138_357_544, 138_357_544),
        ("resnet50", 25_636_712, 25_583_592),
        ("mobilenet", 4_253_864, 4_231_976),
        ("mobilenet_v2", 3_538_984, 3_504_872),
        ("inception_v3", 23_851_784, 23_817_352),
        ("densenet121", 8_062_504, 7_978_856),
        ("nasnet_mobile", 5_326_716, 5_289_978),
        ("xception", 22_910_480, 22_855_952),  # Chollet 2016, table 3: 22,855,952 parameters
    ],
)
def test_specs_have_their_published_parameters(name: str, params: int, trainable: int) -> None:
    result = report(name)
    assert (result.totals.params, result.totals.trainable_params) == (params, trainable)
    assert not result.totals.incomplete
    assert not result.problems


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("lenet5", 416_520),  # 28²·25·6 + 10²·25·6·16 + 25·16·120 + 120·84 + 84·10
        ("vgg16", 15_470_264_320),  # torchvision's table: 15.47 · 10⁹
        # He et al. 2015, table 1: 3.8 · 10⁹. In a block with a stride, the first 1×1 convolution has the stride.
        ("resnet50", 3_857_973_248),
        ("mobilenet", 567_716_352 + 1_024_000),  # Howard et al. 2017, table 4: 569 million
        ("mobilenet_v2", 300_774_272),  # Sandler et al. 2018, table 4: 300 million
        ("inception_v3", 5_713_216_096),  # torchvision's table: 5.713 · 10⁹
        ("densenet121", 2_834_161_664),  # torchvision's table: 2.834 · 10⁹
    ],
)
def test_specs_have_their_published_macs(name: str, total: int) -> None:
    assert report(name).totals.macs == total


def test_vgg16_has_the_published_macs_of_each_convolution() -> None:
    convolutions = [row.macs for row in report("vgg16").layers if row.class_name == "Conv2D"]
    assert len(convolutions) == 13
    assert sum(convolutions) == 15_346_630_656


def test_alexnet_has_the_published_numbers_of_each_layer() -> None:
    assert macs(report("alexnet")) == {
        "conv1": 55 * 55 * 96 * 11 * 11 * 3,
        "conv2": 27 * 27 * 256 * 5 * 5 * 48,  # each filter reads only the 48 channels of its group
        "conv3": 13 * 13 * 384 * 3 * 3 * 256,
        "conv4": 13 * 13 * 384 * 3 * 3 * 192,
        "conv5": 13 * 13 * 256 * 3 * 3 * 192,
        "fc6": 6 * 6 * 256 * 4096,
        "fc7": 4096 * 4096,
        "fc8": 4096 * 1000,
    }


# Source: the table in research/slim/nets/mobilenet_v1.py of github.com/tensorflow/models, for width 1.0 at 224×224.
MOBILENET = {
    "conv1": (864, 10_838_016),
    "conv_dw_1": (288, 3_612_672),
    "conv_pw_1": (2_048, 25_690_112),
    "conv_dw_2": (576, 1_806_336),
    "conv_pw_2": (8_192, 25_690_112),
    "conv_dw_3": (1_152, 3_612_672),
    "conv_pw_3": (16_384, 51_380_224),
    "conv_dw_4": (1_152, 903_168),
    "conv_pw_4": (32_768, 25_690_112),
    "conv_dw_5": (2_304, 1_806_336),
    "conv_pw_5": (65_536, 51_380_224),
    "conv_dw_6": (2_304, 451_584),
    "conv_pw_6": (131_072, 25_690_112),
    "conv_dw_7": (4_608, 903_168),
    "conv_pw_7": (262_144, 51_380_224),
    "conv_dw_8": (4_608, 903_168),
    "conv_pw_8": (262_144, 51_380_224),
    "conv_dw_9": (4_608, 903_168),
    "conv_pw_9": (262_144, 51_380_224),
    "conv_dw_10": (4_608, 903_168),
    "conv_pw_10": (262_144, 51_380_224),
    "conv_dw_11": (4_608, 903_168),
    "conv_pw_11": (262_144, 51_380_224),
    "conv_dw_12": (4_608, 225_792),
    "conv_pw_12": (524_288, 25_690_112),
    "conv_dw_13": (9_216, 451_584),
    "conv_pw_13": (1_048_576, 51_380_224),
}


def test_mobilenet_has_the_published_numbers_of_each_layer() -> None:
    result = {row.name: (row.params, row.macs) for row in report("mobilenet").layers if row.macs}
    assert result.pop("conv_preds") == (1_025_000, 1_024_000)  # the published table does not list this layer
    assert result == MOBILENET
    assert tuple(map(sum, zip(*result.values()))) == (3_185_088, 567_716_352)


def test_xception_at_another_size_without_its_top() -> None:
    # Source: the count of TensorFlow's profiler in issue 18391 of github.com/keras-team/keras. The profiler counts two
    # operations for each MAC, and 3,000,600 operations for pooling.
    result = macs(infer(with_input_sizes(load(SPECS / "xception.yaml"), {None: (150, 150, 3)})))
    assert result.pop("predictions") == 2048 * 1000
    assert sum(result.values()) == 1_924_397_456 == (2 * 1_925_897_756 - 3_000_600) // 2


def test_unet_has_the_sizes_of_its_figure() -> None:
    # Source: Ronneberger et al. 2015, figure 1. ``down`` has the sizes on the left side of the U from top to bottom,
    # ``up`` has the sizes on the right side from bottom to top.
    sizes = [row.output_shapes[0][1] for row in report("unet").layers if row.class_name == "Conv2D"]
    down = [570, 568, 282, 280, 138, 136, 66, 64, 30, 28]
    up = [54, 52, 102, 100, 198, 196, 390, 388, 388]
    assert sizes == down + up


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_spec_is_short_and_begins_with_a_description(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert len(lines) <= 120


def test_resnet50_fits_on_two_screens() -> None:
    assert len((SPECS / "resnet50.yaml").read_text(encoding="utf-8").splitlines()) <= 100
