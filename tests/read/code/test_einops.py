"""Tests einops in custom layers. einops 0.8 with Keras 3.15.1 gave the shapes."""

from __future__ import annotations

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.numbers import shape_text
from convcalc.read.code.file import read_program

LAYER = """
import einops, keras
import tensorflow as tf
class Parts(keras.layers.Layer):
    def call(self, x):
        return {call}
inputs = keras.Input({shape})
model = keras.Model(inputs, keras.layers.Dense(2)(Parts()(inputs)))
"""


def report(shape: str, call: str) -> Report:
    return infer(read_program(LAYER.format(shape=shape, call=call), "model.py", target="model"))


@pytest.mark.parametrize(
    ("shape", "call", "output"),
    [
        ("(8, 12, 3)", "einops.rearrange(x, 'b (h p) (w q) c -> b (h w) (p q c)', p=4, q=4)", "(None, 6, 48)"),
        ("(8, 12, 3)", "einops.rearrange(x, 'b h w c -> b c h w')", "(None, 3, 8, 12)"),
        ("(8, 12, 3)", "einops.rearrange(x, 'b h w c -> (b h) w c')", "(None, 12, 3)"),
        (
            "(8, 12, 3)",
            "einops.rearrange(einops.rearrange(x, 'b h w c -> (b h) w c'), '(b h) w c -> b h w c', h=8)",
            "(None, 8, 12, 3)",
        ),
        ("(8, 12, 3)", "einops.rearrange(x, 'b h w c -> b 1 h (w c)')", "(None, 1, 8, 36)"),
        ("(8, 12, 3)", "einops.reduce(x, 'b h w c -> b c', 'mean')", "(None, 3)"),
        ("(8, 12, 3)", "einops.reduce(x, 'b (h p) (w q) c -> b h w c', 'max', p=2, q=3)", "(None, 4, 4, 3)"),
        ("(8, 12, 3)", "einops.reduce(x, 'b h w c -> b () () c', reduction='sum')", "(None, 1, 1, 3)"),
        (
            "(16,)",
            "einops.rearrange(x, 'b (n d) -> b n d', **einops.parse_shape(tf.zeros((4, 4)), 'n _'))",
            "(None, 4, 4)",
        ),
        ("(None, 6)", "einops.rearrange(x, 'b t (h d) -> b h t d', h=2)", "(None, 2, None, 3)"),
    ],
)
def test_shapes(shape: str, call: str, output: str) -> None:
    assert shape_text(report(shape, call).layers[1].output_shapes[0]) == output


@pytest.mark.parametrize(
    "call",
    [
        "einops.rearrange(x, '... c -> c ...')",
        "einops.rearrange(x, 'b (h p) w c -> b h w c')",
        "einops.rearrange(x, 'b (h p) w c -> b h p w c', p=5)",
        "einops.rearrange(x, 'b h w -> b w h')",
    ],
)
def test_other_patterns_are_unknown(call: str) -> None:
    result = report("(8, 12, 3)", call)
    assert "params" in result.totals.incomplete
    assert any("`einops.rearrange` is not supported" in problem.message for problem in result.problems)
