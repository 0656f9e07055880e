"""Tests parts of Python and Keras that the source code of packages uses. The expected numbers are those of Keras 3."""

from __future__ import annotations

from convcalc.analyse import Report, infer
from convcalc.read.code.file import read_program

HEAD = "import keras\nimport numpy as np\nfrom keras import layers, ops\n"


def report(code: str) -> Report:
    return infer(read_program(HEAD + code, "model.py", target="model"))


def test_an_output_that_is_a_variable() -> None:
    code = """
class Token(layers.Layer):
    def __init__(self, dim):
        super().__init__()
        self.token = self.add_weight([1, 1, dim], "random_normal")

    def call(self, x):
        token = ops.repeat(self.token, ops.shape(x)[0], axis=0)
        return ops.concatenate([x, token], axis=1), token

inputs = keras.Input((4, 8))
_, token = Token(8)(inputs)
model = keras.Model(inputs, layers.Dense(3)(token))
"""
    result = report(code)
    assert [row.name for row in result.layers if row.depth == 0] == ["input_layer", "token", "dense"]
    assert (result.totals.params, result.totals.param_bytes) == (35, 140)
    assert [shape[1:] for shape in result.layers[1].output_shapes if shape] == [(5, 8), (1, 8)]


def test_an_output_that_does_not_depend_on_the_inputs() -> None:
    result = report("model = keras.Model(keras.Input((4,)), layers.Dense(3)(np.zeros((2, 8))))")
    assert "params" in result.totals.incomplete


def test_the_bytes_of_own_variables() -> None:
    code = """
class Linear(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 4))
        self.steps = self.add_weight(shape=(3,), trainable=False)

    def call(self, x):
        return ops.matmul(x, self.w)

model = keras.Sequential([keras.Input((5,)), Linear(), layers.Dense(2)])
"""
    totals = report(code).totals
    assert (totals.params, totals.param_bytes, totals.trainable_bytes) == (33, 132, 120)


def test_functions_of_numbers() -> None:
    code = """
values, counts = np.unique([8, 8, 16, 16, 16], return_counts=True)
model = keras.Sequential([keras.Input((3,))])
for value, count in zip(values, counts):
    for _ in range(count):
        model.add(layers.Dense(int(value)))
model.add(layers.Dense(int(ops.ceil(9 / 2.0))))
"""
    result = report(code)
    assert result.totals.params == 32 + 72 + 144 + 272 + 272 + 85


def test_the_specification_of_an_input() -> None:
    code = """
class Attend(layers.Layer):
    def build(self, shape):
        self.input_spec = keras.layers.InputSpec(ndim=len(shape))
        self.dense = layers.Dense(2 if self.input_spec.ndim == 3 else 7)

    def call(self, x):
        return self.dense(x)

model = keras.Sequential([keras.Input((4, 5)), Attend()])
"""
    assert report(code).totals.params == 12


def test_a_sequential_inside_of_a_layer_is_called_on_other_sizes() -> None:
    code = """
class Branch(layers.Layer):
    def __init__(self):
        super().__init__()
        self.scale = keras.Sequential([layers.Conv2D(4, 1, 2)])

    def build(self, shape):
        self.scale.build((None, 66, 66, 3))
        self.built = True

    def call(self, x):
        return self.scale(x)

model = keras.Sequential([keras.Input((64, 64, 3)), Branch()])
"""
    result = report(code)
    assert result.totals.params == 16
    assert result.output_shapes[0] is not None and result.output_shapes[0][1:] == (32, 32, 4)


def test_a_list_in_a_layer_is_a_list() -> None:
    code = """
class Stack(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units
        self.parts = [layers.Dense(n) for n in (self.units if isinstance(self.units, list) else [self.units] * 3)]

    def call(self, x):
        assert isinstance(x.shape, tuple)
        for part in self.parts:
            x = part(x)
        return x

model = keras.Sequential([keras.Input((2,)), Stack([3, 5])])
"""
    assert report(code).totals.params == 9 + 20
