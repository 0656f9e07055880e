"""Cells of recurrent layers that a program calls itself, and weights that two layers share.

The numbers are those of Keras 3.15.1.
"""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.read.code.file import read_program

HEADER = """
import numpy as np
import tensorflow as tf
import keras
from keras import layers
"""
LOOP = """
class Loop(keras.Model):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell
        self.last = layers.Dense(2)
    def call(self, x):
        state = self.cell.get_initial_state(batch_size=tf.shape(x)[0])
        for step in range(3):
            out, state = self.cell(x[:, step], state)
        return self.last(out), state
model = Loop(CELL)
model(np.zeros((10, 20, 3)))
"""


def report(code: str, target: str = "model") -> Report:
    return infer(read_program(HEADER + code, "model.py", target=target))


@pytest.mark.parametrize(
    ("cell", "params"),
    [
        ("layers.LSTMCell(13)", 912),
        ("layers.GRUCell(13)", 730),
        ("layers.SimpleRNNCell(13)", 249),
        ("layers.StackedRNNCells([layers.LSTMCell(4), layers.GRUCell(5)])", 305),
    ],
)
def test_a_loop_over_steps(cell: str, params: int) -> None:
    result = report(LOOP.replace("CELL", cell))
    assert result.totals.params == params
    assert not result.problems


def test_the_cell_of_an_rnn_that_the_program_calls_too() -> None:
    result = report("""
class Feedback(keras.Model):
    def __init__(self):
        super().__init__()
        self.cell = layers.LSTMCell(8)
        self.rnn = layers.RNN(self.cell, return_state=True)
        self.dense = layers.Dense(3)
    def call(self, x, training=None):
        y, *state = self.rnn(x)
        prediction = self.dense(y)
        predictions = [prediction]
        for n in range(4):
            y, state = self.cell(prediction, states=state, training=training)
            prediction = self.dense(y)
            predictions.append(prediction)
        return tf.transpose(tf.stack(predictions), [1, 0, 2])
model = Feedback()
model(np.zeros((10, 20, 3)))
""")
    assert result.totals.params == 384 + 27  # the weights of the cell count once
    assert result.output_shapes == ((10, 5, 3),)


def test_unknown_states_have_the_sizes_that_the_cell_needs() -> None:
    result = report("""
class One(keras.Model):
    def __init__(self):
        super().__init__()
        self.cell = layers.LSTMCell(6)
    def call(self, x):
        out, (h, c) = self.cell(x, states=load())
        return out
model = One()
model(np.zeros((4, 3)))
""")
    assert result.totals.params == 4 * (3 * 6 + 6 * 6 + 6)


def test_a_layer_inside_a_wrapper_and_outside() -> None:
    result = report("""
x = keras.Input((5, 3))
dense = layers.Dense(4)
model = keras.Model(x, [layers.TimeDistributed(dense)(x), dense(x[:, 0])])
""")
    assert [row.params for row in result.layers] == [0, 0, 16, 16]
    assert result.totals.params == 16
    assert result.totals.param_bytes == 64


def test_bidirectional_copies_its_layer() -> None:
    result = report("""
x = keras.Input((5, 3))
lstm = layers.LSTM(6)
model = keras.Model(x, [layers.Bidirectional(lstm)(x), lstm(x)])
""")
    assert result.totals.params == 720


def test_a_layer_of_a_nested_model_that_is_called_too() -> None:
    result = report("""
inner = keras.Input((5,))
dense = layers.Dense(4)
part = keras.Model(inner, layers.Dense(2)(dense(inner)))
x = keras.Input((5,))
model = keras.Model(x, [part(x), dense(x)])
""")
    assert result.totals.params == 24 + 10
