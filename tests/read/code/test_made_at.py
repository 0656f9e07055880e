"""Tests the position of each layer's creation in the JSON report of a program."""

import json
from pathlib import Path
from typing import Any

import pytest

from convcalc.api import infer
from convcalc.read import load
from convcalc.report_json.write import report_data

PROGRAM = """import keras
from keras import layers

def block(x, filters):
    return layers.ReLU()(layers.Conv2D(filters, 3)(x))

inputs = keras.Input((32, 32, 3))
x = block(inputs, 8)
model = keras.Model(inputs, layers.Dense(4)(x + 1))
"""
PLACES = {"input_layer": (7, 10), "conv2d": (5, 26), "re_lu": (5, 12), "add": (9, 45), "dense": (9, 29)}


def places(source: Path) -> dict[str, Any]:
    """Returns the positions of the layers in a file, by the layer's name."""
    layers = report_data(infer(load(source)))["layers"]
    return {layer["name"]: layer.get("made_at") for layer in layers}


def test_each_layer_has_the_place_that_makes_it(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(PROGRAM)
    expected = {name: {"file": str(file), "line": line, "column": column} for name, (line, column) in PLACES.items()}
    assert places(file) == expected


def test_a_place_in_a_notebook_names_the_cell(tmp_path: Path) -> None:
    file = tmp_path / "net.ipynb"
    cells = [{"cell_type": "markdown", "source": "A model"}, {"cell_type": "code", "source": PROGRAM}]
    file.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert places(file)["dense"] == {"file": f"{file}:cell1", "line": 9, "column": 29}


def test_a_spec_has_no_such_place(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("input: [8]\nlayers:\n  - Dense: 2\n")
    assert set(places(file).values()) == {None}


@pytest.mark.parametrize(
    ("code", "dtype"),
    [
        ("Sequential([Dense(3, dtype='float64', input_shape=(4,))])", "float32"),
        ("Sequential([Dense(3, dtype='float64')]); m.build((None, 4))", "float64"),
        ("Sequential([Embedding(10, 3)]); m(numpy.zeros((2, 4), 'int32'))", "float32"),
        ("Sequential([Rescaling(0.5)]); m(keras.Input((4,), dtype='uint8'))", "float32"),
        ("Sequential([TextVectorization(10, output_sequence_length=4)]); m.build((None, 1))", "string"),
        (
            "Sequential([Dense(3)]); keras.mixed_precision.set_global_policy('mixed_float16'); m.build((None, 4))",
            "float32",
        ),
        ("keras.config.set_floatx('float64'); m = Sequential([Dense(3, input_shape=(4,))])", "float64"),
        (
            "keras.mixed_precision.set_global_policy('mixed_float16'); m = Sequential([Dense(3)]); m.build((None, 4))",
            "float16",
        ),
    ],
)
def test_the_input_of_a_sequential_has_the_dtype_of_keras(tmp_path: Path, code: str, dtype: str) -> None:
    """The dtypes are those of Keras 3.15.1."""
    file = tmp_path / "net.py"
    start = "" if code.startswith("keras.") else "m = "
    file.write_text(f"import keras, numpy\nfrom keras import Sequential\nfrom keras.layers import *\n{start}{code}\n")
    model = load(f"{file}:m")
    assert infer(model).run.results[0].dtypes == (dtype,)
