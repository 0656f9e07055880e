"""Tests functions of TensorFlow and keras.backend in programs.

The expected shapes are from tf_keras (``tests/read/tf_functions.json``).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc.read.code.data.arrays import Array
from convcalc.read.code.file import follow
from convcalc.read.code.keras.graph import TensorValue
from convcalc.read.code.language.values import UnknownNumber
from convcalc.read.code.tensors.sizes import SizeVector
from tests.paths import ROOT

CASES = json.loads((ROOT / "tests" / "read" / "tf_functions.json").read_text(encoding="utf-8"))
INPUTS = """
import numpy as np
import tensorflow as tf
from tensorflow.keras import backend as K

x, y = (tf.keras.Input((6, 6, 8)) for _ in range(2))
s, t = (tf.keras.Input((5, 8)) for _ in range(2))
v = tf.keras.Input((8,))
f = tf.keras.Input((6, 6, 8), batch_size=2)
n = tf.keras.Input((7,), dtype="int32")
b = tf.keras.Input((8,), dtype="bool")
q = tf.keras.Input((None, 8))
"""
# Shapes that differ from those of tf_keras, because only one of convcalc and tf_keras knows a size.
OTHER = {
    "K.batch_flatten(x)": [[None, 288]],
    'tf.concat([s, np.ones((1, 2, 8), "float32")], axis=1)': [[None, 7, 8]],
    "tf.squeeze(s[:, :1])": [None],
    "tf.image.total_variation(x)": [None],
    "tf.eye(tf.shape(s)[1])": [[None, None]],
    "tf.nn.normalize_moments(1.0, v[0], v[1], None)": [None],
    'K.local_conv1d(s, np.ones((3, 24, 4), "float32"), (3,), (1,))': [None],
}


def shapes(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [shape for part in value for shape in shapes(part)]
    if isinstance(value, SizeVector):
        return [[len(value.sizes)]]
    if isinstance(value, (int, float, UnknownNumber)):
        return [[]]
    if isinstance(value, (TensorValue, Array)):
        sizes = value.sizes if isinstance(value, TensorValue) else value.shape
        return [[size if isinstance(size, int) else None for size in sizes] if value.shape is not None else None]
    return [repr(value)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["expression"]))
def test_shapes_are_those_of_tf_keras(case: dict[str, Any]) -> None:
    expression = case["expression"].replace("tf.keras_dense", "tf.keras.layers.Dense(5)")
    program = follow(f"{INPUTS}out = {expression}\n", "model.py")
    rows = {row[0]: row[1] for row in case["rows"]}
    outputs = case["config"]["config"]["output_layers"]
    outputs = outputs if isinstance(outputs[0], list) else [outputs]
    expected = [rows[name][index] for name, _, index in outputs]
    assert shapes(program.main.variables["out"]) == OTHER.get(expression, expected)


@pytest.mark.parametrize(
    ("expression", "shape"),
    [
        ("tf.cond(tf.reduce_sum(v) > 0, lambda: s * 2, lambda: t)", [None, 5, 8]),
        ("tf.cond(True, lambda: s[:, 0], lambda: t)", [None, 8]),
        ("tf.map_fn(lambda row: tf.reduce_sum(row, axis=0), s)", [None, 8]),
        ("tf.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, h * 2), [tf.constant(0), s])[1]", [None, 5, 8]),
        ("x[..., tf.newaxis][:, :tf.shape(x)[1] // 2]", [None, 3, 6, 8, 1]),
        ("s[s > 0]", [None]),
        ("tf.reduce_mean(x, reduction_indices=[1, 2], keep_dims=True)", [None, 1, 1, 8]),
        ("K.int_shape(x)", None),
        ("K.repeat_elements(x, rep=2, axis=2)", [None, 6, 12, 8]),
        ("K.batch_dot(s, t, axes=2)", [None, 5, 5]),
        ("K.in_train_phase(s * 2, s)", [None, 5, 8]),
        ("tf.nn.embedding_lookup(tf.Variable(tf.random.normal([10, 4])), n)", [None, 7, 4]),
        ("tf.reshape(q, (-1, K.int_shape(q)[-1]))", [None, 8]),
        ("tf.broadcast_to(v[:, None], (tf.shape(v)[0], 3, 8))", [None, 3, 8]),
        ("x.get_shape().as_list()[1:]", None),
    ],
)
def test_control_flow_and_sizes(expression: str, shape: Any) -> None:
    value = follow(f"{INPUTS}out = {expression}\n", "model.py").main.variables["out"]
    if shape is None:
        assert value in ((None, 6, 6, 8), [6, 6, 8])
    else:
        assert shapes(value) == [shape]
