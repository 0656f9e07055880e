"""The vocabulary of StringLookup, IntegerLookup and TextVectorization. The numbers are those of Keras 3.15.1."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

HEADER = """
import numpy as np
import tensorflow as tf
import keras
from keras import layers
"""


def report(code: str, settings: dict[str, int] | None = None) -> Report:
    return infer(read_program(HEADER + code, "model.py", target="model", settings=settings))


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (
            """
lookup = layers.StringLookup(vocabulary=["a", "b", "c"], mask_token=None)
model = keras.Sequential([keras.Input((3,)), layers.Embedding(len(lookup.get_vocabulary()), 5), layers.Dense(2)])
""",
            32,
        ),
        (
            """
lookup = layers.StringLookup(output_mode="one_hot")
lookup.adapt(np.array([["x"], ["y"], ["x"]]))
model = keras.Sequential([keras.Input((1,), dtype="string"), lookup, layers.Dense(2)])
""",
            8,
        ),
        (
            """
lookup = layers.IntegerLookup(vocabulary=[1, 4, 7, 99], output_mode="multi_hot")
model = keras.Sequential([keras.Input((4,), dtype="int64"), lookup, layers.Dense(lookup.vocabulary_size())])
""",
            30,
        ),
        (
            """
text = layers.TextVectorization()
text.adapt(["The cat, sat.", "the dog"])
model = keras.Sequential([keras.Input((1,), dtype="string"), text, layers.Embedding(text.vocabulary_size(), 4),
    layers.GlobalAveragePooling1D(), layers.Dense(1)])
""",
            29,
        ),
    ],
)
def test_known_vocabularies(code: str, params: int) -> None:
    assert report(code).totals.params == params


UNKNOWN = """
def plain(text):
    return tf.strings.lower(text)
text = layers.TextVectorization(standardize=plain, output_mode="multi_hot")
text.adapt(load())
model = keras.Sequential([text, layers.Dense(4)])
model(tf.constant(["a b", "c"]))
"""


def test_an_unknown_vocabulary_is_a_named_size() -> None:
    result = report(UNKNOWN)
    assert shape_text(result.output_shapes[0]) == "(2, 4)" or result.output_shapes[0][-1] == 4
    assert result.totals.incomplete["params"] == "unknown"
    (problem,) = result.problems
    assert "`text_vectorization.vocabulary_size`, which is unknown" in problem.message
    assert "give it with --set text_vectorization.vocabulary_size=…" in problem.message


def test_the_user_gives_the_size_of_a_vocabulary() -> None:
    assert report(UNKNOWN, {"text_vectorization.vocabulary_size": 20}).totals.params == 84


@pytest.mark.parametrize("layer", ["StringLookup", "IntegerLookup"])
def test_a_vocabulary_of_unknown_words_has_a_size_with_a_name(layer: str) -> None:
    code = f"""
import keras, numpy as np, pandas as pd
words = np.unique(pd.read_csv("a.csv")["word"])
inputs = keras.Input((1,), dtype="string")
lookup = keras.layers.{layer}(vocabulary=words, name="lookup")
x = keras.layers.CategoryEncoding(num_tokens=lookup.vocabulary_size())(lookup(inputs))
model = keras.Model(inputs, keras.layers.Dense(3)(x))
"""
    unknown = infer(read_program(code, "words.py", target="model"))
    assert "`lookup.vocabulary_size`, which is unknown" in unknown.problems[0].message
    known = infer(read_program(code, "words.py", target="model", settings={"lookup.vocabulary_size": 9}))
    assert known.totals.params == 30
