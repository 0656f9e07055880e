"""Tests masks. If a layer uses a mask, Keras adds operations for the mask to a functional model.

The expected rows are from summaries of Keras 3.15. tests/live compares many random models with Keras.
"""

from typing import Any

from convcalc import infer
from convcalc.base.problems import Source
from convcalc.read.spec.spec import read_spec


def rows(text: str) -> list[tuple[Any, ...]]:
    """Returns the name, class, output shape without the batch axis, and input layers of each layer."""
    report = infer(read_spec(Source("spec.yaml", text)))
    return [
        (
            row.name,
            row.class_name,
            (row.output_shapes[0] or ())[1:],
            [s.partition("[")[0] for c in row.calls for s in c.inputs],
        )
        for row in report.layers
    ]


WORDS = """
input: {shape: [5], dtype: int32}
layers:
  - Embedding: {input_dim: 9, output_dim: 4, mask_zero: true}
"""


def test_a_mask_is_a_row_where_a_layer_uses_it() -> None:
    result = rows(
        WORDS
        + """
  - LSTM: {units: 3, return_sequences: true, as: steps}
  - Dense: {units: 2, as: wide}
  - Concatenate: {from: [wide, embedding]}
  - LSTM: 2
"""
    )
    assert result == [
        ("input_layer", "InputLayer", (5,), []),
        ("embedding", "Embedding", (5, 4), ["input_layer"]),
        ("not_equal", "NotEqual", (5,), ["input_layer"]),
        ("lstm", "LSTM", (5, 3), ["embedding", "not_equal"]),
        ("dense", "Dense", (5, 2), ["lstm"]),
        ("expand_dims", "ExpandDims", (5, 1), ["not_equal"]),
        ("zeros_like", "ZerosLike", (5, 2), ["dense"]),
        ("expand_dims_1", "ExpandDims", (5, 1), ["not_equal"]),
        ("zeros_like_1", "ZerosLike", (5, 4), ["embedding"]),
        ("logical_or", "LogicalOr", (5, 2), ["expand_dims", "zeros_like"]),
        ("logical_or_1", "LogicalOr", (5, 4), ["expand_dims_1", "zeros_like_1"]),
        ("concatenate_1", "Concatenate", (5, 6), ["logical_or", "logical_or_1"]),
        ("concatenate", "Concatenate", (5, 6), ["dense", "embedding"]),
        ("any", "Any", (5,), ["concatenate_1"]),
        ("lstm_1", "LSTM", (2,), ["concatenate", "any"]),
    ]


def test_layers_that_use_masks() -> None:
    for entry in ("GlobalAveragePooling1D: {from: embedding}", "BatchNormalization: {from: embedding}"):
        result = rows(WORDS + f"  - {entry}\n  - Identity\n  - Add: {{from: [identity, identity]}}\n")
        assert result[3][3] == ["embedding", "not_equal"], entry


def test_layers_without_autocast_add_no_cast() -> None:
    for entry, name in (
        ("LayerNormalization", "cast"),
        ("GroupNormalization", "cast"),
        ("UnitNormalization", "cast_1"),
    ):
        groups = ", groups: 2" if entry == "GroupNormalization" else ""
        result = rows(
            WORDS
            + f"  - {entry}: {{dtype: float16, as: kept, from: embedding{groups}}}\n"
            + "  - Masking: {dtype: float16, from: embedding}\n  - LSTM: {units: 2, dtype: float16}\n"
            + "outputs: [kept, lstm]\n"
        )
        assert [row[0] for row in result if row[1] == "Cast"] == [name], entry


def test_a_sequential_shows_no_masks() -> None:
    assert [row[0] for row in rows(WORDS + "  - LSTM: 2\n")] == ["embedding", "lstm"]


def test_a_mask_that_no_layer_uses_has_no_row() -> None:
    result = rows(WORDS + "  - Dense: {units: 3, from: embedding}\n")
    assert [row[0] for row in result] == ["input_layer", "embedding", "dense"]


def test_a_layer_with_another_dtype_casts_and_loses_the_mask() -> None:
    result = rows(WORDS + "  - LSTM: {units: 2, dtype: float16, from: embedding}\n")
    assert [row[0] for row in result] == ["input_layer", "embedding", "lstm"]
    result = rows(WORDS + "  - Masking: {dtype: float16, from: embedding}\n  - LSTM: {units: 2, dtype: float16}\n")
    assert ("cast", "Cast", (5, 4), ["embedding"]) in result
    assert ("not_equal_1", "NotEqual", (5, 4), ["cast"]) in result


def test_masks_that_cannot_be_combined_are_refused() -> None:
    """Keras raises an error at the layer that combines these masks."""
    from pytest import raises

    from convcalc.base.problems import ConvcalcError

    text = """
inputs: {a: [5, 4], b: [1, 4]}
layers:
  - Masking: {from: a, as: x}
  - Masking: {from: b, as: y}
  - Concatenate: {from: [x, y], axis: 1}
  - LSTM: 2
"""
    assert rows(text)[-1][0] == "lstm"
    with raises(ConvcalcError, match="shapes-differ"):
        rows(text.replace("[1, 4]", "[3, 5]").replace("axis: 1", "axis: 2"))


def test_an_embedding_does_not_cast_its_input() -> None:
    """The mask is computed from the words. The words are not cast to float16."""
    result = rows(
        """
inputs: {words: [5]}
layers:
  - Embedding: {input_dim: 9, output_dim: 4, mask_zero: true, dtype: float16, as: vectors}
  - LSTM: {units: 3, return_sequences: true, as: steps}
  - Concatenate: {from: [steps, vectors]}
  - LSTM: 2
"""
    )
    assert ("not_equal", "NotEqual", (5,), ["words"]) in result
