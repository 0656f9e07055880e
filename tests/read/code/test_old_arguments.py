"""Tests layers with the names and arguments of Keras 1 and 2."""

from __future__ import annotations

from typing import Any

import pytest

from convcalc.analyse import infer
from convcalc.read.code.file import read_program

HEAD = """
from keras.models import Model, Sequential
from keras.layers import *
from keras.layers.core import Dense, Merge
from keras.layers.convolutional import Convolution2D
"""


@pytest.mark.parametrize(
    ("layer", "shape", "output", "params"),
    [
        ("Convolution2D(8, 3, 3, border_mode='same', subsample=(2, 2), init='he_normal')", (9, 9, 3), (5, 5, 8), 224),
        ("Convolution2D(8, 3, 3)", (9, 9, 3), (7, 7, 8), 224),
        ("Convolution2D(8, (3, 3), strides=2)", (9, 9, 3), (4, 4, 8), 224),
        ("Convolution2D(8, 3, 3, dim_ordering='th')", (3, 9, 9), (8, 7, 7), 224),
        ("Conv2D(8, 3, 3, border_mode='same')", (9, 9, 3), (9, 9, 8), 224),
        ("Conv2D(8, 3, 3)", (9, 9, 3), (3, 3, 8), 224),
        ("Convolution1D(nb_filter=4, filter_length=3, subsample_length=2)", (9, 2), (4, 4), 28),
        ("AtrousConvolution2D(4, 3, 3, atrous_rate=(2, 2))", (9, 9, 3), (5, 5, 4), 112),
        ("Deconvolution2D(4, 3, 3, output_shape=(None, 19, 19, 4), subsample=(2, 2))", (9, 9, 3), (19, 19, 4), 112),
        ("SeparableConvolution2D(4, 3, 3, border_mode='same')", (9, 9, 3), (9, 9, 4), 43),
        ("Convolution3D(2, 3, 3, 3)", (5, 5, 5, 1), (3, 3, 3, 2), 56),
        ("MaxPooling2D(pool_size=(2, 2), border_mode='same')", (9, 9, 3), (5, 5, 3), 0),
        ("MaxPooling1D(pool_length=3, stride=2)", (9, 2), (4, 2), 0),
        ("ZeroPadding2D(padding=(1, 1, 2, 2))", (9, 9, 3), (11, 13, 3), 0),
        ("UpSampling1D(length=3)", (9, 2), (27, 2), 0),
        ("Dense(output_dim=5, init='uniform', bias=False)", (4,), (5,), 20),
        ("Dropout(p=0.5)", (4,), (4,), 0),
        ("BatchNormalization(mode=0, axis=-1, beta_init='zero')", (4,), (4,), 16),
        ("LSTM(output_dim=3, inner_init='orthogonal', dropout_W=0.1, consume_less='gpu')", (9, 2), (3,), 72),
        ("GRU(3, inner_activation='hard_sigmoid')", (9, 2), (3,), 54),
        ("LSTM(3, implementation=2, unroll=True)", (9, 2), (3,), 72),
        ("CuDNNLSTM(3)", (9, 2), (3,), 84),
        ("TimeDistributedDense(3)", (9, 2), (9, 3), 9),
        ("MaxoutDense(3, nb_feature=2)", (4,), (3,), 30),
        ("Highway()", (4,), (4,), 40),
        ("LeakyReLU(alpha=0.3)", (4,), (4,), 0),
        ("GaussianNoise(sigma=0.1)", (4,), (4,), 0),
        ("ThresholdedReLU(theta=1.0)", (4,), (4,), 0),
        ("SeparableConv2D(4, 3, kernel_initializer='he_normal')", (9, 9, 3), (7, 7, 4), 43),
        ("DepthwiseConv2D(3, kernel_regularizer='l2', kernel_constraint='unit_norm')", (9, 9, 3), (7, 7, 3), 30),
        ("LocallyConnected1D(4, 3)", (9, 2), (7, 4), 196),
    ],
)
def test_layers(layer: str, shape: Any, output: Any, params: int) -> None:
    report = infer(read_program(f"{HEAD}x = Input({shape})\nmodel = Model(input=x, output={layer}(x))\n", "model.py"))
    assert report.layers[-1].output_shapes[0][1:] == output
    assert report.totals.params == params
    assert not report.totals.incomplete and not report.problems


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ("mode='concat', concat_axis=1", (8, 3)),
        ("mode='concat'", (4, 6)),
        ("'sum'", (4, 3)),
        ("mode='mul'", (4, 3)),
        ("mode='ave'", (4, 3)),
        ("mode='dot', dot_axes=2", (4, 4)),
        ("mode=lambda t: t[0] + t[1], output_shape=(4, 3)", (4, 3)),
    ],
)
def test_merge(arguments: str, output: Any) -> None:
    text = f"{HEAD}a, b = Input((4, 3)), Input((4, 3))\nmodel = Model([a, b], merge([a, b], {arguments}))\n"
    report = infer(read_program(text, "model.py"))
    assert report.layers[-1].output_shapes[0][1:] == output


