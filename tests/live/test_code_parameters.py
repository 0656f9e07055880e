"""Compares functions with parameters that the code does not state with the models that Keras builds for several values of them.

With the values, the models are equal. Without them, everything that convcalc says is true for all values: each known size and count of a
layer, and the lower bound of the parameters.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from convcalc.analyse import Report, infer
from convcalc.read.code.file import read_program
from tests.live.code_judge import differences, recorded_calls
from tests.live.session import fresh

pytestmark = pytest.mark.keras

HEAD = "import keras\nfrom keras import Input, Model, Sequential, layers, ops\n"
# Each program defines `build`. The lists have its arguments; `inputs` are the shapes of arguments that are tensors.
PROGRAMS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "a shape of unknown length": ("""
def build(input_shape, classes):
    x = inputs = Input(shape=input_shape, name="image")
    for number, filters in enumerate((4, 8)):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", name=f"conv{number}")(x)
        x = layers.BatchNormalization(name=f"norm{number}")(x)
    x = layers.Flatten(name="flat")(x)
    return Model(inputs, layers.Dense(classes, name="last")(x))
""", [{"input_shape": (16, 12, 3), "classes": 2}, {"input_shape": (9, 9, 1), "classes": 5}]),
    "layers for any number of axes before it": ("""
def build(shape):
    inputs = Input(shape, name="x")
    y = layers.LeakyReLU(name="leaky")(layers.Rescaling(0.5, name="scale")(inputs))
    return Model(inputs, layers.LSTM(3, name="lstm")(layers.Conv1D(4, 3, name="conv")(y)))
""", [{"shape": (8, 2)}, {"shape": (None, 5)}]),
    "a Sequential": ("""
def build(shape, units):
    model = Sequential([layers.Conv2D(4, 3, input_shape=shape, name="first")])
    model.add(layers.GlobalMaxPooling2D(name="pool"))
    model.add(layers.Dense(units, name="last"))
    return model
""", [{"shape": (7, 8, 3), "units": 2}, {"shape": (3, 3, 2), "units": 4}]),
    "unknown strides and kernels": ("""
def build(step, size):
    inputs = Input((32, 24, 3), name="x")
    y = layers.Conv2D(4, 3, strides=step, padding="same", name="strided")(inputs)
    y = layers.Conv2D(6, size, padding="same", name="sized")(y)
    y = layers.SeparableConv2D(5, (size, 1), name="separable")(y)
    y = layers.UpSampling2D(step, name="larger")(y)
    y = layers.Conv2DTranspose(3, size, strides=step, padding="same", name="transposed")(y)
    y = layers.MaxPooling2D(size, name="pool")(y)
    return Model(inputs, layers.Dense(2, name="last")(layers.GlobalAveragePooling2D(name="mean")(y)))
""", [{"step": 2, "size": 3}, {"step": 1, "size": 1}, {"step": 3, "size": 2}]),
    "sizes of a reshape": ("""
