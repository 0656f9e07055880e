"""Tensors after an unknown test or loop: the layers before it stay, and what all branches have in common is known."""

from __future__ import annotations

from typing import Any

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

HEAD = "import keras\nfrom keras import Input, Model, layers\n"


def report(code: str, **options: Any) -> Report:
    return infer(read_program(HEAD + code, "model.py", target="build", **options))


def rows(result: Report) -> list[tuple[str, str]]:
    return [
        (row.layer.class_name, shape_text(row.output_shapes[0]) if row.output_shapes[0] else "?")
        for row in result.layers
    ]


BODY = """
def build(flag, depth=2, units=4):
    x = Input((8, 8, 3))
    y = layers.Conv2D(4, 1)(x)
    {body}
    return Model(x, layers.Dense(2)(y))
"""


@pytest.mark.parametrize(
    ("body", "shape", "params"),
    [
        ("if flag:\n        y = layers.Conv2D(4, 1)(y)", "(None, 8, 8, 4)", 16 + 10),
        ("y = layers.ReLU()(y) if flag else layers.Conv2D(4, 1)(y)", "(None, 8, 8, 4)", 16 + 10),
        ("if flag:\n        y = layers.Conv2D(8, 1)(y)\n    else:\n        y = layers.Conv2D(6, 1)(y)", "(None, 8, 8, ?)", 16),
        ("if flag == 'a':\n        y = layers.MaxPooling2D()(y)\n    elif flag == 'b':\n        y = layers.AveragePooling2D()(y)\n"
         "    else:\n        y = layers.Conv2D(4, 1, strides=2)(y)", "(None, 4, 4, 4)", 16 + 10),
        ("if flag:\n        y = layers.Flatten()(y)", "?", 16),
        ("for _ in range(flag):\n        y = layers.Conv2D(4, 1)(y)", "(None, 8, 8, 4)", 16 + 10),
        ("while flag > 3:\n        y = layers.ReLU()(y)", "(None, 8, 8, 4)", 16 + 10),
        ("for _ in range(flag):\n        y = layers.Conv2D(units, 1)(y)\n        units *= 2", "?", 16),
        ("sizes = [4, 8, 16]\n    for _ in range(flag):\n        y = layers.Conv2D(sizes.pop(0), 1)(y)", "?", 16),
        ("for size in flag:\n        y = layers.Conv2D(size, 1)(y)", "?", 16),
    ],
)  # fmt: skip
def test_what_is_certain(body: str, shape: str, params: int) -> None:
    result = report(BODY.format(body=body))
    assert rows(result)[1:3] == [("Conv2D", "(None, 8, 8, 4)"), ("unknown", shape)]
    assert result.totals.params == params
    assert result.totals.incomplete["params"] == "partial"
    assert any(
        "the parameter `flag` of `build` has no default; give it with --set flag=…" in p.message
        for p in result.problems
    )


def test_a_function_that_may_return_early() -> None:
    result = report("""
def block(y, flag):
    y = layers.Conv2D(4, 1)(y)
    if flag:
        return y
    return layers.Conv2D(4, 1)(y)

def build(flag):
    x = Input((8, 8, 3))
    return Model(x, layers.Dense(2)(block(x, flag)))
""")
    assert [name for name, _ in rows(result)] == ["InputLayer", "Conv2D", "unknown", "Dense"]
    assert result.totals.params == 16 + 10


def test_two_inputs_that_a_branch_joins() -> None:
    result = report("""
def build(flag):
    a, b = Input((4,)), Input((4,))
    y = layers.Dense(3)(a)
    if flag:
        y = layers.Dense(3)(layers.Concatenate()([y, b]))
    return Model([a, b], layers.Dense(2)(y))
""")
    assert result.totals.params == 15 + 8
    assert [name for name, _ in rows(result)].count("InputLayer") == 2


def test_other_sizes_of_the_input() -> None:
    code = BODY.format(body="if flag:\n        y = layers.Conv2D(4, 1)(y)")
    assert ("unknown", "(None, 5, 5, 4)") in rows(report(code, inputs={None: (5, 5, 3)}))


def test_the_branch_is_taken_with_a_setting() -> None:
    code = BODY.format(body="if flag:\n        y = layers.Conv2D(4, 1)(y)")
    assert report(code, settings={"flag": True}).totals.params == 16 + 20 + 10
    assert report(code, settings={"flag": False}).totals.params == 16 + 10


def test_reshape_to_sizes_that_the_code_does_not_state() -> None:
    result = report("""
def build(n):
    x = Input((8, 8, 6))
    y = [layers.Reshape((n, 6))(x), layers.Reshape((-1, n))(x)]
    return Model(x, [layers.Dense(2)(part) for part in y])
""")
    assert ("Reshape", "(None, n, 6)") in rows(result)
    assert result.totals.params == 14


def test_the_option_that_gives_a_value_is_named() -> None:
    code = """
def build(args, classes):
    x = Input((4,))
    half = classes // 2
    a = layers.Dense(args.units)(x)
    b = layers.Dense(classes * 2)(x)
    return Model(x, [a, b, layers.Dense(half)(x)])
"""
    text = "\n".join(problem.message for problem in report(code).problems)
    for option in ("--set args.units=…", "--set classes=…", "--set half=…"):
        assert f"give it with {option}" in text
    assert report(code, settings={"args.units": 3, "classes": 4}).totals.params == 15 + 40 + 10
