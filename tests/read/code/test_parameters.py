"""Tests functions that the program never calls. Their parameters are named sizes, inputs of the model, or unknown
values.
"""

from __future__ import annotations

from typing import Any

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

HEAD = "import keras\nfrom keras import Input, Model, Sequential, layers\nfrom keras import backend as K\n"


def report(code: str, target: str = "build", **options: Any) -> Report:
    return infer(read_program(HEAD + code, "model.py", target=target, **options))


def shapes(result: Report) -> list[str]:
    return [shape_text(row.output_shapes[0]) for row in result.layers]


def messages(result: Report) -> str:
    return "\n".join(problem.message for problem in result.problems)


# A shape of unknown length: the first layer accepts only one number of axes ----------------------------------------------

FUNCTIONAL = """
def build(input_shape):
    inputs = Input(shape=input_shape)
    x = layers.{first}
    return Model(inputs, layers.Dense(5)(layers.{second}(x)))
"""


@pytest.mark.parametrize(
    ("first", "second", "sizes", "params"),
    [
        ("Conv2D(4, 3, padding='same')(inputs)", "Conv2D(8, 1)", 3, 40 + 45),
        ("Conv1D(4, 3, padding='same')(inputs)", "LSTM(2)", 2, 4 * 2 * 7 + 15),
        ("Conv3D(4, 3, padding='same')(inputs)", "GlobalAveragePooling3D()", 4, 25),
        ("Conv2D(4, 3, padding='same')(layers.ReLU()(layers.Rescaling(2)(inputs)))", "GlobalAveragePooling2D()", 3, 25),
    ],
)
def test_sizes_of_an_unknown_shape_have_names(first: str, second: str, sizes: int, params: int) -> None:
    result = report(FUNCTIONAL.format(first=first, second=second))
    assert shapes(result)[0] == f"(None, {', '.join(f'input_shape[{at}]' for at in range(sizes))})"
    assert result.totals.params == params
    assert "give it with --set input_shape=…" in messages(result)


def test_a_setting_gives_the_whole_shape_or_one_size() -> None:
    code = FUNCTIONAL.format(first="Conv2D(4, 3, padding='same')(inputs)", second="Conv2D(8, 1)")
    whole = report(code, settings={"input_shape": (9, 9, 2)})
    assert whole.totals.params == 2 * 36 + 4 + 40 + 45
    one = report(code, settings={"input_shape[2]": 2})
    assert one.totals.params == 2 * 36 + 4 + 40 + 45
    assert shapes(one)[0] == "(None, input_shape[0], input_shape[1], 2)"


def test_an_unknown_input_shape_of_a_sequential() -> None:
    result = report("""
def build(shape):
    first = layers.Conv2D(4, 1, padding="same", input_shape=shape)
    return Sequential([first, layers.ReLU(), layers.Conv2D(8, 1, padding="same")])
""")
    assert shapes(result) == [f"(None, shape[0], shape[1], {size})" for size in (4, 4, 8)]
    assert result.totals.params == 40


def test_a_layer_for_any_number_of_axes_names_no_size() -> None:
    result = report("def build(shape):\n    return Sequential([layers.Dense(4, input_shape=shape)])")
    assert "the input shape is `shape`, which is unknown" in messages(result)


def test_a_layer_under_an_unknown_test_tells_no_number_of_axes() -> None:
    result = report("""
def build(shape):
    x = y = Input(shape)
    if len(shape) == 3:
        y = layers.Conv2D(4, 1)(x)
    return Model(x, layers.ReLU()(y))
""")
    assert "shape[0]" not in shapes(result)[0]


# Parameters that are tensors ---------------------------------------------------------------------------------------------

BLOCK = """
def convolution(inputs, filters):
    return layers.Conv2D(filters, 3, padding="same", use_bias=False)(inputs)
"""


@pytest.mark.parametrize(
    "body",
    [
        "x = layers.Dense(4)(x)\n    return Model(inputs, layers.Dense(2)(x))".replace("(x)\n", "(inputs)\n"),
        "x = inputs\n    x = layers.Dense(4)(x)\n    return Model(inputs, layers.Dense(2)(x))",
        "first = layers.Dense(4)\n    return Model(inputs=[inputs], outputs=layers.Dense(2)(first(inputs)))",
    ],
)
def test_a_parameter_that_is_a_tensor(body: str) -> None:
    code = f"def build(inputs):\n    {body}\n"
    assert "'inputs' (InputLayer)" in messages(report(code))
    for name in (None, "inputs"):
        assert report(code, inputs={name: (3,)}).totals.params == 16 + 10


def test_a_tensor_that_another_function_gets() -> None:
    code = BLOCK + "def build(image, classes):\n    return Model(image, convolution(convolution(image, 4), classes))\n"
    result = report(code, inputs={None: (8, 8, 3)}, settings={"classes": 2})
    assert result.totals.params == 27 * 4 + 36 * 2
    assert shapes(report(code))[0] == "(None, image.shape[1], image.shape[2], image.shape[3])"


