"""Compares convcalc's errors about training data with Keras's, for many shapes of inputs, labels and outputs."""

from __future__ import annotations

import itertools

import pytest

from convcalc.base.numbers import UNKNOWN, Shape
from convcalc.read.code.keras.labels import label_problem
from convcalc.read.code.keras.training import input_problem

keras = pytest.importorskip("keras")
np = pytest.importorskip("numpy")
pytestmark = pytest.mark.keras

LOSSES = (
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "binary_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "log_cosh",
    "poisson",
    "hinge",
)
LABELS = [(6,), (6, 1), (6, 3), (6, 4), (6, 5, 1), (6, 5, 3), (6, 5), (6, 1, 1)]
OUTPUTS = [(6, 1), (6, 3), (6, 4), (6, 5, 1), (6, 5, 3), (6, 6), (6, 1, 3)]


@pytest.mark.parametrize("loss", LOSSES)
def test_labels_that_a_loss_refuses(loss: str) -> None:
    function = keras.losses.get(loss)
    wrapper = keras.losses.get({"class_name": "".join(part.title() for part in loss.split("_")), "config": {}})
    assert function is not None
    for target, output in itertools.product(LABELS, OUTPUTS):
        try:
            wrapper(np.zeros(target, "int32" if "sparse" in loss else "float32"), np.full(output, 0.5, "float32"))
            refused = False
        except Exception:  # TensorFlow raises exceptions of several classes
            refused = True
        assert bool(label_problem(loss, target, output)) is refused, (loss, target, output)


INPUTS: list[Shape] = [
    (UNKNOWN, 1),
    (UNKNOWN, 4),
    (UNKNOWN, 4, 1),
    (UNKNOWN, 4, 3),
    (UNKNOWN, UNKNOWN, 3),
    (UNKNOWN, 4, 4, 1),
]
ARRAYS = [(6,), (6, 1), (6, 4), (6, 3), (4, 1), (6, 4, 1), (6, 4, 3), (6, 5, 3), (4, 4), (6, 4, 4)]
ARRAYS += [(6, 4, 4, 1), (6, 4, 4, 3), (6, 4, 1, 1)]


@pytest.mark.parametrize("shape", INPUTS, ids=str)
def test_arrays_that_an_input_refuses(shape: Shape) -> None:
    tensor = keras.Input([None if size is UNKNOWN else size for size in shape[1:]])
    model = keras.Model(tensor, keras.ops.mean(tensor, axis=-1))
    for array in ARRAYS:
        try:
            model(np.zeros(array, "float32"))
            refused = False
        except ValueError:
            refused = True
        assert bool(input_problem(shape, array)) is refused, array
