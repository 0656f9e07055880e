"""Tests custom layers inside other layers, and the messages about unknown values in them."""

from __future__ import annotations

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

HEAD = """
import inspect
import keras
from keras import layers, ops

class Block(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(units)
        self.drop = layers.Dropout(0.5)
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],))
    def call(self, x, training=None):
        x = self.dense(x * self.scale)
        options = {"training": training} if "training" in inspect.signature(self.drop.call).parameters else {}
        return self.drop(x, **options) / ops.sqrt(4.0)
"""


def report(code: str) -> Report:
    return infer(read_program(HEAD + code, "model.py", target="model"))


def test_an_own_layer_in_a_wrapper() -> None:
    code = """
inputs = keras.Input((7, 5))
model = keras.Model(inputs, layers.TimeDistributed(Block(3))(inputs))
"""
    head = HEAD.replace(
        "import keras\nfrom keras import", "from tensorflow import keras\nfrom tensorflow.keras import"
    )  # Keras 3 needs compute_output_shape
    result = infer(read_program(head + code, "model.py", target="model"))
    assert shape_text(result.layers[-1].output_shapes[0]) == "(None, 7, 3)"
    assert result.totals.params == 5 + 18
    assert not result.totals.incomplete.keys() - {"macs"}


def test_an_unknown_part_inside_is_said() -> None:
    code = HEAD.replace("units)\n", "UNITS)\n").replace("class", "import other\nUNITS = other.size()\nclass", 1)
    result = infer(
        read_program(
            f"{code}\ninputs = keras.Input((5,))\nmodel = keras.Model(inputs, Block(3)(inputs))",
            "model.py",
            target="model",
        )
    )
    assert result.totals.incomplete["params"] == "partial"
    assert any("`UNITS`, which is unknown: `other.size()` is not supported" in p.message for p in result.problems)


def test_a_list_of_layers_is_a_list() -> None:
    code = """
import keras
from keras import layers

class Stack(layers.Layer):
    def __init__(self):
        super().__init__()
        self.parts = [layers.Dense(4), layers.Dense(5)]

    def call(self, x):
        for part in self.parts if isinstance(self.parts, list) else []:
            x = part(x)
        return x

model = keras.Sequential([keras.Input((3,)), Stack()])
"""
    assert infer(read_program(code, "model.py")).totals.params == 3 * 4 + 4 + 4 * 5 + 5


def test_an_output_that_no_input_reaches_is_unknown() -> None:
    code = """
import keras
import numpy as np

model = keras.Model(keras.Input((3,)), np.zeros((2, 3)))
"""
    report = infer(read_program(code, "model.py"))
    assert report.totals.incomplete
    assert report.problems
