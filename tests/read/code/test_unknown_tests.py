"""Tests code in branches of unknown tests. Objects that a branch makes and changes are known in this branch."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.read.code.file import read_program

HEAD = "import json\nimport keras\nfrom keras import layers\nconfig = json.load(open('x.json'))\n"


def report(code: str, target: str = "model") -> Report:
    return infer(read_program(HEAD + code, "model.py", target=target))


def test_a_model_that_is_made_and_changed_under_one_test() -> None:
    result = report("""
def build():
    net = keras.Sequential([keras.Input((8,)), layers.Dense(4)])
    sizes = []
    for number in range(3):
        sizes.append(number + 2)
    for size in sizes:
        net.add(layers.Dense(size))
    net.layers[0].trainable = False
    return net

def train():
    if config["new"]:
        model = build()
        model.summary()

train()
""")
    assert result.totals.params == 36 + 10 + 9 + 16
    assert result.totals.trainable_params == 10 + 9 + 16
    assert not result.totals.incomplete


@pytest.mark.parametrize(
    ("body", "params"),
    [
        ("units = [4]\n        units += [8]", 12 + 40),
        ("units = [n for n in (4, 2)]\n        units[1] = 8", 12 + 40),
        ("units = list(range(2))\n        units.clear()\n        units.extend([4, 8])", 12 + 40),
        ("units = {}\n        units[4] = 'first'\n        units[8] = 'second'", 12 + 40),
    ],
)
def test_containers_that_are_made_under_the_test(body: str, params: int) -> None:
    code = f"""
def train():
    if config["new"]:
        {body}
        model = keras.Sequential([keras.Input((2,))])
        for size in units:
            model.add(layers.Dense(size))
        model.summary()

train()
"""
    result = report(code)
    assert result.totals.params == params
    assert not result.totals.incomplete


def test_a_model_that_is_older_than_the_test() -> None:
    result = report("""
model = keras.Sequential([keras.Input((8,)), layers.Dense(4)])
if config["deep"]:
    model.add(layers.Dense(3))
""")
    assert result.totals.incomplete["params"] == "partial"


def test_a_second_test_inside_of_the_first() -> None:
    result = report("""
def train():
    if config["new"]:
        model = keras.Sequential([keras.Input((8,)), layers.Dense(4)])
        if config["deep"]:
            model.add(layers.Dense(3))
        model.summary()

train()
""")
    assert result.totals.incomplete["params"] == "partial"


def test_elements_of_an_array_do_not_change_its_shape() -> None:
    result = report("""
import numpy as np
x = np.zeros((100, 7))
for at in range(config["count"]):
    x[at] = 1
model = keras.Sequential([layers.Dense(4)])
model.fit(x, np.zeros((100, 4)))
""")
    assert result.totals.params == 32


def test_a_call_that_returned_before_it_raises() -> None:
    result = report(
        """
def pair(size):
    if isinstance(size, int):
        return (size, size)
    if isinstance(size, tuple):
        return size
    raise ValueError("size")

def build(size):
    height, width = pair(size)
    x = keras.Input((height, width, 3))
    return keras.Model(x, layers.Conv2D(4, 3)(x))
""",
        "build",
    )
    assert result.totals.params == 112
    assert "has no default" in result.problems[0].message


def test_the_shape_of_a_tensor_is_no_tensor() -> None:
    result = report(
        """
def build(shape):
    x = keras.Input(shape)
    y = layers.BatchNormalization()(x)
    sizes = keras.backend.int_shape(y)
    return keras.Model(x, layers.Dense(int(round(sizes[-1] / 2)), name="last")(y))
""",
        "build",
    )
    assert any(
        "'last'" in p.message and "the parameter `shape` of `build` has no default" in p.message
        for p in result.problems
    )
