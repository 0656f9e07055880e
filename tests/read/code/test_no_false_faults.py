"""Code that works is not reported as a fault: kinds of code that were once reported."""

from __future__ import annotations

import pytest

from convcalc.analyse import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read.code.file import follow, read_program

HEAD = """
import numpy as np
import tensorflow as tf
import keras
from keras import layers
"""


def faults(code: str) -> list[str]:
    """Returns the message of each error in a program, also of those in its model ``m``."""
    program = follow(HEAD + code, "train.py")
    found = [problem.message for problem in program.problems if problem.severity == "error"]
    if "m" in program.main.variables and not found:
        try:
            infer(read_program(HEAD + code, "train.py", target="m"))
        except ConvcalcError as failed:
            return [problem.message for problem in failed.problems]
    return found


REGISTERED = "def own(x):\n    return x * 2\n"
CELL = """
class Steps(keras.Model):
    def __init__(self):
        super().__init__()
        self.cell = layers.{cell}(5)
        self.out = layers.Dense(2)
    def call(self, x):
        state = {state}
        outputs = []
        for step in range(3):
            {call}
            outputs.append(self.out(y))
        return tf.stack(outputs, axis=1)
m = Steps()
m(tf.zeros((2, 3, 7)))
"""


@pytest.mark.parametrize(
    "code",
    [
        # names that the program registers
        REGISTERED + "keras.utils.get_custom_objects().update({'own': own})\nx = layers.Dense(3, 'own')(keras.Input((4,)))",
        REGISTERED + "keras.saving.get_custom_objects()['own'] = layers.Activation(own)\nx = layers.Activation('own')(keras.Input((4,)))",
        REGISTERED + "with keras.utils.custom_object_scope({'own': own}):\n    layers.Conv2D(3, 2, activation='own')",
        # recurrent cells, called step by step
        CELL.format(cell="LSTMCell", state="self.cell.get_initial_state(batch_size=2)", call="y, state = self.cell(x[:, step], state)"),
        CELL.format(cell="GRUCell", state="[tf.zeros((2, 5))]", call="y, state = self.cell(x[:, step], states=state)"),
        CELL.format(cell="SimpleRNNCell", state="tf.zeros((2, 5))", call="y, state = self.cell(x[:, step], state)"),
        # sizes that TensorFlow computes from numbers
        "m = keras.Sequential([keras.Input((8,)), layers.Dense(tf.math.reduce_prod((4, 6)).numpy()), layers.Reshape((4, 6))])",
        "m = keras.Sequential([keras.Input((8,)), layers.Dense(int(tf.reduce_sum([4, 6])))])",
        "m = keras.Sequential([keras.Input((8,)), layers.Dense(tf.reduce_max(tf.constant([4, 6])).numpy())])",
        # functions in place of names, and vocabularies that come from data
        "def clean(text):\n    return tf.strings.lower(text)\nv = layers.TextVectorization(max_tokens=9, standardize=clean)",
        "v = layers.TextVectorization(split=lambda text: tf.strings.split(text, '-'))\nx = v(keras.Input((1,), dtype='string'))",
        "v = layers.TextVectorization(max_tokens=9, output_mode='binary')\nv.adapt(['a b'])\nm = keras.Sequential([v, layers.Dense(4)])",
        "v = layers.StringLookup(output_mode='one_hot')\nv.adapt(open('w.txt'))\ny = layers.Dense(4)(v(keras.Input((1,), dtype='string')))",
        # sizes that are not whole numbers
        "x = layers.AveragePooling2D(pool_size=(7 / 2, 7 / 2), strides=(3, 3))(keras.Input((32, 32, 4)))",
        "x = layers.MaxPooling2D(2.5)(keras.Input((32, 32, 4)))",
        "x = layers.AveragePooling1D(pool_size=3.5, strides=2)(keras.Input((32, 4)))",
        # a Sequential on data of another length
        "m = keras.Sequential([layers.Dense(1)])\nm(np.zeros((32, 1, 19)))\nm(np.zeros((32, 24, 19)))",
        "m = keras.Sequential([keras.Input((20, 3)), layers.Conv1D(4, 3), layers.GlobalMaxPooling1D()])\nm.predict(np.zeros((2, 30, 3)))",
        "m = keras.Sequential([layers.Flatten(input_shape=(4, 3)), layers.Dense(1)])\nm.predict(np.zeros((2, 3, 4)))",
    ],
)  # fmt: skip
def test_code_that_works(code: str) -> None:
    assert faults(code) == []


