"""Tests which layers inside a custom layer Keras 3 builds. ``tests/live/test_code_unbuilt.py`` asks Keras for the totals."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.read.code.file import read_program

HEAD = """
import keras
import numpy as np
from keras import Input, Model, Sequential, layers, ops

class States(layers.Layer):
    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = n
        self.dense = layers.Dense(n)

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")

    def call(self, x):
        return self.dense(x * self.scale)

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.n)

class WithoutBuild(layers.Layer):
    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = n
        self.dense = layers.Dense(n)

    def call(self, x):
        return self.dense(x)

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.n)

class MadeInBuild(WithoutBuild):
    def build(self, shape):
        self.dense = layers.Dense(self.n)

class WithoutShape(layers.Layer):
    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(n)

    def build(self, shape):
        self.built = True

    def call(self, x):
        return self.dense(x)

class Spec(States):
    def compute_output_spec(self, x):
        return keras.KerasTensor((*x.shape[:-1], self.n))

class Convolution(layers.Conv1D):
    def __init__(self, filters, **kwargs):
        super().__init__(filters, 3, padding="same", **kwargs)
        self.norm = layers.BatchNormalization()

    def call(self, x):
        return self.norm(super().call(x))

class Larger(layers.Dense):
    def __init__(self, n, **kwargs):
        super().__init__(n, **kwargs)
        self.after = layers.Dense(n + 1)

    def call(self, x):
        return self.after(super().call(x))

class Builds(layers.Dense):
    def __init__(self, n, **kwargs):
        super().__init__(n, **kwargs)
        self.after = layers.Dense(n)

    def build(self, shape):
        super().build(shape)
        self.after.build((shape[0], self.units))

    def call(self, x):
        return self.after(super().call(x))

class Kernel(layers.Layer):
    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = n

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.n), name="kernel")

    def call(self, x):
        return ops.matmul(x, self.kernel)

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.n)

class Whole(layers.Layer):
    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = n
        self.first = Kernel(n)
        self.second = layers.Dense(n)

    def build(self, shape):
        self.first.build(shape)
        self.second.build((*shape[:-1], self.n))
        super().build(shape)

    def call(self, x):
        return self.second(self.first(x))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.n)

class Half(Whole):
    def build(self, shape):
        self.first.build(shape)
        layers.Layer.build(self, shape)

class Nested(layers.Layer):
    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = n
        self.half = Half(n)
        self.norm = layers.LayerNormalization()
        self.after = layers.Dense(n)

    def build(self, shape):
        self.half.build(shape)
        self.norm.build((*shape[:-1], self.n))

    def call(self, x):
        return self.after(self.norm(self.half(x)))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.n)

class Outer(layers.Layer):
    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.inner = States(n)

    def call(self, x):
        return self.inner(x)

class Net(Model):
    def __init__(self):
        super().__init__()
        self.first = Kernel(4)
        self.last = layers.Dense(3)
        self.idle = layers.Dense(7)
        self.idle.build((None, 5))
        self.never = layers.Dense(7)

    def call(self, x):
        return self.last(self.first(x))

class Other(Kernel):
    def compute_output_shape(self, shape):
        return (*shape[:-1], 2)

x = Input((8, 3))
data = np.zeros((4, 8, 3))
"""
# The programs, with the parameters of ``model`` in Keras 3.15.
PROGRAMS = {
    "call is not supported": ("model = Model(x, States(4)(x))", 3),
    "build is not stated": ("model = Model(x, WithoutBuild(4)(x))", 16),
    "build makes a layer": ("model = Model(x, MadeInBuild(4)(x))", 0),
    "the shape is not stated": ("model = Model(x, WithoutShape(4)(x))", 16),
    "compute_output_spec": ("model = Model(x, Spec(4)(x))", 3),
    "the class of Keras states the shape": ("model = Model(x, Convolution(4)(x))", 40),
    "the shape of the class of Keras": ("model = Model(x, layers.Dense(2)(Larger(4)(x)))", 26),
    "build builds all": ("model = Model(x, Builds(4)(x))", 36),
    "build builds custom layers": ("model = Model(x, Whole(4)(x))", 32),
    "build builds some": ("model = Model(x, Half(4)(x))", 12),
    "build builds custom layers in layers": ("model = Model(x, Nested(4)(x))", 20),
    "inside another layer": ("model = Model(x, Outer(4)(x))", 19),
    "a Sequential": ("model = Sequential([x, States(4), layers.Dense(2)])", 13),
    "a Sequential that gets a shape": ("model = Sequential([States(4)])\nmodel.build((None, 8, 3))", 3),
    "a Sequential that gets data": ("model = Sequential([States(4)])\nmodel(data)", 19),
    "predict": ("model = Model(x, States(4)(x))\nmodel.predict(data, verbose=0)", 19),
    "a call": ("model = Model(x, Convolution(4)(x))\nmodel(data)", 56),
    "fit": ("model = Model(x, Half(4)(x))\nmodel.compile('sgd', 'mse')\nmodel.fit(data, np.zeros((4, 8, 4)), verbose=0)", 32),
    "a call of the layer": ("layer = States(4)\nmodel = Model(x, layer(x))\nlayer(data)", 19),
    "a nested model": ("model = Model(x, Model(x, States(4)(x))(x))", 3),
    "a layer that the program builds": ("layer = Kernel(4)\nlayer.build((None, 8, 3))\nmodel = Model(x, layer(x))", 12),
    "layers that are built and never called": ("model = Net()\nmodel(data)", 69),
    "another shape": ("model = Model(x, layers.Dense(5)(Other(4)(x)))", 27),
}  # fmt: skip


def report(code: str) -> Report:
    return infer(read_program(HEAD + code, "model.py", target="model"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_totals(name: str) -> None:
    code, params = PROGRAMS[name]
    totals = report(code).totals
    assert (totals.params, "params" in totals.incomplete) == (params, False)


def test_the_warning() -> None:
    (problem,) = report("model = Model(x, States(4)(x))").problems
    assert (problem.code, problem.severity) == ("unbuilt-layer", "warning")
    assert "'dense' has no weights until the model gets data" in problem.message
    (problem,) = report("model = Model(x, Other(4)(x))").problems
    assert "states the output shape (None, 8, 2), but `call` returns (None, 8, 4)" in problem.message
    assert not report("model = Model(x, States(4)(x))\nmodel(data)").problems
    assert not report("model = Model(x, Whole(4)(x))").problems


def test_a_program_for_keras_2() -> None:
    code = "from keras.layers.core import Dense\nmodel = Model(x, States(4)(x))"
    assert report(code).totals.params == 19
