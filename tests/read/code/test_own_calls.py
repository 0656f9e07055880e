"""Tests functions that are targets and that the program also calls itself: its values are those of the target."""

from __future__ import annotations

from typing import Any

import pytest

from convcalc.analyse import Report, infer
from convcalc.base import codes
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

HEAD = "import keras\nfrom keras import Input, Model, Sequential, layers\nimport numpy as np\n"
BUILD = """
def build(shape, classes, width=4):
    return Sequential([Input(shape), layers.Dense(width), layers.Dense(classes)])
"""
TENSOR = """
def head(x, classes):
    return Model(x, layers.Dense(classes)(x))
"""


def report(code: str, target: str = "build", **options: Any) -> Report:
    return infer(read_program(HEAD + code, "model.py", target=target, **options))


def notes(result: Report) -> list[str]:
    return [problem.message for problem in result.problems if problem.code == codes.VALUE_OF_CALL]


@pytest.mark.parametrize(
    ("calls", "params", "values"),
    [
        ("m = build((3,), 2)", 3 * 4 + 4 + 5 * 2, "shape=(3,), classes=2"),
        ("m = build(classes=2, shape=(3,))", 3 * 4 + 4 + 5 * 2, "shape=(3,), classes=2"),
        ("m = build((3,), 2, width=7)", 3 * 4 + 4 + 5 * 2, "shape=(3,), classes=2"),  # the default of `width` is valid
        ("for rate in (1, 2):\n    m = build((3,), 2)", 3 * 4 + 4 + 5 * 2, "shape=(3,), classes=2"),
        ("x = np.zeros((9, 3))\nm = build(x.shape[1:], 2)", 3 * 4 + 4 + 5 * 2, "shape=(3,), classes=2"),
        ("def main():\n    return build((3,), 2)\nmain()", 3 * 4 + 4 + 5 * 2, "shape=(3,), classes=2"),
    ],
)
def test_the_program_gives_the_values(calls: str, params: int, values: str) -> None:
    result = report(BUILD + calls)
    assert result.totals.params == params
    assert not result.totals.incomplete
    assert notes(result) == [f"`build` gets the values of this call: {values}; --set NAME=VALUE gives others"]


def test_the_warning_is_at_the_call() -> None:
    problem = next(p for p in report(BUILD + "\nm = build((3,), 2)").problems if p.code == codes.VALUE_OF_CALL)
    assert problem.mark is not None
    assert problem.mark.excerpt == "m = build((3,), 2)"
    assert problem.severity == "warning"


@pytest.mark.parametrize(
    "calls",
    [
        "a = build((3,), 2)\nb = build((3,), 5)",
        "for n in (2, 5):\n    build((3,), n)",
        "import pandas as pd\na = build((3,), 2)\nb = build((3,), len(pd.read_csv('a.csv').columns))",
        "import random\na = build((3,), random.choice([2, 5]))",
        "",
        "def never_called():\n    return build((3,), 2)",
    ],
)
def test_different_or_unknown_values_stay_a_name(calls: str) -> None:
    result = report(BUILD + calls, settings={"shape": (3,)})
    assert shape_text(result.layers[-1].output_shapes[0]) == "(None, classes)"
    assert "the parameter `classes` of `build` has no default" in "\n".join(p.message for p in result.problems)
    assert not any("classes" in note for note in notes(result))


def test_a_setting_and_the_arguments_of_the_target_replace_the_values() -> None:
    code = BUILD + "m = build((3,), 2)"
    assert report(code, settings={"classes": 6}).totals.params == 16 + 5 * 6
    result = report(code, target="build(shape=(8,), classes=6)")
    assert result.totals.params == 9 * 4 + 5 * 6
    assert notes(result) == []


def test_a_tensor_becomes_an_input_of_its_shape() -> None:
    result = report(TENSOR + "m = head(Input((5,)), 3)", target="head")
    assert [shape_text(row.output_shapes[0]) for row in result.layers] == ["(None, 5)", "(None, 3)"]
    assert result.totals.params == 18
    assert report(TENSOR + "m = head(Input((5,)), 3)", target="head", inputs={"x": (9,)}).totals.params == 30
    differing = report(TENSOR + "m = head(Input((5,)), 3)\nn = head(Input((6,)), 3)", target="head")
    assert "params" in differing.totals.incomplete


def test_a_list_of_tensors() -> None:
    code = """
def join(parts, classes):
    return Model(parts, layers.Dense(classes)(layers.concatenate(parts)))
m = join([Input((5,)), Input((2,))], 3)
"""
    result = report(code, target="join")
    assert [row.name for row in result.layers[:2]] == ["parts_0", "parts_1"]
    assert result.totals.params == 24


def test_a_list_that_the_function_changes() -> None:
    code = """
def build(units):
    model = Sequential([Input((2,))])
    while units:
        model.add(layers.Dense(units.pop(0)))
    return model
m = build([3, 4])
"""
    assert report(code).totals.params == 9 + 16


def test_a_method_and_a_class() -> None:
    code = """
class Maker:
    def __init__(self):
        self.model = self.make((3,), 2)
    def make(self, shape, classes):
        return Sequential([Input(shape), layers.Dense(classes)])
maker = Maker()
"""
    assert report(code, target="Maker.make").totals.params == 8
    code = """
class Net(Model):
    def __init__(self, units):
        super().__init__()
        self.dense = layers.Dense(units)
    def call(self, x):
        return self.dense(x)
net = Net(6)
net(np.zeros((1, 3)))
"""
    assert report(code, target="Net", inputs={None: (3,)}).totals.params == 24


FITTED = """
def build(units):
    return Sequential([layers.Dense(units), layers.Dense(1)])
model = build(2)
model.fit(np.zeros((64, 5)), np.zeros((64, 1)))
"""


def test_a_sequential_gets_the_input_of_the_program() -> None:
    result = report(FITTED)
    assert result.totals.params == 12 + 3
    assert notes(result)[1] == (
        "'sequential_1' gets the input that the program gives to the model of its own call: (None, 5); --input gives another"
    )
    assert report(FITTED, inputs={None: (7,)}).totals.params == 16 + 3


@pytest.mark.parametrize(
    "more",
    [
        "other = build(2)\nother.fit(np.zeros((64, 6)), np.zeros((64, 1)))",
        "def build(units):\n    return Sequential([layers.Dense(units)])",
    ],
)
def test_the_input_stays_unknown(more: str) -> None:
    """The program gives two shapes, or none to one of its models, or the function of the target is another one."""
    assert "params" in report(FITTED + more, settings={"units": 2}).totals.incomplete


def test_no_model_of_the_program_has_an_input() -> None:
    result = report(FITTED.partition("model.fit")[0])
    assert "params" in result.totals.incomplete
    assert not any(problem.severity == "error" for problem in result.problems)
