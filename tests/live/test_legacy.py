"""Reads files of Keras 2, and compares the results with Keras 2 itself (tf_keras).

The files are JSON configs and ``.h5`` files of models in keras.applications, and the file of a model with operations.
"""

from __future__ import annotations

import math
from pathlib import Path
from random import Random
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.keras_text.options import Options
from convcalc.read import load, read
from tests.generators.model_mutations import Tally, hold
from tests.live.test_keras2_text import different, looks

pytestmark = pytest.mark.keras

APPLICATIONS = [
    "ConvNeXtTiny",
    "DenseNet121",
    "EfficientNetB0",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "NASNetMobile",
    "RegNetX002",
    "ResNet50",
    "ResNetRS50",
    "VGG16",
    "Xception",
]


def theirs(model: Any) -> list[tuple[Any, ...]]:
    """Returns the name, output shapes, parameters and trainable parameters of each layer, sorted."""
    rows = []
    for layer in model.layers:
        shape = layer.output_shape
        shapes = [tuple(each) for each in ([shape] if isinstance(shape, tuple) else shape)]
        trained = sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        rows.append((layer.name, shapes, layer.count_params(), trained))
    return sorted(rows, key=str)


def ours(report: Any) -> list[tuple[Any, ...]]:
    rows = []
    for row in report.layers:
        if not row.depth:
            shapes = [
                tuple(None if size is UNKNOWN else size for size in shape or ("?",)) for shape in row.output_shapes
            ]
            rows.append((row.name, shapes, row.params, row.trainable_params))
    return sorted(rows, key=str)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application(name: str, tmp_path: Path, tell: Any) -> None:
    import tf_keras

    tf_keras.backend.clear_session()
    model = getattr(tf_keras.applications, name)(weights=None)
    report = infer(read(model.to_json().encode(), name))
    assert not report.problems
    assert ours(report) == theirs(model)
    kept: list[tuple[Options, str]] = []
    assert different(report, model, kept) is None
    tally = Tally()
    hold(tally, report, "keras2", kept, Random(name))
    assert not tally.failed, "\n".join(tally.failed)
    model.save(tmp_path / "model.h5")
    assert ours(infer(load(tmp_path / "model.h5"))) == theirs(model)
    texts = len(looks(model))
    tell(
        f"Keras 2, {name}: {len(report.layers)} layers, JSON, .h5 and {texts} texts of summary(), 0 disagreements; {tally}"
    )


def test_operations_shared_and_nested_models() -> None:
    import tensorflow as tf
    import tf_keras as keras

    keras.backend.clear_session()
    layers = keras.layers
    start = keras.Input((8, 8, 3))
    picked = start[:, 1:, ..., 0]
    joined = layers.Concatenate()([picked, picked])
    sequential = keras.Sequential([layers.Dense(3, input_shape=(7, 16))])
    once, twice = sequential(joined), sequential(joined)
    inner_start = keras.Input((7, 3))
    inner = keras.Model(inner_start, [layers.Dense(2)(inner_start), inner_start])
    first, second = inner(once), inner(twice)
    outputs = [
        tf.reduce_mean(once, axis=-1),
        tf.concat([once, twice], axis=1) * 2.0,
        tf.nn.relu(once),
        tf.reshape(once, (-1, 7)),
        once / 2.0,
        1 - once,
        tf.cast(once, "float16"),
        first[0],
        second[1],
        layers.LeakyReLU(0.1)(once),
        layers.LSTM(3)(once),
        layers.MultiHeadAttention(2, 3)(once, twice),
    ]
    model = keras.Model(start, outputs)
    report = infer(read(model.to_json().encode(), "mixed"))
    assert not report.problems
    assert ours(report) == theirs(model)


def test_a_file_of_keras_3_in_hdf5(tmp_path: Path) -> None:
    import keras

    model = keras.applications.MobileNetV2(weights=None)
    model.save(tmp_path / "model.h5")
    report = infer(load(tmp_path / "model.h5"))
    assert report.totals.params == model.count_params()
    assert [row.name for row in report.layers] == [layer.name for layer in model.layers]
