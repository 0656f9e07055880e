"""Compares ``--convention tf`` with TensorFlow's profiler, for models of keras.applications and for single layers.

Keras builds the graph for inference on one sample. The profiler counts the operations that it supports, before
TensorFlow optimizes the graph.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.read import read
from tests.live.session import fresh

pytestmark = pytest.mark.keras

APPLICATIONS = [
    *("VGG16", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small", "DenseNet121"),
    *("EfficientNetB0", "EfficientNetV2B0", "InceptionV3", "Xception", "NASNetMobile", "ConvNeXtTiny"),
]


def profiled(model: Any) -> int:
    """Returns the number of float operations for one sample, as TensorFlow's profiler counts them."""
    import tensorflow as tf

    signature = [tf.TensorSpec((each.shape[0] or 1, *each.shape[1:]), each.dtype) for each in model.inputs]
    function = tf.function(lambda *inputs: model(list(inputs) if len(inputs) > 1 else inputs[0], training=False))
    graph = function.get_concrete_function(*signature).graph
    profiler = tf.compat.v1.profiler
    builder = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation())
    result = profiler.profile(graph, options=builder.with_empty_output().build(), cmd="op")
    return int(result.total_float_ops)


def counted(model: Any) -> Any:
    report = infer(read(model.to_json().encode(), "model.json"))
    return report.with_flops("tf").totals


@pytest.mark.parametrize("name", APPLICATIONS)
def test_applications(name: str) -> None:
    import keras

    fresh()
    model = getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3))
    totals = counted(model)
    assert totals.incomplete == {}
    assert totals.flops == profiled(model)


def layers() -> list[tuple[Any, tuple[int, ...]]]:
    from keras import layers as k

    image = (9, 8, 6)
    return [
        *((k.Activation(name), image) for name in _activations()),
        *((k.Conv2D(4, 3, strides=s, padding=p), image) for s in (1, 2) for p in ("same", "valid")),
        *(
            (k.Conv2D(4, 3, dilation_rate=d, padding=p, activation="gelu"), image)
            for d in (2, (3, 1))
            for p in ("same", "valid")
        ),
        (k.Conv1D(4, 3, padding="causal", dilation_rate=2), (9, 6)),
        (k.DepthwiseConv2D(3, dilation_rate=2), image),
        (k.Conv2D(4, 3, groups=2), image),
        (k.Conv1D(4, 3, padding="same"), (9, 6)),
        (k.Conv1D(4, 3, padding="causal"), (9, 6)),
        *((k.Conv2DTranspose(4, 3, strides=s, padding=p), image) for s in (1, 2) for p in ("same", "valid")),
        (k.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), image),
        (k.SeparableConv2D(5, 3), image),
        (k.Dense(5, activation="softmax"), (7,)),
        (k.Dense(5), (4, 7)),
        *((k.MaxPooling2D(3, strides=2, padding=p), image) for p in ("same", "valid")),
        (k.AveragePooling2D((3, 2)), image),
        *((pool(), image) for pool in (k.GlobalAveragePooling2D, k.GlobalMaxPooling2D)),
        (k.GlobalAveragePooling1D(), (9, 6)),
        (k.GlobalAveragePooling3D(), (4, 5, 6, 2)),
        *((k.BatchNormalization(scale=s, center=c), image) for s in (True, False) for c in (True, False)),
        (k.LayerNormalization(), image),
        (k.Normalization(mean=[1.0] * 6, variance=[2.0] * 6), image),
        (k.Rescaling(0.5, 1.0), image),
        (k.ReLU(), image),
        (k.ReLU(max_value=6), image),
        *((k.LeakyReLU(0.1), image), (k.ELU(), image), (k.Softmax(), image)),
        *((k.UpSampling2D(2, interpolation=way), image) for way in ("nearest", "bilinear")),
        *((k.ZeroPadding2D(1), image), (k.Cropping2D(1), image), (k.Flatten(), image), (k.Permute((2, 1, 3)), image)),
        *((k.Reshape((72, 6)), image), (k.RepeatVector(3), (7,)), (k.Dropout(0.5), image)),
    ]


def _activations() -> list[str]:
    from convcalc.layers.costs import _TF_ACTIVATIONS

    return sorted(name for name in _TF_ACTIVATIONS if name != "hard_swish")


def test_single_layers() -> None:
    import keras

    fresh()
    wrong, known = [], 0
    for layer, shape in layers():
        inputs = keras.Input(shape)
        model = keras.Model(inputs, layer(inputs))
        ours = counted(model).flops
        known += ours is not UNKNOWN
        if ours is not UNKNOWN and ours != profiled(model):
            wrong.append(
                (type(layer).__name__, json.dumps(layer.get_config(), default=str)[:200], ours, profiled(model))
            )
    assert not wrong, "\n".join(map(str, wrong))
    assert known == len(layers())


def test_a_batch() -> None:
    import keras
    from keras import layers as k

    fresh()
    inputs = keras.Input(batch_shape=(3, 9, 8, 6))
    x = k.LayerNormalization()(k.BatchNormalization()(k.Conv2D(4, 3)(inputs)))
    model = keras.Model(inputs, k.Dense(5)(k.Flatten()(k.UpSampling2D()(x) * 2.0)))
    assert counted(model).flops == profiled(model)


def test_merging_layers() -> None:
    import keras
    from keras import layers as k

    fresh()
    for kind in (k.Add, k.Subtract, k.Multiply, k.Average, k.Maximum, k.Minimum, k.Concatenate):
        inputs = [keras.Input((5, 4)) for _ in range(2 if kind is k.Subtract else 3)]
        model = keras.Model(inputs, kind()(inputs))
        assert counted(model).flops == profiled(model), kind.__name__
