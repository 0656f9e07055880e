"""Tests arrays that a program saves and loads, and predictions for data with sizes that the model leaves open."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.read.code.file import read_program

HEAD = "import keras, os\nimport numpy as np\nfrom keras import layers\n"
MODEL = "\nmodel = keras.Sequential([keras.Input(x.shape[1:]), layers.Flatten(), layers.Dense(2)])\n"


def report(code: str) -> Report:
    return infer(read_program(HEAD + code, "train.py", target="model"))


@pytest.mark.parametrize(
    "code",
    [
        "np.save('x.npy', np.zeros((9, 2, 3)))\nx = np.load('x.npy')",
        "np.save(os.path.join('data', 'x'), np.zeros((9, 2, 3)))\nx = np.load('./data/x.npy')",
        "np.savez('all.npz', x=np.zeros((9, 2, 3)), y=np.zeros(9))\nx = np.load('all.npz')['x']",
        "np.savez_compressed('all', np.zeros((9, 2, 3)))\nx = np.load('all.npz')['arr_0']",
    ],
)
def test_an_array_is_saved_and_loaded(code: str) -> None:
    assert report(code + MODEL).totals.params == 14


@pytest.mark.parametrize(
    "code",
    [
        "x = np.load('x.npy')",
        "np.save('y.npy', np.zeros((9, 2, 3)))\nx = np.load('x.npy')",
        "if input() == 'yes':\n    np.save('x.npy', np.zeros((9, 2, 3)))\nx = np.load('x.npy')",
    ],
)
def test_other_files_stay_unknown(code: str) -> None:
    assert "params" in report(code + MODEL).totals.incomplete


OPEN = """
base = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3), layers.MaxPooling2D()])
x = base.predict({data})
"""


@pytest.mark.parametrize(
    ("data", "features"),
    [
        ("np.zeros((5, 10, 8, 3))", 4 * 3 * 4),
        (
            "keras.preprocessing.image.ImageDataGenerator().flow_from_directory('a', target_size=(12, 8), class_mode=None)",
            5 * 3 * 4,
        ),
    ],
)
def test_the_data_give_sizes_that_the_model_leaves_open(data: str, features: int) -> None:
    """Keras 3.15.1 gives (5, 4, 3, 4) and (n, 5, 3, 4)."""
    assert report(OPEN.format(data=data) + MODEL).totals.params == 2 * features + 2
