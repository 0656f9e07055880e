"""Tests the input shape of a Sequential: given, known from the first layer, or unknown."""

from __future__ import annotations

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program


def report(code: str) -> Report:
    return infer(read_program(f"import keras\nfrom keras import layers\n{code}", "model.py"))


def shapes(result: Report) -> list[str]:
    return [shape_text(row.output_shapes[0]) for row in result.layers]


def test_sequences_are_the_input_of_an_embedding() -> None:
    result = report("model = keras.Sequential([layers.Embedding(1000, 64), layers.LSTM(32), layers.Dense(1)])")
    assert shapes(result)[-3:] == ["(None, input_length, 64)", "(None, 32)", "(None, 1)"]
    assert result.totals.params == 64_000 + 12_416 + 33
    assert not {"params", "trainable_params"} & set(result.totals.incomplete)


def test_the_length_of_sequences_in_keras_2() -> None:
    result = report(
        "model = keras.Sequential([layers.Embedding(10, 4, input_length=5), layers.Flatten(), layers.Dense(2)])"
    )
    assert result.totals.params == 40 + 42


def test_an_open_input_is_said() -> None:
    result = report("model = keras.Sequential([layers.Dense(3), layers.Dense(2)])")
    assert result.totals.incomplete["params"] == "unknown"
    assert "give it with --input" in result.problems[0].message


def test_layers_that_are_added_one_by_one() -> None:
    result = report("""
model = keras.Sequential()
model.add(layers.Dense(10, input_shape=(4,)))
model.add(layers.Dense(3))
model.pop()
model.add(layers.Dense(2))
""")
    assert shapes(result)[-2:] == ["(None, 10)", "(None, 2)"]
    assert result.totals.params == 50 + 22
