"""Programs for Keras 1 and 2: what only Keras 3 refuses is no error. The numbers are those of tf_keras 2.21."""

from __future__ import annotations

import pytest

from convcalc.analyse import infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import follow, read_program


@pytest.mark.parametrize(
    ("layer", "shape", "output", "params"),
    [
        ("Conv1D(10, 2)", (28, 28, 1), "(None, 28, 27, 10)", 30),
        ("Conv1D(10, 2, padding='same')", (28, 28, 1), "(None, 28, 28, 10)", 30),
        ("Conv2D(10, 2)", (9, 9, 9, 9, 3), "(None, 9, 9, 8, 8, 10)", 130),
        ("Conv3D(10, 2, padding='same')", (9, 9, 9, 9, 3), "(None, 9, 9, 9, 9, 10)", 250),
    ],
)
def test_a_convolution_on_further_axes(layer: str, shape: tuple[int, ...], output: str, params: int) -> None:
    code = f"from X import layers, Sequential, Input\nmodel = Sequential([Input({shape}), layers.{layer}])\n"
    result = infer(read_program(code.replace("X", "tensorflow.python.keras"), "old.py"))
    assert shape_text(result.output_shapes[0] or ()) == output
    assert result.totals.params == params
    errors = [problem.code for problem in follow(code.replace("X", "keras"), "new.py").problems]
    assert errors == ["wrong-rank"]


def test_one_array_of_labels_for_two_outputs() -> None:
    code = """
import numpy as np
from X import Input, Model
from X.layers import Dense
x = Input((3,))
model = Model(x, [Dense(1)(x), Dense(1)(x)])
model.compile("adam", "mse")
model.evaluate(np.zeros((8, 3)), np.zeros(8))
"""
    assert follow(code.replace("X", "tensorflow.python.keras"), "old.py").problems == []
    assert [p.code for p in follow(code.replace("X", "keras"), "new.py").problems] == ["labels-differ"]


def test_get_source_inputs() -> None:
    code = """
from keras.engine.topology import get_source_inputs
from keras.layers import Dense, Input
from keras.models import Model
x = Input((4,))
y = Dense(3)(Dense(2)(x))
model = Model(get_source_inputs(y), y)
"""
    result = infer(read_program(code, "old.py"))
    assert result.totals.params == 10 + 9
    assert shape_text(result.input_shapes[0] or ()) == "(None, 4)"


def test_an_unknown_function_makes_the_inputs() -> None:
    code = """
from keras.layers import Dense, Input
from keras.models import Model
from other import sources
x = Input((4,))
y = Dense(3)(x)
model = Model(sources(y), y)
"""
    problems = infer(read_program(code, "model.py")).problems
    assert [problem.severity for problem in problems] == ["warning"]


POOLING = """
from X import Input, Model, layers
x = Input(S)
model = Model(x, layers.L)
"""


@pytest.mark.parametrize(
    ("layer", "shape", "output"),
    [
        ("AveragePooling1D()(x)", (9, 3), "(None, 4, 3)"),
        ("AvgPool2D(strides=1)(x)", (8, 8, 3), "(None, 7, 7, 3)"),
        ("AveragePooling3D(padding='same')(x)", (5, 5, 5, 3), "(None, 3, 3, 3, 3)"),
    ],
)
def test_a_pool_size_that_only_keras_2_has(layer: str, shape: tuple[int, ...], output: str) -> None:
    """Keras 3: ``AveragePooling1D.__init__() missing 1 required positional argument: 'pool_size'``."""
    code = POOLING.replace("L", layer).replace("S", str(shape))
    assert [problem.code for problem in follow(code.replace("X", "keras"), "new.py").problems] == ["missing-argument"]
    for module in ("tensorflow.keras", "tensorflow.python.keras"):
        result = infer(read_program(code.replace("X", module), "old.py"))
        assert [problem.severity for problem in result.problems] == ["warning"]
        assert shape_text(result.output_shapes[0] or ()) == output


def test_a_later_line_shows_that_a_program_is_old() -> None:
    code = POOLING.replace("X", "keras").replace("L", "AveragePooling1D()(x)").replace("S", "(9, 3)")
    result = infer(read_program(f"{code}model.fit_generator(None)", "old.py"))
    assert [problem.severity for problem in result.problems] == ["warning"]


@pytest.mark.parametrize(
    "layer",
    [
        "LSTM(3, zero_output_for_mask=True)",
        "GRU(3, zero_output_for_mask=True)",
        "SimpleRNN(3, zero_output_for_mask=False)",
    ],
)
def test_an_argument_of_a_base_class(layer: str) -> None:
    code = f"from keras import Input, Model, layers\nx = Input((5, 4))\nmodel = Model(x, layers.{layer}(x))\n"
    assert not infer(read_program(code, "new.py")).problems


@pytest.mark.parametrize(("method", "problems"), [("call", ["invalid-value"]), ("compute_output_shape", [])])
def test_a_custom_layer_in_time_distributed(method: str, problems: list[str]) -> None:
    """Keras 3 raises NotImplementedError if the layer does not state its output shape."""
    code = f"""
from X import Input, Model, layers
class Own(layers.Layer):
    def call(self, x):
        return x * 2.0
    def {method}(self, x):
        return x
x = Input((5, 4))
model = Model(x, layers.TimeDistributed(Own())(x))
"""
    assert [problem.code for problem in follow(code.replace("X", "keras"), "new.py").problems] == problems
    result = infer(read_program(code.replace("X", "tensorflow.keras"), "old.py"))
    assert [problem.severity for problem in result.problems] == ["warning"] * len(problems)
