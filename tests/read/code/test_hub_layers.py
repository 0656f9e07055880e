"""Layers of TensorFlow Hub in a model, and tables with known columns."""

from __future__ import annotations

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

HEADER = """
import numpy as np
import pandas as pd
import tensorflow as tf
import tensorflow_hub as hub
from tensorflow.keras import Input, Model, Sequential, layers
"""


def report(code: str) -> Report:
    return infer(read_program(HEADER + code, "model.py", target="model"))


def shapes(result: Report) -> list[str]:
    return ["?" if shape is None else shape_text(shape) for row in result.layers for shape in row.output_shapes[:1]]


def test_the_rest_of_a_model_is_shown() -> None:
    result = report("""
model = Sequential([hub.KerasLayer("https://tfhub.dev/x", input_shape=(224, 224, 3), trainable=False), layers.Dense(5)])
""")
    assert [row.class_name for row in result.layers] == ["KerasLayer", "Dense"]
    assert result.layers[0].name == "keras_layer"
    assert result.totals.incomplete["params"] == "unknown"
    assert "its weights are not part of the code" in result.problems[0].message


def test_a_stated_output_shape() -> None:
    result = report("""
model = Sequential([
    hub.KerasLayer("https://tfhub.dev/x", output_shape=[20], input_shape=[], dtype=tf.string, name="text"),
    layers.Dense(16, activation="relu"),
    layers.Dense(1),
])
""")
    assert shapes(result) == ["(None, 20)", "(None, 16)", "(None, 1)"]
    assert [row.params for row in result.layers][1:] == [336, 17]
    assert result.totals.incomplete["params"] == "partial"


def test_a_hub_layer_in_a_graph() -> None:
    result = report("""
x = Input((64, 64, 3))
features = hub.KerasLayer("https://tfhub.dev/x", output_shape=8)(layers.Rescaling(1 / 255)(x))
model = Model(x, layers.Dense(2)(features))
""")
    assert result.layers[-1].params == 18


def test_the_columns_of_a_table() -> None:
    result = report("""
table = pd.read_csv("data.csv")[["a", "bb", "c"]]
inputs = {}
for name, column in table.items():
    inputs[name] = Input((1,), name=name)
model = Model(inputs, layers.Dense(4)(layers.Concatenate()(list(inputs.values()))))
arrays = {name: column.to_numpy()[:, np.newaxis] for name, column in dict(table).items()}
model.compile("adam", "mse")
model.fit(arrays, np.zeros((3, len(table.keys()) + 1)))
""")
    assert result.totals.params == 16