def build(rows, width):
    inputs = Input((12, 10), name="x")
    a = layers.Reshape((rows, -1), name="rows")(inputs)
    b = layers.Dense(3, name="b")(layers.Reshape((-1, width), name="columns")(inputs))
    c = layers.Dense(4, name="c")(layers.Reshape((120 // width, width), name="both")(inputs))
    return Model(inputs, [a, b, c])
""", [{"rows": 6, "width": 4}, {"rows": 1, "width": 120}]),
    "branches": ("""
def build(kind, deep):
    inputs = Input((8, 8, 3), name="x")
    y = layers.Conv2D(4, 1, name="before")(inputs)
    if deep:
        y = layers.Conv2D(4, 3, padding="same", name="deep")(y)
    y = layers.ReLU(name="between")(y)
    if kind == "max":
        y = layers.MaxPooling2D(name="pool")(y)
    elif kind == "mean":
        y = layers.AveragePooling2D(2, name="pool")(y)
    else:
        y = layers.Conv2D(6, 2, strides=2, name="pool")(y)
    y = layers.Conv2D(5, 1, name="after")(y)
    return Model(inputs, layers.Dense(2, name="last")(layers.Flatten(name="flat")(y)))
""", [{"kind": kind, "deep": deep} for kind in ("max", "mean", "conv") for deep in (True, False)]),
    "loops": ("""
def build(depth, growth):
    inputs = Input((6, 4), name="x")
    y = layers.Dense(5, name="before")(inputs)
    for number in range(depth):
        y = layers.Add(name=f"add{number}")([y, layers.Dense(5, name=f"inside{number}")(y)])
    y = layers.Dense(3, name="between")(y)
    units = 3
    for number in range(growth):
        units += 1
        y = layers.Dense(units, name=f"growing{number}")(y)
    return Model(inputs, layers.Dense(2, name="last")(y))
""", [{"depth": depth, "growth": growth} for depth in (0, 1, 3) for growth in (0, 2)]),
    "parameters that are tensors": ("""
def block(y, filters):
    y = layers.Conv2D(filters, 3, padding="same", name="conv")(y)
    return layers.BatchNormalization(name="norm")(y)

def build(inputs, filters):
    return Model(inputs, layers.Dense(2, name="last")(block(inputs, filters)))
""", [{"inputs": (8, 8, 3), "filters": 4}, {"inputs": (5, 6, 1), "filters": 7}]),
    "arguments that are passed on": ("""
def inner(classes, units, shape=(4,)):
    inputs = Input(shape, name="x")
    return Model(inputs, layers.Dense(classes, name="last")(layers.Dense(units, name="first")(inputs)))

def build(**kwargs):
    return inner(units=3, **kwargs)
""", [{"classes": 2}, {"classes": 5}]),
    "a default that does not work": ("""
def build(scales=None, width=None):
    if scales is None and width is None:
        raise ValueError("give scales or width")
    inputs = Input((4,), name="x")
    y = layers.Dense(6, name="first")(inputs)
    if width is not None:
        y = layers.Dense(width, name="wide")(y)
    return Model(inputs, layers.Dense(2, name="last")(y))
""", [{"scales": [1, 2]}, {"width": 5}]),
    "a layer that states its shape": ("""
class Own(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def call(self, x):
        return getattr(ops, "mat" + "mul")(x, self.kernel)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

def build(units):
    inputs = Input((4, 5), name="x")
    return Model(inputs, layers.Dense(2, name="last")(Own(units, name="own")(inputs)))
""", [{"units": 3}, {"units": 8}]),
}  # fmt: skip


def in_keras(text: str, arguments: dict[str, Any]) -> Any:
    """Returns the model that ``build`` makes in Keras."""
    import keras

    fresh(free_memory=False)
    module = ModuleType("program")
    exec(compile(text, "program.py", "exec"), module.__dict__)
    given = {name: keras.Input(value, name=name) if name == "inputs" else value for name, value in arguments.items()}
    return module.build(**given)


def settings_of(arguments: dict[str, Any]) -> dict[str, Any]:
    """Returns the options that give the arguments to convcalc."""
    shapes = {name: value for name, value in arguments.items() if name == "inputs"}
    others = {name: value for name, value in arguments.items() if name != "inputs"}
    return {"settings": others, "inputs": shapes or None}


@pytest.mark.parametrize("name", PROGRAMS)
def test_functions_with_the_values(name: str) -> None:
    code, cases = PROGRAMS[name]
    for arguments in cases:
        with recorded_calls() as calls:
            model = in_keras(HEAD + code, arguments)
        report = infer(read_program(HEAD + code, "program.py", target="build", **settings_of(arguments)))
        assert not differences(model, report, calls), arguments


@pytest.mark.parametrize("name", PROGRAMS)
def test_functions_without_the_values(name: str) -> None:
    code, cases = PROGRAMS[name]
    report = infer(read_program(HEAD + code, "program.py", target="build"))
    for arguments in cases:
        model = in_keras(HEAD + code, arguments)
        least = report.totals.params
        assert not isinstance(least, int) or least <= model.count_params()
        assert not untrue(report, {layer.name: layer for layer in model.layers}), arguments


def untrue(report: Report, layers: dict[str, Any]) -> list[str]:
    """Returns what convcalc says about a layer with a given name, and what is not true in Keras."""
    found = []
    for row in report.layers:
        layer = layers.get(row.layer.name)
        if row.layer.class_name == "unknown":
            continue
        if layer is None:
            found.append(f"{row.layer.name}: there is no such layer")
            continue
        if isinstance(row.params, int) and row.params != layer.count_params():
            found.append(f"{row.layer.name}: {row.params} parameters, not {layer.count_params()}")
        shape = row.output_shapes[0]
        if shape is not None:
            real = tuple(layer.output.shape)
            pairs = list(zip(shape, real))
            if len(shape) != len(real) or any(isinstance(size, int) and size != other for size, other in pairs):
                found.append(f"{row.layer.name}: {shape}, not {real}")
    return found
