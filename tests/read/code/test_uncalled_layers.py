"""Tests layers that a model contains but never calls. The expected numbers are those of Keras's summary."""

from __future__ import annotations

from convcalc.analyse import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.read.code.file import read_program

HEAD = "import keras\nfrom keras import layers\n"


def report(code: str) -> Report:
    return infer(read_program(HEAD + code, "model.py", target="model"))


def rows(result: Report) -> list[tuple[str, str, object]]:
    return [(row.name, row.class_name, row.params) for row in result.layers if row.depth == 0]


def test_layers_that_are_never_called_have_rows() -> None:
    code = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(3)
        self.never = layers.Dense(7)
        self.drop = layers.Dropout(0.1)
        self.encoder = keras.Sequential([keras.Input((4,)), layers.Dense(5)])

    def call(self, x, training=None):
        if training:
            x = self.drop(x)
        return self.first(x)

model = Net()
model(keras.Input((6,)))
"""
    result = report(code)
    assert rows(result) == [
        ("dense", "Dense", 21),
        ("dense_1", "Dense", 0),
        ("dropout", "Dropout", 0),
        ("sequential", "Sequential", 25),
    ]
    assert (result.totals.params, result.totals.macs) == (46, 18)


def test_a_part_of_a_layer_that_is_called_directly() -> None:
    code = """
class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(3)
        self.never = layers.Dense(9)

    def call(self, x):
        return self.dense(x)

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = Block(), Block(), Block(name="unused")

    def call(self, x):
        return self.b(self.a.dense(x))

model = Net()
model(keras.Input((6,)))
"""
    result = report(code)
    assert ("block_1", "Block", 12) in rows(result)
    assert ("unused", "Block", 0) in rows(result)
    assert result.totals.params == 33


def test_a_list_of_cells() -> None:
    code = """
model = keras.Sequential([keras.Input((5, 3)), layers.RNN([layers.GRUCell(4), layers.SimpleRNNCell(5)], return_sequences=True)])
"""
    result = report(code)
    assert result.totals.params == 158
    assert result.output_shapes[0][1:] == (5, 5)  # type: ignore[index]


def test_a_model_that_is_called_on_a_value_of_unknown_shape_says_so() -> None:
    code = """
import pickle
import keras
import tensorflow as tf

class Encoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.fc = keras.layers.Dense(3)

    def call(self, x):
        return self.fc(x)

def step(batch, model):
    return model(batch)

model = Encoder()
image = keras.Input((None, None, 8))
extract = keras.Model(image, keras.layers.Conv2D(4, 3)(image))
features = extract(pickle.load(open("image.pickle", "rb")))
step(tf.reshape(features, (features.shape[0], -1, features.shape[3])), model)
"""
    (problem,) = infer(read_program(code, "model.py", target="model")).problems
    assert problem.code == "unknown-value"
    assert (
        "'encoder' (Encoder): the shape of its input is unknown: `reshape` has an unknown argument" in problem.message
    )


def test_the_shape_of_a_layer_that_a_custom_model_calls_twice() -> None:
    """Keras shows the output for the input that built the layer."""
    code = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, x):
        return self.dense(x), self.dense(x[:, 0])

model = Net()
model(keras.Input((5, 3)))
"""
    (row,) = [row for row in report(code).layers if row.depth == 0]
    assert (row.output_shapes[0], row.params, row.macs) == ((UNKNOWN, 5, 4), 16, 72)
