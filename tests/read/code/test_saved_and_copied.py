"""Models that a program saves and loads, clones, or makes again from their config.

The numbers are those of Keras 3.15.1.
"""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.problems import ConvcalcError
from convcalc.read.code.file import read_program

HEADER = """
import os
import json
import pathlib
import numpy as np
import keras
from keras import layers
base = keras.Sequential([keras.Input((8,)), layers.Dense(4, activation="relu"), layers.BatchNormalization(), layers.Dense(2)])
x = keras.Input((8, 8, 3))
graph = keras.Model(x, layers.Dense(3, name="head")(layers.Flatten()(layers.Conv2D(4, 3)(x))))
"""


def report(code: str) -> Report:
    return infer(read_program(HEADER + code, "model.py", target="model"))


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("base.save('run/m.keras')\nmodel = keras.models.load_model('./run/m.keras')", 62),
        (
            "keras.models.save_model(base, f'{str(1)}/m.h5')\nmodel = keras.saving.load_model(os.path.join('1', 'm.h5'))",
            62,
        ),
        ("base.save(pathlib.Path('run') / 'm.keras')\nmodel = keras.models.load_model('run/m.keras')", 62),
        ("model = keras.models.clone_model(base)", 62),
        ("model = keras.Model.from_config(graph.get_config())", 547),
        ("model = keras.models.model_from_json(graph.to_json())", 547),
        ("model = graph.__class__.from_config(graph.get_config())", 547),
        (
            """
graph.compile("adam", "mse")
saves = keras.callbacks.ModelCheckpoint(filepath="best.keras", save_best_only=True)
graph.fit(np.zeros((2, 8, 8, 3)), np.zeros((2, 3)), callbacks=[saves], validation_split=0.5)
loaded = keras.models.load_model("best.keras")
model = keras.Model(loaded.input, layers.Dense(7)(loaded.layers[-2].output))
""",
            112 + 1015,
        ),
        (
            """
config = layers.Dense(5, activation="relu").get_config()
model = keras.Sequential([keras.Input((3,)), layers.Dense.from_config(config), layers.Dense.from_config({"units": 2})])
""",
            32,
        ),
        (
            "model = keras.models.clone_model(keras.Sequential([layers.Dense(4), layers.Dense(2)]))\nmodel.build((None, 6))",
            38,
        ),
        ("base.save('m.keras')\nmodel = keras.Sequential([keras.models.load_model('m.keras'), layers.Dense(3)])", 71),
    ],
)
def test_copies(code: str, params: int) -> None:
    result = report(code)
    assert result.totals.params == params
    assert not result.totals.incomplete


def test_a_config_in_the_code() -> None:
    result = report("""
text = '''{"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [
  {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 5], "name": "i"}},
  {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3, "name": "d"}}]}}'''
model = keras.models.model_from_json(text)
""")
    assert result.totals.params == 18


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("model = keras.models.load_model('other.keras')", "reads a file"),
        ("base.save_weights('m.keras')\nmodel = keras.models.load_model('m.keras')", "reads a file"),
        (
            "if unknown:\n    base.save('m.keras')\nmodel = keras.models.load_model('m.keras')",
            "whether the program saves",
        ),
        (
            "c = graph.get_config()\nc['layers'][0]['x'] = 1\nmodel = keras.Model.from_config(c)",
            "may change the config",
        ),
        ("model = keras.models.clone_model(base, clone_function=change)", "`clone_function` is not supported"),
    ],
)
def test_unknown_copies(code: str, reason: str) -> None:
    with pytest.raises(ConvcalcError, match=reason):
        report(code)


@pytest.mark.parametrize(
    "copy", ["keras.models.clone_model(base)", "keras.Model.from_config(base.get_config())", "saved(base)"]
)
def test_a_copy_keeps_the_reasons_of_unknown_sizes(copy: str) -> None:
    """The size ``n`` of the input comes from a file, which is not part of the code."""
    result = report(f"""
import h5py
n = h5py.File("data.h5")["x"].shape[1]

def saved(model):
    model.save("m.keras")
    return keras.models.load_model("m.keras")

inputs = keras.Input((n,), name="x")
base = keras.Model(inputs, keras.layers.Dense(3)(inputs))
model = {copy}
""")
    (problem,) = result.problems
    assert problem.message.startswith("'x' (InputLayer): the size `n` of the input is unknown")
