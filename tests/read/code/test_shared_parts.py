"""Tests layers that several nested models share. ``tests/live/test_code_unbuilt.py`` asks Keras for the totals."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.read.code.file import read_program

HEAD = """
import keras
import numpy as np
from keras import Input, Model, Sequential, layers

x, steps, data = Input((8,)), Input((5, 8)), np.zeros((2, 8))
shared, own = layers.Dense(4), layers.Dense(8)
a = Model(x, shared(x), name="a")
b = Model(x, shared(own(x)), name="b")
first = Sequential([x, shared, layers.Dense(2)], name="first")
second = Sequential([x, layers.Dense(8), shared], name="second")

class Around(layers.Layer):
    def __init__(self, inner, units, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner
        self.last = layers.Dense(units)

    def call(self, x):
        return self.last(self.inner(x))

class Sum(Model):
    def __init__(self, one, two):
        super().__init__()
        self.one = one
        self.two = two

    def call(self, x):
        return self.one(x) + self.two(x)

class Parts(Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)
        self.one = Sequential([self.dense, layers.Dense(3)])
        self.two = Sequential([self.dense, layers.Dense(3)])

    def call(self, x):
        return self.one(x) + self.two(x)

class Chain(Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)
        self.all = Sequential([self.dense, layers.Dense(3)])

    def call(self, x):
        return self.all(x)
"""
# The programs, with the parameters and the trainable parameters of ``model`` in Keras 3.15.
PROGRAMS = {
    "one model contains the other": ("model = Model(x, layers.add([a(x), b(x)]))", 108, 108),
    "two Sequentials share a layer": ("model = Model(x, layers.concatenate([first(x), second(x)]))", 118, 118),
    "and the model calls it": ("model = Model(x, layers.concatenate([first(x), second(x), shared(x)]))", 118, 118),
    "and one is frozen": (
        "first.layers[1].trainable = False\nmodel = Model(x, layers.concatenate([first(x), second(x)]))", 118, 108
    ),
    "the shared layer is frozen": (
        "shared.trainable = False\nmodel = Model(x, layers.concatenate([first(x), second(x)]))", 118, 82
    ),
    "models in models": (
        "outer = Model(x, second(x))\nmodel = Model(x, layers.concatenate([first(x), outer(x)]))", 118, 118
    ),
    "both in a nested model": (
        "both = Model(x, layers.concatenate([first(x), second(x)]))\nmodel = Model(x, [both(x), shared(x), own(x)])",
        190,
        190,
    ),
    "custom layers share a layer": ("model = Model(x, layers.add([Around(shared, 3)(x), Around(shared, 3)(x)]))", 66, 66),
    "a custom layer and a model": ("model = Model(x, layers.add([Around(shared, 2)(x), first(x)]))", 56, 56),
    "a custom model with both": ("model = Sum(a, b)\nmodel(data)", 108, 108),
    "Sequentials in a custom model": ("model = Parts()\nmodel(data)", 66, 66),
    "an attribute and a Sequential": ("model = Chain()\nmodel(data)", 51, 51),
    "TimeDistributed": ("model = Model([x, steps], [shared(x), layers.TimeDistributed(shared)(steps)])", 36, 36),
    "weights without gradients": (
        "norm = layers.BatchNormalization()\n"
        "one = Sequential([x, norm, layers.Dense(2)])\ntwo = Sequential([x, norm, layers.Dense(3)])\n"
        "model = Model(x, [one(x), two(x)])", 77, 61
    ),
}  # fmt: skip


def report(code: str) -> Report:
    return infer(read_program(HEAD + code, "model.py", target="model"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_totals(name: str) -> None:
    code, params, trainable = PROGRAMS[name]
    totals = report(code).totals
    assert (totals.params, totals.trainable_params, totals.incomplete) == (params, trainable, {})
    assert (totals.param_bytes, totals.trainable_bytes) == (4 * params, 4 * trainable)


def test_rows() -> None:
    result = report("model = Chain()\nmodel(data)")
    rows = [(row.name, row.params, row.macs) for row in result.layers if row.depth == 0]
    assert rows == [("dense_4", 36, 0), ("sequential", 51, 88)]
    assert result.totals.macs == 88