def test_a_sequential_on_data_of_another_length_has_outputs_of_another_length() -> None:
    code = (
        "m = keras.Sequential([keras.Input((20, 3)), layers.Conv1D(4, 3)])\nn = m.predict(np.zeros((2, 30, 3))).shape\n"
    )
    assert follow(HEAD + code, "train.py").main.variables["n"] == (2, 28, 4)


@pytest.mark.parametrize(
    "code",
    [
        "m = keras.Sequential([keras.Input((20, 3)), layers.Flatten(), layers.Dense(1)])\nm.predict(np.zeros((2, 30, 3)))",
        "m = keras.Sequential([layers.Dense(1)])\nm(np.zeros((32, 19)))\nm(np.zeros((32, 24, 19)))",
        "x = keras.Input((20, 3))\nm = keras.Model(x, layers.Dense(1)(x))\nm.predict(np.zeros((2, 30, 3)))",
    ],
)
def test_what_keras_refuses_stays_a_fault(code: str) -> None:
    assert len(faults(code)) == 1


OLD = "from tensorflow.python.keras.models import Sequential\n"


@pytest.mark.parametrize(
    "code",
    [
        "x = keras.Input((3,))\nm = keras.Model(x, [layers.Dense(1)(x), layers.Dense(1)(x)])\nm.compile('adam', 'mse')\n"
        "m.evaluate(np.zeros((9, 3)), np.zeros(9))",
        "m = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv1D(10, 2)])",
        "x = keras.Input((3,))\nm = keras.Model(x, layers.Dense(1, name='a/b')(x))",
    ],
)
def test_what_only_keras_3_refuses_is_no_fault_in_code_for_keras_2(code: str) -> None:
    assert len(faults(code)) == 1
    assert faults(OLD + code) == []


@pytest.mark.parametrize(
    "start",
    [
        "from keras.layers.core import Dense",
        "from keras.utils import np_utils\nnp_utils.to_categorical",
        "tf.Session()",
        "from keras.engine import Layer",
    ],
)
def test_evidence_of_keras_2(start: str) -> None:
    assert follow(f"{HEAD}{start}\n", "train.py").is_old_keras
    assert not follow(f"{HEAD}from tensorflow.keras.layers import Dense\n", "train.py").is_old_keras


def test_the_inputs_of_a_tensor() -> None:
    code = """
from keras.engine.topology import get_source_inputs
x = keras.Input((4,))
m = keras.Model(get_source_inputs(layers.Dense(3)(x)), layers.Dense(2)(x))
"""
    assert faults(code) == []
    assert infer(read_program(HEAD + code, "train.py", target="m")).totals.params == 10


def test_a_method_of_a_class_that_cannot_be_made() -> None:
    code = """
class Net:
    def __init__(self, size):
        raise ValueError("no size")
    def build(self):
        return keras.Sequential([keras.Input((3,)), layers.Dense(1)])
"""
    with pytest.raises(ConvcalcError, match="`Net\\(\\)` raises ValueError: no size"):
        read_program(HEAD + code, "net.py", target="Net.build")


def test_a_mask_that_no_layer_uses_is_no_fault() -> None:
    code = """
words = layers.Embedding(10, 4, mask_zero=True)(keras.Input((8,)))
m = keras.Sequential([keras.Input((8,)), layers.Embedding(10, 4, mask_zero=True), layers.Dense(2)])
first = keras.Model(m.inputs, m.layers[-2].output)
"""
    assert faults(code) == []