def test_several_tensors() -> None:
    code = """
def build(left, right):
    both = layers.concatenate([left, right])
    return Model([left, right], layers.Dense(2)(both))
"""
    assert report(code, inputs={"left": (3,), "right": (4,)}).totals.params == 16


# Defaults that do not work, and arguments that are passed on ---------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "def build(scales=None):\n    if scales is None:\n        raise ValueError('scales')\n    x = Input((4,))\n"
        "    return Model(x, layers.Dense(3)(x))",
        "def build(shape=None):\n    x = Input((4,))\n    return Model(x, layers.Dense(3)(x), name=f'{shape[0]}')",
        "def build(low=None, high=None):\n    if low is None or high is None:\n        raise ValueError\n    x = Input((4,))\n"
        "    return Model(x, layers.Dense(3)(x), name='m' if low else 'n')",
        "def build(names=None):\n    for name in names:\n        print(name)\n    x = Input((4,))\n    return Model(x, layers.Dense(3)(x))",
    ],
)
def test_a_default_of_none_that_raises(code: str) -> None:
    result = report(code)
    assert result.totals.params == 15


def test_a_default_of_none_that_works_is_used() -> None:
    code = """
def build(classes=None, width=None):
    x = Input((4,))
    y = layers.Dense(3)(x) if classes is None else layers.Dense(classes)(x)
    return Model(x, layers.Dense(width * 2)(y))
"""
    result = report(code)
    assert result.layers[1].params == 15
    assert "the parameter `width` of `build` has no default that works; give it with --set width=…" in messages(result)
    assert report(code, settings={"width": 2}).totals.params == 15 + 16


def test_an_error_that_no_default_causes() -> None:
    model = read_program
    with pytest.raises(Exception, match="the code raises ValueError: never"):
        model(
            HEAD + "def build(size=None):\n    x = Input((4,))\n    raise ValueError('never')\n    return Model(x, x)",
            "model.py",
            target="build",
        )


@pytest.mark.parametrize(
    "outer",
    [
        "def build(*args, **kwargs):\n    return inner(*args, size=4, **kwargs)",
        "def build(**kwargs):\n    return inner(size=4, **kwargs)",
        "class Maker:\n    def build(self, *args, **kwargs):\n        return inner(*args, size=4, **kwargs)",
        "def build(**options):\n    return inner(options['classes'], 4)",
    ],
)
def test_arguments_that_are_passed_on(outer: str) -> None:
    inner = "def inner(classes, size):\n    x = Input((size,))\n    return Model(x, layers.Dense(classes)(layers.Dense(2)(x)))\n"
    target = "Maker.build" if "Maker" in outer else "build"
    result = report(inner + outer, target)
    assert result.totals.params == 10
    assert shapes(result)[-1] == "(None, classes)" or "options['classes']" in shapes(result)[-1]
    assert "the parameter `classes`" in messages(result)


def test_a_given_argument_that_is_passed_on() -> None:
    code = "def inner(classes):\n    x = Input((4,))\n    return Model(x, layers.Dense(classes)(x))\n"
    code += "def build(**kwargs):\n    return inner(**kwargs)"
    assert report(code, "build(classes=3)").totals.params == 15
    assert report(code, settings={"classes": 3}).totals.params == 15


# After an unknown test ---------------------------------------------------------------------------------------------------


def test_what_a_branch_does_not_change_stays() -> None:
    result = report("""
def build(classes, scales):
    units = classes + 1
    sizes = (8, 8)
    if scales:
        if len(scales) != 7:
            raise ValueError
        sizes = (8, 4)
    else:
        scales = [1]
    x = Input((4,))
    return Model(x, layers.Dense(sizes[0])(layers.Dense(units)(x)))
""")
    assert shapes(result)[1:] == ["(None, units)", "(None, 8)"]
    assert "the parameter `classes` of `build` has no default" in messages(result)


def test_a_whole_slice_keeps_a_named_size() -> None:
    result = report("""
def build(height):
    x = Input((height, 6, 3))
    y = layers.Lambda(lambda t: K.stack([t[..., 2], t[:, :, :, 1], t[:, 0:, :, 0]], axis=-1))(x)
    return Model(x, layers.Dense(2)(y))
""")
    assert shapes(result)[1] == "(None, height, 6, 3)"


def test_functions_that_prepare_data_make_no_model() -> None:
    code = (
        HEAD
        + """
def prepare(x):
    return keras.applications.imagenet_utils.preprocess_input(x)

def build():
    x = Input((4,))
    return Model(x, layers.Dense(3)(x))
"""
    )
    assert infer(read_program(code, "model.py")).totals.params == 15
