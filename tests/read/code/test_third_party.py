"""Tests layers of other packages in programs, and objects that a program registers with Keras by name."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.read.code.file import read_program

HEAD = "import tensorflow as tf\nimport tensorflow_addons as tfa\nfrom tensorflow import keras\nfrom tensorflow.keras import layers\n"


def report(code: str) -> Report:
    return infer(read_program(HEAD + code, "model.py", target="model"))


@pytest.mark.parametrize(
    ("layer", "params"),
    [
        ("tfa.layers.InstanceNormalization()", 16),
        ("tfa.layers.InstanceNormalization(axis=-1, center=False, epsilon=1e-6)", 8),
        ("tfa.layers.GroupNormalization(groups=4)", 16),
        ("tfa.layers.GroupNormalization(groups=2, axis=3, scale=False)", 8),
    ],
)
def test_normalizations(layer: str, params: int) -> None:
    result = report(f"model = keras.Sequential([keras.Input((5, 6, 8)), {layer}])")
    assert result.layers[-1].output_shapes[0][1:] == (5, 6, 8)
    assert result.totals.params == params
    assert not result.totals.incomplete


def test_the_axis_of_a_normalization_of_keras_contrib() -> None:
    text = (
        "from keras_contrib.layers import InstanceNormalization\nmodel = keras.Sequential([keras.Input((5, 6, 8)), {}])"
    )
    assert report(text.format("InstanceNormalization(axis=-1)")).totals.params == 16
    assert "params" in report(text.format("InstanceNormalization()")).totals.incomplete


@pytest.mark.parametrize(
    "given",
    [
        "keras.utils.get_custom_objects().update({'twice': lambda x: 2 * x})\n",
        "tf.keras.utils.get_custom_objects()['twice'] = layers.Activation(lambda x: 2 * x)\n",
        "with keras.utils.custom_object_scope({'twice': lambda x: 2 * x}): pass\n",
    ],
)
def test_an_activation_that_the_program_registers(given: str) -> None:
    result = report(given + "model = keras.Sequential([keras.Input((3,)), layers.Dense(2, activation='twice')])")
    assert result.totals.params == 8
    assert not result.totals.incomplete


def test_an_own_merging_layer() -> None:
    result = report("""
from tensorflow.keras import backend as K
from tensorflow.python.keras.layers.merge import _Merge

class Mix(_Merge):
    def _merge_function(self, inputs):
        part = K.random_uniform((4, 1))
        return part * inputs[0] + (1 - part) * inputs[1]

a, b = keras.Input((6,)), keras.Input((6,))
model = keras.Model([a, b], layers.Dense(2)(Mix()([a, b])))
""")
    assert result.totals.params == 14
    assert not result.totals.incomplete


@pytest.mark.parametrize(
    ("block", "shape", "params"),
    [
        ("pix2pix.upsample(4, 3)", (10, 12, 4), 3 * 3 * 2 * 4 + 16),
        ("pix2pix.upsample(4, 3, apply_dropout=True)", (10, 12, 4), 3 * 3 * 2 * 4 + 16),
        ("pix2pix.downsample(4, 3, apply_batchnorm=False)", (3, 3, 4), 3 * 3 * 2 * 4),
        ("pix2pix.downsample(filters=4, size=3, norm_type='BatchNorm')", (3, 3, 4), 3 * 3 * 2 * 4 + 16),
    ],
)
def test_blocks_of_pix2pix(block: str, shape: tuple[int, ...], params: int) -> None:
    code = "from tensorflow_examples.models.pix2pix import pix2pix\n"
    result = report(f"{code}i = keras.Input((5, 6, 2))\nmodel = keras.Model(i, {block}(i))")
    assert result.layers[-1].output_shapes[0][1:] == shape
    assert result.totals.params == params


@pytest.mark.parametrize("block", ["pix2pix.upsample(4, 3, True)", "pix2pix.upsample(4, 3, norm_type='instancenorm')"])
def test_other_blocks_are_unknown(block: str) -> None:
    code = "from tensorflow_examples.models.pix2pix import pix2pix\n"
    result = report(f"{code}i = keras.Input((5, 6, 2))\nmodel = keras.Model(i, {block}(i))")
    assert "params" in result.totals.incomplete
