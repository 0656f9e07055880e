"""Python syntax that users paste into specs: the same model as the spec without Python. The counts are Keras 3.15's."""

from __future__ import annotations

import subprocess
import sys

import pytest

from convcalc import infer
from convcalc.analyse.report import Report
from convcalc.base.problems import ConvcalcError, Source
from convcalc.read.spec.spec import read_spec


def report(text: str) -> Report:
    return infer(read_spec(Source("s.yaml", text)))


def rows(text: str) -> list[tuple[str, object, int]]:
    return [(row.name, row.output_shapes, row.counts.params) for row in report(text).layers]


def refusal(text: str) -> str:
    with pytest.raises(ConvcalcError) as failed:
        report(text)
    return "\n".join(problem.message for problem in failed.value.problems)


IMAGE = "input: [28, 28, 3]\nlayers:\n"

SAME = {
    "call": ("- Conv2D(32, 3, padding='same')", "- Conv2D: {filters: 32, kernel_size: 3, padding: same}", 896),
    "prefix": ('- layers.Dense(10, activation="relu")', "- Dense: {units: 10, activation: relu}", 40),
    "long prefix": ("- tf.keras.layers.Dense(10)", "- Dense: 10", 40),
    "no arguments": ("- Flatten()", "- Flatten", 0),
    "comma behind": ("- Conv2D(8, (3, 5)),", "- Conv2D: [8, [3, 5]]", 368),
    "model.add": ("- model.add(layers.Conv2D(8, (3, 3), strides=(2, 2)))", "- Conv2D: [8, 3, 2]", 224),
    "quoted": ("- \"Conv2D(8, 3, name='a')\"", "- Conv2D: {filters: 8, kernel_size: 3, name: a}", 224),
    "lines": ("- Conv2D(\n      8,\n      3,\n    )", "- Conv2D: [8, 3]", 224),
    "activation object": ("- Dense(8, activation=tf.nn.relu)", "- Dense: {units: 8, activation: relu}", 32),
    "regularizer": ("- Dense(8, kernel_regularizer=keras.regularizers.l2(1e-4))", "- Dense: 8", 32),
    "wrapper": (
        "- TimeDistributed(layers.Dense(4, use_bias=False))",
        "- TimeDistributed: {layer: {Dense: {units: 4, use_bias: false}}}",
        12,
    ),
    "arithmetic": ("- Dense(2 * 8)", "- Dense: 16", 64),
    "tuple": ("- ZeroPadding2D: ((1,0),(0,1))", "- ZeroPadding2D: {padding: [[1, 0], [0, 1]]}", 0),
    "tuple in a call": ("- ZeroPadding2D(((1, 0), (0, 1)))", "- ZeroPadding2D: {padding: [[1, 0], [0, 1]]}", 0),
    "one list": ("- ZeroPadding2D: [[1, 0], [0, 1]]", "- ZeroPadding2D: {padding: [[1, 0], [0, 1]]}", 0),
    "one list of sizes": ("- Reshape: [28, 84]", "- Reshape: {target_shape: [28, 84]}", 0),
    "tuple of sizes": ("- Reshape: (28, 84)", "- Reshape: {target_shape: [28, 84]}", 0),
    "tuple in a mapping": ("- Conv2D: {filters: 8, kernel_size: (3, 3)}", "- Conv2D: [8, 3]", 224),
    "two tuples in a mapping": (
        "- Conv2D: {kernel_size: (3, 3), strides: (2, 3), filters: 8}",
        "- Conv2D: {filters: 8, kernel_size: 3, strides: [2, 3]}",
        224,
    ),
    "the same tuple twice": (
        "- Conv2D: {kernel_size: (3, 3), strides: (3, 3), filters: 8, padding: same}",
        "- Conv2D: {filters: 8, kernel_size: 3, strides: 3, padding: same}",
        224,
    ),
    "nested tuple in a mapping": (
        "- ZeroPadding2D: {padding: ((1,0),(0,1)), name: p}",
        "- ZeroPadding2D: {padding: [[1, 0], [0, 1]], name: p}",
        0,
    ),
    "tuple in a list": ("- Conv2D: [8, (3, 3)]", "- Conv2D: [8, 3]", 224),
    "tuple in a block mapping": ("- Conv2D:\n      filters: 8\n      kernel_size: (3, 3)", "- Conv2D: [8, 3]", 224),
    "comma": ("- Conv2D: 8, 3", "- Conv2D: [8, 3]", 224),
    "comma and names": ("- Conv2D: 8, 3, padding='same'", "- Conv2D: {filters: 8, kernel_size: 3, padding: same}", 224),
    "names without quotes": (
        "- Conv2D: filters=8, kernel_size=3, activation=relu",
        "- Conv2D: {filters: 8, kernel_size: 3, activation: relu}",
        224,
    ),
    "tuple of arguments": ("- Conv2D: (8, 3)", "- Conv2D: [8, 3]", 224),
    "pool": ("- MaxPooling2D: (2, 2)", "- MaxPooling2D: 2", 0),
    "pool call": ("- MaxPooling2D((3, 2))", "- MaxPooling2D: {pool_size: [3, 2]}", 0),
    "inner layer as text": ("- TimeDistributed: Dense(4)", "- TimeDistributed: {layer: {Dense: 4}}", 16),
    "inner layer in a mapping": (
        "- TimeDistributed:\n      layer: layers.Dense(4)",
        "- TimeDistributed: {layer: {Dense: 4}}",
        16,
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_python_gives_the_same_model(name: str) -> None:
    python, spec, params = SAME[name]
    assert rows(f"{IMAGE}  {python}\n") == rows(f"{IMAGE}  {spec}\n")
    assert report(f"{IMAGE}  {python}\n").totals.params == params


@pytest.mark.parametrize("sizes", ["(28, 28, 3)", "28, 28, 3", "28x28x3", "{shape: (28, 28, 3)}", "(28,28,3)"])
def test_an_input_is_written_as_in_python(sizes: str) -> None:
    assert report(f"input: {sizes}\nlayers: [Flatten]\n").layers[0].output_shapes[0][1] == 28 * 28 * 3


def test_a_size_that_is_not_known_and_a_single_size() -> None:
    assert rows("input: (None, 3)\nlayers: [LSTM: 4]\n") == rows("input: [null, 3]\nlayers: [LSTM: 4]\n")
    assert rows("input: (3,)\nlayers: [Dense: 4]\n") == rows("input: [3]\nlayers: [Dense: 4]\n")


def test_layers_that_are_called_on_tensors() -> None:
    functional = """input: [8, 8, 3]
layers:
  - x = layers.Conv2D(4, 3, padding='same')(inputs)
  - y = layers.Conv2D(4, 1)(x)
  - x = layers.Add()([x, y])
  - layers.Flatten()(x)
"""
    spec = """input: [8, 8, 3]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, as: x}
  - Conv2D: {filters: 4, kernel_size: 1, from: x, as: y}
  - Add: {from: [x, y]}
  - Flatten
"""
    assert rows(functional) == rows(spec)
    assert report(functional).totals.params == 112 + 20


def test_variables_of_a_block_in_python() -> None:
    text = """input: [8, 8, 3]
blocks:
  conv:
    arguments: [filters]
    layers:
      - Conv2D($filters, (3, 3))
      - Conv2D(${filters * 2}, 1)
layers:
  - conv(4)
  - conv: 2
"""
    assert [row.counts.params for row in report(text).layers] == [112, 40, 146, 12]


def test_a_tuple_with_two_meanings_is_refused() -> None:
    text = refusal(f"{IMAGE}  - MaxPooling2D: (3, 2)\n")
    assert "write [[3, 2]] for pool_size [3, 2], or [3, 2] for pool_size 3 and strides 2" in text
    assert "(3, 2) has two meanings" in text
    assert "[[2, 1]]" in refusal(f"{IMAGE}  - AveragePooling2D: (2, 1)\n")


@pytest.mark.parametrize(
    ("entry", "cure"),
    [
        ("- Dense(10)(x)(y)", "write '- Dense: 10'"),
        ("- Dense(10) + 3", "write '- Dense: 10'"),
        ("- Conv2D(8, 3, *more)", "* and ** are not supported"),
        ("- 'Lambda(lambda x: x * 2)'", "- Lambda: {output_shape"),
        ("- nn.Conv2d(3, 8, 3)", "did you mean 'Conv2D'?"),
        ("- Conv2D(8, 3, filters=3)", "'filters' is given twice"),
    ],
)
def test_other_python_is_refused_with_the_line_to_write(entry: str, cure: str) -> None:
    assert cure in refusal(f"{IMAGE}  {entry}\n")


def test_nothing_is_run(tmp_path: object) -> None:
    assert "cannot be read" in refusal(f"{IMAGE}  - Dense([print(1)][0])\n")
    assert "expects a whole number" in refusal(f"{IMAGE}  - Dense(len('abc'))\n")


def test_a_text_in_quotes_stays_a_text() -> None:
    assert report('input: [3]\nlayers:\n  - Dense: {units: 2, name: "(3)"}\n').layers[0].name == "(3)"


def test_a_long_text_with_an_open_parenthesis_ends() -> None:
    assert refusal(f"input: [3]\nlayers: [{{Dense: [(1, {', '.join(['1'] * 5000)}]}}]\n")


def test_a_spec_without_python_does_not_import_the_parser() -> None:
    code = "import sys; from convcalc.read import load; load('specs/resnet8.yaml')"
    code += "; sys.exit('convcalc.read.spec.python_syntax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