def test_a_sequential_begins_with_a_merge() -> None:
    text = f"""{HEAD}
left = Sequential([Dense(8, input_dim=4)])
right = Sequential()
right.add(Embedding(50, 8, input_length=5))
right.add(Flatten())
model = Sequential()
model.add(Merge([left, right], mode="concat", concat_axis=1))
model.add(Dense(3))
"""
    report = infer(read_program(text, "model.py", target="model"))
    assert report.totals.params == 40 + 400 + 147
    assert report.layers[-1].output_shapes[0][1:] == (3,)


def test_the_order_of_axes_is_a_setting() -> None:
    text = """
from keras import backend as K
from keras.layers import Conv2D, Input
from keras.models import Model
K.set_image_data_format("channels_first")
x = Input((3, 9, 9) if K.image_data_format() == "channels_first" else (9, 9, 3))
model = Model(x, Conv2D(8, 3)(x))
"""
    assert infer(read_program(text, "model.py")).layers[-1].output_shapes[0][1:] == (8, 7, 7)


def test_a_lambda_with_an_unknown_output_shape_and_an_own_initializer() -> None:
    text = """
from keras.layers import Conv2D, Input, Lambda
from keras.models import Model

class Prior:
    def __call__(self, shape, dtype=None):
        return 0

x = Input((9, 9, 3))
y = Conv2D(8, 3, bias_initializer=Prior())(x)
model = Model(x, Lambda(lambda t: t * 2, output_shape=(size, 7, 8))(y))
"""
    report = infer(read_program(text, "model.py"))
    assert report.totals.params == 224


@pytest.mark.parametrize(("rank", "size"), [(1, 4), (2, 4), (3, 4)])
def test_the_default_pool_size_of_keras_2(rank: int, size: int) -> None:
    text = f"""
from tensorflow.keras import Input, Sequential, layers
model = Sequential([Input((8,) * {rank} + (2,)), layers.AveragePooling{rank}D()])
"""
    assert infer(read_program(text, "model.py")).layers[-1].output_shapes[0][1:] == (size,) * rank + (2,)


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("from keras.layers.core import Flatten", "warning"),
        ("from keras.utils import np_utils", "warning"),
        ("tf.image.resize_bilinear(0, 1)", "warning"),
        ("from keras.layers import Flatten", "error"),
    ],
)
def test_slashes_in_names_are_valid_in_keras_2(line: str, severity: str) -> None:
    text = f"""
import tensorflow as tf
{line}
from keras.layers import Activation, Input
from keras.models import Model
x = Input((3,))
model = Model(x, Activation("relu", name="block/relu")(x))
"""
    problems = read_program(text, "model.py").problems
    assert [problem.severity for problem in problems] == [severity]


@pytest.mark.parametrize(
    ("start", "size"),
    [
        ("from keras.layers import Convolution2D, Input\nfrom keras.models import Model", 7),
        ("from tensorflow.keras.layers import Convolution2D, Input\nfrom tensorflow.keras.models import Model", 3),
        (
            "from tensorflow import keras\nConvolution2D, Input, Model = keras.layers.Convolution2D, keras.Input, keras.Model",
            3,
        ),
    ],
)
def test_three_numbers_are_a_kernel_only_outside_of_tensorflow(start: str, size: int) -> None:
    text = f"{start}\nx = Input((9, 9, 1))\nmodel = Model(x, Convolution2D(8, 3, 3)(x))\n"
    report = infer(read_program(text, "model.py"))
    assert report.output_shapes[0][1:] == (size, size, 8)
