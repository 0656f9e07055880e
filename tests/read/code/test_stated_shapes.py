"""Custom layers that state their output shape with ``compute_output_shape``, and layers with unknown kernel sizes and strides."""

from __future__ import annotations

from typing import Any

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

HEAD = "import keras\nimport tensorflow as tf\nfrom keras import Input, Model, layers\nfrom keras import backend as K\nimport other\n"


def report(code: str, target: str = "model", **options: Any) -> Report:
    return infer(read_program(HEAD + code, "model.py", target=target, **options))


LAYER = """
class Own(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        {init}

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def call(self, x):
        return {call}

    def compute_output_shape(self, input_shape):
        return {shape}

x = Input((5, 4))
model = Model(x, layers.Dense(2)(Own(3)(x)))
"""


@pytest.mark.parametrize(
    ("call", "shape", "expected"),
    [
        ("other.decode(x, self.kernel)", "(*input_shape[:-1], self.units)", "(None, 5, 3)"),
        ("tf.raw_ops.Unknown(x=x)", "(input_shape[0], 9, self.units)", "(None, 9, 3)"),
        ("K.no_such_function(x)[0]", "(input_shape[0], tf.constant(7), 3)", "(None, 7, 3)"),
    ],
)
def test_a_call_that_is_not_followed(call: str, shape: str, expected: str) -> None:
    result = report(LAYER.format(init="pass", call=call, shape=shape))
    assert [shape_text(row.output_shapes[0]) for row in result.layers][1] == expected
    assert result.totals.params == 12 + 8
    assert "params" not in result.totals.incomplete
    assert "macs" in result.totals.incomplete
    assert not result.problems


@pytest.mark.parametrize(
    ("init", "shape"),
    [
        ("self.net = other.Network()", "(*input_shape[:-1], self.units)"),  # it may have weights
        ("pass", "other.shape(input_shape)"),
        ("pass", "input_shape[0][0] + 1"),
    ],
)
def test_a_layer_whose_weights_or_shape_are_unknown(init: str, shape: str) -> None:
    result = report(LAYER.format(init=init, call="other.decode(x)", shape=shape))
    assert "params" in result.totals.incomplete


def test_a_call_that_is_followed_is_shown() -> None:
    result = report(LAYER.format(init="pass", call="tf.matmul(x, self.kernel)", shape="(*input_shape[:-1], 3)"))
    assert result.totals.params == 12 + 8
    assert "macs" not in result.totals.incomplete


def test_several_inputs_and_outputs_and_calls() -> None:
    result = report("""
class Split(layers.Layer):
    def call(self, inputs):
        return other.split(inputs[0]), other.split(inputs[1])

    def compute_output_shape(self, shapes):
        return [(shapes[0][0], shapes[0][1] // 2), (shapes[1][0], 3)]

a, b = Input((8,)), Input((6,))
split = Split()
one, two = split([a, b])
three, four = split([b, a])
model = Model([a, b], [layers.Dense(1)(one), layers.Dense(1)(two), layers.Dense(1)(three), layers.Dense(1)(four)])
""")
    assert result.totals.params == 5 + 4 + 4 + 4


def test_the_output_shape_of_a_lambda_is_a_function() -> None:
    result = report("""
x = Input((5, 4))
y = layers.Lambda(lambda t: other.crop(t), output_shape=lambda s: (s[0], s[1] - 2, s[2]))(x)
model = Model(x, layers.Dense(2)(layers.Flatten()(y)))
""")
    assert result.totals.params == 12 * 2 + 2


# Kernel sizes and strides that the code does not state --------------------------------------------------------------------

WINDOWS = """
def build(size, step):
    x = Input((32, 32, 3))
    y = layers.{layer}(x)
    return Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
"""


@pytest.mark.parametrize(
    ("layer", "shape", "params"),
    [
        ("Conv2D(8, 3, strides=step, padding='same')", "(None, ceil(32/step), ceil(32/step), 8)", 224 + 18),
        ("Conv2D(8, 3, strides=(1, step), padding='same')", "(None, 32, ceil(32/step), 8)", 224 + 18),
        ("DepthwiseConv2D(size, padding='same')", "(None, 32, 32, 3)", 8),
        ("MaxPooling2D(size, padding='same')", "(None, ceil(32/size), ceil(32/size), 3)", 8),
        ("UpSampling2D((size, 2))", "(None, 32·size, 64, 3)", 8),
        ("Conv2D(8, [size, 3], padding='same')", "(None, 32, 32, 8)", 18),
    ],
)
def test_unknown_windows(layer: str, shape: str, params: int) -> None:
    result = report(WINDOWS.format(layer=layer), "build")
    assert shape_text(result.layers[1].output_shapes[0]) == shape
    assert result.totals.params == params
    assert "has no default; give it with --set " in result.problems[0].message
    known = report(WINDOWS.format(layer=layer), "build", settings={"size": 2, "step": 2})
    assert not known.totals.incomplete
