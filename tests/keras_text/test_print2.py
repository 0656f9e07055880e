"""Tests summaries in the format of Keras 2, for cases that no golden file contains. tests/live compares such summaries
with Keras 2.
"""

from __future__ import annotations

import json

import pytest

from convcalc import ConvcalcError, infer, render
from convcalc.cli.summary import column_end
from convcalc.keras_text.options import Options
from convcalc.keras_text.print2 import keras2_text
from convcalc.read import read

CHAIN = """
input: [8, 8, 3]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, name: conv}
  - Flatten: {name: flat}
  - Dense: {units: 1000, name: dense}
"""


def text(spec: str, **options: object) -> str:
    return keras2_text(infer(read(spec.encode(), "spec")), Options(**options))  # type: ignore[arg-type]


def test_a_chain_has_three_columns_and_sizes_in_units_of_1024() -> None:
    lines = text(CHAIN).splitlines()
    assert lines[1] == "_" * 65
    assert lines[2] == " Layer (type)                Output Shape              Param #   "
    assert " conv (Conv2D)               (None, 6, 6, 4)           112       " in lines
    assert lines[-4:-1] == [
        "Total params: 145112 (566.84 KB)",
        "Trainable params: 145112 (566.84 KB)",
        "Non-trainable params: 0 (0.00 Byte)",
    ]


def test_keras2_is_a_format_of_render() -> None:
    report = infer(read(CHAIN.encode(), "spec"))
    assert render(report, "keras2") == keras2_text(report)


def test_positions_above_one_are_columns() -> None:
    assert text(CHAIN, positions=[20, 40, 60], line_length=60) == text(
        CHAIN, positions=[1 / 3 + 1e-9, 2 / 3 + 1e-9, 1.0], line_length=60
    )


def test_a_layer_called_on_several_shapes_prints_multiple() -> None:
    lines = text(
        """
inputs: {a: [6, 3], b: [5, 3]}
layers:
  - Dense: {units: 4, name: dense, from: a}
  - GlobalMaxPooling1D: {name: one}
  - {call: dense, from: b}
  - GlobalMaxPooling1D: {name: two}
  - Add: {from: [one, two], name: add}
"""
    ).splitlines()
    assert any(line.startswith(" dense (Dense)               multiple ") for line in lines)
    assert lines[1] == "_" * 98


def test_masks_have_no_rows() -> None:
    """Keras 3 shows a row for each operation that computes a mask; Keras 2 does not.

    Without these rows the model is a chain, so the table has no column "Connected to".
    """
    result = text(
        """
input: [7]
layers:
  - Embedding: {input_dim: 50, output_dim: 8, mask_zero: true, name: embedding}
  - LSTM: {units: 4, name: lstm}
"""
    )
    assert "not_equal" not in result
    assert "Connected to" not in result


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"line_length": 5}, "Keras cannot print its summary in lines of 5 characters: use a larger --line-length"),
        ({"positions": [0.5, 1.0]}, "--positions needs 3 numbers, one for each column, not 2"),
        ({"positions": [0.5, 0.5, 1.0]}, "Keras cannot print its summary in lines of 65 characters"),
        ({"layer_range": ("conv", "nowhere")}, "--layer-range: no layer's name matches 'nowhere'"),
        ({"layer_range": ("(", "conv")}, "--layer-range expects names or regular expressions"),
    ],
)
def test_what_keras_cannot_print_is_refused(options: dict[str, object], message: str) -> None:
    """A column without room for a single character must be refused, because Keras 2 would run in an endless loop."""
    with pytest.raises(ConvcalcError, match=message.replace("(", r"\(")):
        text(CHAIN, **options)


def test_a_model_with_an_unknown_input_has_no_summary() -> None:
    dense = {"class_name": "Dense", "config": {"name": "dense", "units": 2}}
    config = {"class_name": "Sequential", "config": {"name": "model", "layers": [dense]}}
    with pytest.raises(ConvcalcError, match="add an input layer"):
        keras2_text(infer(read(json.dumps(config).encode(), "config")))


@pytest.mark.parametrize("value", ["nan,1,1", "0.3,0.6,1e300", "0.3,-1,1", "a,b,c"])
def test_positions_must_fit_a_line(value: str) -> None:
    with pytest.raises(ConvcalcError, match="--positions expects numbers"):
        [column_end(each) for each in value.split(",")]
