"""The batch size with which Keras builds a model on its first data. Its summary shows this size.

The sizes are those of Keras 3.15.1, for a Sequential and for a custom model.
"""

from __future__ import annotations

import pytest

from convcalc.analyse import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.read.code.file import read_program

HEAD = """
import numpy as np
import keras
from keras import layers

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(3)

    def call(self, x):
        return self.first(x)
"""
OPEN = UNKNOWN


@pytest.mark.parametrize("made", ["keras.Sequential([layers.Dense(3)])", "Net()"])
@pytest.mark.parametrize(
    ("samples", "code", "batch"),
    [
        (7, "model({x})", 7),
        (7, "model.fit({x}, {y})", OPEN),
        (64, "model.fit({x}, {y})", 32),
        (100, "model.fit({x}, {y})", OPEN),
        (64, "model.fit({x}, {y}, batch_size=8)", 8),
        (64, "model.fit({x}, {y}, batch_size=8, validation_split=0.25)", 8),
        (100, "model.fit({x}, {y}, batch_size=8, validation_split=0.25)", OPEN),
        (100, "model.fit({x}, {y}, batch_size=unknown)", OPEN),
        (64, "model.evaluate({x}, {y})", 32),
        (100, "model.predict({x})", 32),
        (7, "model.predict({x})", 7),
        (100, "model.predict_on_batch({x})", 100),
        (100, "model.train_on_batch({x}, {y})", 100),
    ],
)
def test_the_batch_size_of_the_first_data(made: str, samples: int, code: str, batch: object) -> None:
    x, y = f"np.zeros(({samples}, 5))", f"np.zeros(({samples}, 3))"
    program = f"{HEAD}\nmodel = {made}\nmodel.compile(loss='mse')\n{code.format(x=x, y=y)}\n"
    report = infer(read_program(program, "model.py", target="model"))
    row = next(row for row in report.layers if row.class_name == "Dense")
    assert row.output_shapes == ((batch, 3),)
    assert report.totals.params == 18


def test_an_image_without_a_batch_axis() -> None:
    """Called on one image, the Sequential has three axes, and Resizing changes the first two."""
    program = f"""{HEAD}
resize = keras.Sequential([layers.Resizing(20, 30), layers.Rescaling(1 / 255)])
image = resize(np.zeros((200, 150, 3)))
model = keras.Sequential([keras.Input(image.shape), layers.Flatten()])
"""
    report = infer(read_program(program, "model.py", target="model"))
    assert report.layers[-1].output_shapes == ((UNKNOWN, 20 * 30 * 3),)
