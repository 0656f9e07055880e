"""Compares receptive fields with gradients in the installed Keras.

The gradients show the input positions on which an output position depends.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convcalc import infer
from convcalc.analyse.receptive_axis import Reach
from convcalc.read import load
from tests.live.session import fresh

pytestmark = pytest.mark.keras

CELLS, CHANNELS = 24, 4

# Each function returns a list of layers for an input of 24 positions and 4 channels. It is called after Keras is
# loaded.
STACKS: dict[str, Callable[[Any], list[Any]]] = {
    "conv": lambda k: [k.Conv1D(2, 3), k.Conv1D(2, 4, strides=2, padding="same"), k.Conv1D(2, 2)],
    "dilated": lambda k: [k.Conv1D(2, 3, dilation_rate=3, padding="same"), k.Conv1D(2, 2, dilation_rate=2)],
    "causal": lambda k: [k.Conv1D(2, 3, padding="causal"), k.Conv1D(2, 3, padding="causal", dilation_rate=2)],
    "separable": lambda k: [k.SeparableConv1D(2, 3), k.DepthwiseConv1D(3, strides=2, padding="same")],
    "grouped": lambda k: [k.Conv1D(4, 3, groups=2), k.ReLU(), k.BatchNormalization()],
    "pooling": lambda k: [k.MaxPooling1D(3, 2, padding="same"), k.AveragePooling1D(2)],
    "frames": lambda k: [k.Conv1D(2, 3), k.ZeroPadding1D((2, 1)), k.Cropping1D((3, 2)), k.Conv1D(2, 3)],
    "repeated": lambda k: [k.UpSampling1D(3), k.Conv1D(2, 2), k.AveragePooling1D(2)],
    "transposed": lambda k: [k.Conv1DTranspose(2, 5, strides=2, padding="same"), k.Conv1D(2, 3)],
    "transposed valid": lambda k: [k.Conv1DTranspose(2, 3, strides=2), k.Conv1D(2, 3, strides=3)],
    "transposed with holes": lambda k: [k.Conv1DTranspose(2, 1, strides=3, use_bias=False), k.Conv1D(2, 2)],
    "transposed dilated": lambda k: [k.Conv1DTranspose(2, 3, dilation_rate=2, padding="same"), k.Conv1D(2, 2)],
    "output padding": lambda k: [k.Conv1DTranspose(2, 4, strides=3, padding="same", output_padding=1)],
    "output padding valid": lambda k: [k.Conv1DTranspose(2, 3, strides=3, output_padding=2)],
    "adaptive": lambda k: [k.AdaptiveAveragePooling1D(6), k.Conv1D(2, 2)],
    "global": lambda k: [k.Conv1D(2, 3), k.GlobalAveragePooling1D(keepdims=True)],
    "dense": lambda k: [k.Conv1D(2, 3), k.Dense(3), k.Activation("softmax")],
    "normalized": lambda k: [k.Conv1D(4, 3), k.LayerNormalization()],
    "normalized along": lambda k: [k.Conv1D(4, 3), k.LayerNormalization(axis=1)],
    "normalized in groups": lambda k: [k.Conv1D(4, 3), k.GroupNormalization(2)],
    "einsum": lambda k: [k.EinsumDense("abc,cd->abd", output_shape=(None, 3)), k.Conv1D(2, 3)],
    "einsum along": lambda k: [k.EinsumDense("abc,bd->adc", output_shape=(5, None))],
    "each step": lambda k: [k.TimeDistributed(k.Dense(3)), k.Conv1D(2, 3)],
    "reshaped": lambda k: [k.Reshape((24, 1, 4)), k.Conv2D(2, (3, 1)), k.Reshape((22, 2)), k.Conv1D(2, 3)],
    "permuted": lambda k: [k.Permute((2, 1)), k.Permute((2, 1)), k.Conv1D(2, 3)],
    "as images": lambda k: [k.Reshape((24, 2, 2)), k.UpSampling2D((2, 1), interpolation="bilinear")],
    "as images, by 3": lambda k: [k.Reshape((24, 2, 2)), k.UpSampling2D((3, 1), interpolation="bilinear")],
}


def dependencies(model: Any) -> list[set[int]]:
    """Returns the input positions that have a gradient other than zero, for each output position.

    Positions are on the first axis after the batch axis.
    """
    import numpy as np
    import tensorflow as tf

    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(64, CELLS, CHANNELS)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = model(x)
        weighted = y * random.uniform(0.5, 1.5, y.shape[1:])
        outputs = [tf.reduce_sum(weighted[:, n]) for n in range(y.shape[1])]
    gradients = [tape.gradient(each, x) for each in outputs]
    return [set() if g is None else set(np.nonzero(np.any(g.numpy() != 0, axis=(0, 2)))[0].tolist()) for g in gradients]


def cells(reach: Reach, n: int) -> range:
    turn, rest = divmod(n, len(reach.first))
    first, last = reach.first[rest], reach.last[rest]
    return (
        range(0) if first is None or last is None else range(first + turn * reach.shift, last + turn * reach.shift + 1)
    )


@pytest.mark.parametrize("name", STACKS)
def test_fields_match_the_gradients(name: str, tmp_path: Path) -> None:
    import keras

    fresh()
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((CELLS, CHANNELS)), *STACKS[name](keras.layers)])
    file = tmp_path / "model.json"
    file.write_text(model.to_json())
    report = infer(load(file))
    reach = report.receptive_fields[report.layers[-1].path][-1][0].axes[0].reach
    assert reach is not None
    result = dependencies(model)
    inner = 0
    for n, actual in enumerate(result):
        field = cells(reach, n)
        assert actual <= set(field), f"position {n}"
        if field and field[0] >= 0 and field[-1] < CELLS and actual:
            assert (min(actual), max(actual)) == (field[0], field[-1]), f"position {n}"
            inner += 1
        assert actual or not field or field[0] < 0 or field[-1] >= CELLS, f"position {n} reads nothing"
    assert inner


@pytest.mark.parametrize(
    ("application", "layer", "expected"),
    [
        ("InceptionResNetV2", "conv_7b_ac", (3039, 32, 1482)),
        ("InceptionV3", "mixed10", (1311, 32, 618)),
        ("MobileNet", "conv_pw_13_relu", (315, 32, 126)),
    ],
)
def test_published_fields_of_applications(
    application: str, layer: str, expected: tuple[int, ...], tmp_path: Path
) -> None:
    """The expected numbers are published in the README of github.com/google-research/receptive_field."""
    import keras

    fresh()
    file = tmp_path / "model.json"
    file.write_text(getattr(keras.applications, application)(weights=None).to_json())
    axes = infer(load(file)).receptive_fields[layer][-1][0].axes
    assert [(axis.size, axis.stride, axis.padding) for axis in axes] == [expected] * 2
