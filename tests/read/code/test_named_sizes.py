"""Tests sizes that the code does not state. They have names in shapes, and the layers after them have shapes too."""

from __future__ import annotations

from convcalc.analyse import infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

BUILD = """
from keras import Input, Model, layers

def build(size, classes):
    inputs = Input((size, size, 3))
    x = layers.Conv2D(classes, 3, padding="same")(inputs)
    x = layers.Conv2D(8, 3, padding="same")(x)
    y = layers.BatchNormalization()(x)
    x = layers.Flatten()(layers.Add()([x, y]))
    return Model(inputs, layers.Dense(classes)(x))
"""


def test_shapes_show_named_sizes() -> None:
    report = infer(read_program(BUILD, "model.py", target="build"))
    assert [shape_text(row.output_shapes[0]) for row in report.layers] == [
        "(None, size, size, 3)",
        "(None, size, size, classes)",
        "(None, size, size, 8)",
        "(None, size, size, 8)",
        "(None, size, size, 8)",
        "(None, size·size·8)",
        "(None, classes)",
    ]
    assert report.totals.params == 32
    assert report.totals.incomplete["params"] == "partial"


def test_a_setting_gives_a_named_size() -> None:
    report = infer(read_program(BUILD, "model.py", target="build", settings={"size": 8, "classes": 4}))
    assert report.totals.params == 112 + 296 + 32 + 512 * 4 + 4
    assert not report.totals.incomplete


def test_the_program_sees_a_named_size_and_not_none() -> None:
    code = BUILD.replace("    y =", "    if x.shape[1] is None:\n        x = layers.ReLU()(x)\n    y =")
    report = infer(read_program(code, "model.py", target="build", settings={"classes": 4}))
    assert report.totals.incomplete["params"] == "partial"
    assert any("depends on a test that is unknown" in problem.message for problem in report.problems)


def test_sizes_with_names_are_no_contradiction_in_operations() -> None:
    text = """
from keras import Input, Model, layers, ops

def build(length, units):
    x = Input((length, 3))
    a, b = layers.Dense(units)(x), layers.Dense(units)(x)
    outputs = [
        layers.Add()([a, b]),
        layers.Concatenate(axis=1)([a, layers.Dense(4)(x)]),
        ops.matmul(a, ops.transpose(b, (0, 2, 1))),
        a + b,
        ops.einsum("abc,adc->abd", a, b),
    ]
    return Model(x, outputs)
"""
    model = read_program(text, "model.py", target="build")
    assert not [problem for problem in model.problems if problem.severity == "error"]
    shapes = [shape_text(row.output_shapes[0]) for row in infer(model).layers]
    assert {"(None, length, units)", "(None, length + length, 4)", "(None, length, length)"} <= set(shapes)
