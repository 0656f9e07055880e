"""Tests that convcalc finds training data that Keras refuses.

`tests/live/test_training_faults.py` compares the rules with the installed Keras.
"""

from __future__ import annotations

import pytest

from convcalc.read.code.file import follow

MODEL = """
import numpy as np
import keras
from keras import layers
model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(10, activation="softmax")])
model.compile("adam", "categorical_crossentropy")
"""


def faults(code: str) -> list[tuple[str, int, str]]:
    """Returns the code, the line and the message of each error in a program."""
    problems = follow(code, "train.py").problems
    return [
        (problem.code, problem.mark.line if problem.mark else 0, problem.message)
        for problem in problems
        if problem.severity == "error"
    ]


def test_data_and_labels_that_fit() -> None:
    assert faults(MODEL + "model.fit(np.zeros((60, 28, 28, 1)), np.zeros((60, 10)), validation_split=0.1)") == []


def test_keras_adds_a_last_axis_of_one() -> None:
    assert faults(MODEL + "model.fit(np.zeros((60, 28, 28)), np.zeros((60, 10)))") == []


@pytest.mark.parametrize(
    ("statement", "code", "text"),
    [
        (
            "model.fit(np.zeros((60, 32, 32, 1)), np.zeros((60, 10)))",
            "wrong-shape",
            "expects an input of shape (None, 28, 28, 1), but gets (60, 32, 32, 1)",
        ),
        (
            "model.fit(np.zeros((60, 28, 28, 3)), np.zeros((60, 10)))",
            "wrong-shape",
            "the weights of 'conv2d' have other shapes",
        ),
        ("model.fit(np.zeros((60, 784)), np.zeros((60, 10)))", "wrong-shape", "`x.reshape(-1, 28, 28, 1)`"),
        ("model.predict(np.zeros((28, 28, 1)))", "vanishing-size", "`np.expand_dims(x, 0)`"),
        ("model.fit(np.zeros((60, 28, 28, 1)), np.zeros((50, 10)))", "samples-differ", "60 and 50 samples"),
        ("model.fit(np.zeros((60, 28, 28, 1)), np.zeros(60))", "labels-differ", "use sparse_categorical_crossentropy"),
        (
            "model.evaluate(np.zeros((60, 28, 28, 1)), np.zeros((60, 9)))",
            "labels-differ",
            "set the last layer to 9 units",
        ),
        (
            "model.fit(np.zeros((60, 28, 28, 1)), np.zeros((60, 10)), validation_data=(np.zeros((6, 28, 28, 1)), np.zeros((6, 4))))",
            "labels-differ",
            "fit's validation_data",
        ),
    ],
)
def test_faults(statement: str, code: str, text: str) -> None:
    ((found, line, message),) = faults(MODEL + statement)
    assert (found, line) == (code, 7)
    assert text in message


def test_sparse_labels() -> None:
    model = MODEL.replace("categorical_crossentropy", "sparse_categorical_crossentropy")
    assert faults(model + "model.fit(np.zeros((60, 28, 28, 1)), np.zeros(60))") == []
    ((code, _, message),) = faults(model + "model.fit(np.zeros((60, 28, 28, 1)), np.zeros((60, 10)))")
    assert code == "labels-differ"
    assert "use categorical_crossentropy for one-hot labels" in message


def test_a_model_that_its_first_data_build() -> None:
    model = "import keras, numpy as np\nm = keras.Sequential([keras.layers.LSTM(4), keras.layers.Dense(1)])\nm.compile('adam', 'mse')\n"
    assert faults(model + "m.fit(np.zeros((60, 5, 3)), np.zeros(60))") == []
    ((code, _, message),) = faults(model + "m.fit(np.zeros((60, 5)), np.zeros(60))")
    assert code == "wrong-rank"
    assert "LSTM 'lstm' expects (length, features)" in message


def test_the_result_of_predict_has_a_shape() -> None:
    code = MODEL + "y = model.predict(np.zeros((60, 28, 28, 1)))\nn = y.shape[1]\n"
    assert follow(code, "train.py").main.variables["n"] == 10


def test_unknown_data_are_not_checked() -> None:
    assert faults(MODEL + "import mydata\nx, y = mydata.load()\nmodel.fit(x, y)") == []


def test_a_fault_that_the_program_catches_is_none() -> None:
    assert faults(MODEL + "try:\n    model.predict(np.zeros((3, 3)))\nexcept ValueError:\n    pass") == []


def test_a_stateful_model_gets_its_batch_size() -> None:
    code = """
import keras, numpy as np
from keras import layers
m = keras.Sequential([layers.LSTM(4, batch_input_shape=(1, 5, 2), stateful=True), layers.Dense(1)])
m.compile("adam", "mse")
m.fit(np.zeros((25, 5, 2)), np.zeros((25, 1)), batch_size=1)
"""
    assert faults(code) == []


def test_arguments_that_keras_accepts_are_no_faults() -> None:
    code = """
import keras
from keras import layers
def shape(s):
    return s
m = keras.Sequential([keras.Input((3,)), layers.BatchNormalization(scale=1), layers.Lambda(lambda x: x * 2, output_shape=shape)])
"""
    assert faults(code) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "x = keras.Input((128,))\nlast = layers.Dense(7)\nkeras.Model(x, last(x))\nkeras.Model(y := keras.Input((32,)), last(y))",
            "has weights for an input of shape (None, 128), but it is called on (None, 32)",
        ),
        (
            "c = layers.Conv2D(4, 3)\nc(keras.Input((9, 9, 2)))\nc(keras.Input((9, 9, 3)))",
            "has weights for an input of shape (None, 9, 9, 2), but it is called on (None, 9, 9, 3)",
        ),
        (
            "e = layers.Embedding(43, 10, weights=[np.zeros((50, 20))])\ne(keras.Input((5,)))",
            "has weights of shape (43, 10), but its argument 'weights' has the shape (50, 20)",
        ),
    ],
)
def test_weights_of_other_shapes(code: str, text: str) -> None:
    ((_, _, message),) = faults(f"import keras\nimport numpy as np\nfrom keras import layers\n{code}")
    assert text in message


@pytest.mark.parametrize(
    "code",
    [
        "c = layers.Conv2D(4, 3)\nc(keras.Input((9, 9, 3)))\nc(keras.Input((20, 30, 3)))",
        "d = layers.Dense(4)\nd(keras.Input((5,)))\nd(keras.Input((7, 5)))",
        "e = layers.Embedding(43, 10, weights=[np.zeros((43, 10))])\ne(keras.Input((5,)))\ne(keras.Input((8,)))",
    ],
)
def test_layers_that_are_called_again(code: str) -> None:
    assert faults(f"import keras\nimport numpy as np\nfrom keras import layers\n{code}") == []
