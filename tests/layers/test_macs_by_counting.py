"""Compares MACs with an independent count: loops over positions, kernel elements and channels, on small shapes.

Nothing here uses the arithmetic of the rules. For a convolution, the loops visit each output position, each kernel
position and each channel, and add one each time. Positions in the padding count too, because Keras multiplies zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product as cells
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN, plain
from convcalc.base.problems import Source
from convcalc.layers import CATALOGUE, apply, bind, find, sample_macs
from convcalc.layers.examples import example_spec
from convcalc.layers.registry import Inferred
from convcalc.read.spec.spec import read_spec
from tests.helpers.operations import run

Sizes = Sequence[int]


def infer_layer(name: str, args: dict[str, Any], *shapes: Sizes) -> Inferred:
    kind = find(name)
    assert kind is not None
    bound, refusals = bind(kind, (), args)
    assert not refusals
    return apply(kind, bound, [(UNKNOWN, *shape) for shape in shapes])


def macs_of(name: str, args: dict[str, Any], *shapes: Sizes) -> object:
    return plain(sample_macs(infer_layer(name, args, *shapes)))


def grid(sizes: Sizes) -> Iterator[tuple[int, ...]]:
    """Returns all positions of a space of this shape."""
    return cells(*map(range, sizes))


# Window positions, found by moving a window step by step --------------------------------------------------------------


def starts(size: int, kernel: int, stride: int, dilation: int, padding: str) -> list[int]:
    """Returns the first position of each window along one axis.

    Positions in the padding before the input are below 0.
    """
    reach = (kernel - 1) * dilation
    if padding == "causal":
        return [start - reach for start in range(0, size, stride)]
    if padding == "same":
        count = len(range(0, size, stride))
        missing = max((count - 1) * stride + reach + 1 - size, 0)
        return [number * stride - missing // 2 for number in range(count)]
    return [start for start in range(0, size, stride) if start + reach < size]


def windows(sizes: Sizes, kernel: Sizes, strides: Sizes, dilation: Sizes, padding: str) -> list[tuple[int, ...]]:
    axes = [starts(*each, padding) for each in zip(sizes, kernel, strides, dilation)]
    return list(cells(*axes))


def convolution(sizes: Sizes, channels: int, filters: int, kernel: Sizes, groups: int, **where: Any) -> int:
    count = 0
    for _ in windows(sizes, kernel, **where):
        for number in range(filters):
            group = number // (filters // groups)
            for _ in grid(kernel):
                for channel in range(channels):
                    count += channel // (channels // groups) == group
    return count


def depthwise(sizes: Sizes, channels: int, multiplier: int, kernel: Sizes, **where: Any) -> int:
    count = 0
    for _ in windows(sizes, kernel, **where):
        for _ in grid((channels, multiplier, *kernel)):
            count += 1
    return count


def pointwise(sizes: Sizes, channels: int, filters: int, kernel: Sizes, **where: Any) -> int:
    return sum(1 for _ in windows(sizes, kernel, **where) for _ in grid((channels, filters)))


CONVOLUTIONS = [
    {"strides": strides, "padding": padding, "dilation_rate": dilation}
    for strides, dilation in (((1, 1, 1), (1, 1, 1)), ((2, 1, 3), (1, 1, 1)), ((1, 1, 1), (2, 1, 2)))
    for padding in ("valid", "same")
]


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("settings", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions(rank: int, settings: dict[str, Any], groups: int) -> None:
    sizes, kernel = (7, 5, 6)[:rank], (3, 2, 1)[:rank]
    where = {"strides": settings["strides"][:rank], "dilation": settings["dilation_rate"][:rank]}
    args = {"filters": 4, "kernel_size": kernel, "strides": where["strides"], "dilation_rate": where["dilation"]}
    args |= {"padding": settings["padding"], "groups": groups}
    expected = convolution(sizes, 2, 4, kernel, groups, **where, padding=settings["padding"])
    assert expected and macs_of(f"Conv{rank}D", args, (*sizes, 2)) == expected
    turned = {**args, "data_format": "channels_first"}
    assert macs_of(f"Conv{rank}D", turned, (2, *sizes)) == expected


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 3)])
def test_causal_convolutions(stride: int, dilation: int) -> None:
    args = {"filters": 3, "kernel_size": 3, "strides": stride, "dilation_rate": dilation, "padding": "causal"}
    where: dict[str, Any] = {"strides": (stride,), "dilation": (dilation,), "padding": "causal"}
    assert macs_of("Conv1D", args, (9, 2)) == convolution((9,), 2, 3, (3,), 1, **where)


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("multiplier", [1, 3])
def test_depthwise_and_separable_convolutions(
    rank: int, padding: str, stride: int, dilation: int, multiplier: int
) -> None:
    sizes, kernel = (7, 6)[:rank], (3, 2)[:rank]
    where: dict[str, Any] = {"strides": (stride,) * rank, "dilation": (dilation,) * rank, "padding": padding}
    args = {"kernel_size": kernel, "strides": stride, "padding": padding, "dilation_rate": dilation}
    args["depth_multiplier"] = multiplier
    spread = depthwise(sizes, 2, multiplier, kernel, **where)
    assert macs_of(f"DepthwiseConv{rank}D", args, (*sizes, 2)) == spread
    mixed = pointwise(sizes, 2 * multiplier, 5, kernel, **where)
    assert macs_of(f"SeparableConv{rank}D", {"filters": 5, **args}, (*sizes, 2)) == spread + mixed


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2)])
def test_transposed_convolutions_multiply_at_input_positions(
    rank: int, padding: str, stride: int, dilation: int
) -> None:
    sizes, kernel = (4, 3, 2)[:rank], (3, 2, 2)[:rank]
    args = {"filters": 3, "kernel_size": kernel, "strides": stride, "padding": padding, "dilation_rate": dilation}
    expected = sum(1 for _ in grid(sizes) for _ in grid((*kernel, 2, 3)))
    assert macs_of(f"Conv{rank}DTranspose", args, (*sizes, 2)) == expected


# Dense layers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5)])
def test_dense(shape: tuple[int, ...]) -> None:
    assert macs_of("Dense", {"units": 3}, shape) == sum(1 for _ in grid(shape[:-1]) for _ in grid((shape[-1], 3)))


def einsum(equation: str, *shapes: Sizes) -> int:
    """Returns the number of steps of nested loops over all letters of an einsum equation.

    The equation must not contain ``...``.
    """
    sizes = {
        dim: size for term, shape in zip(equation.split("->")[0].split(","), shapes) for dim, size in zip(term, shape)
    }
    return sum(1 for _ in grid(list(sizes.values())))


@pytest.mark.parametrize(
    ("equation", "same", "shape", "kernel", "output"),
    [
        ("ab,bc->ac", "ab,bc->ac", (4,), (4, 3), (3,)),
        ("abc,cd->abd", "abc,cd->abd", (5, 4), (4, 3), (5, 3)),
        ("...x,xy->...y", "abx,xy->aby", (5, 4), (4, 3), (3,)),
        ("...x,xy->...y", "abcx,xy->abcy", (6, 5, 4), (4, 3), (3,)),
        ("abc,cde->abde", "abc,cde->abde", (5, 4), (4, 2, 3), (5, 2, 3)),
        ("abde,dec->abc", "abde,dec->abc", (5, 2, 3), (2, 3, 4), (5, 4)),
        ("abc,bcd->abd", "abc,bcd->abd", (5, 4), (5, 4, 3), (5, 3)),
        ("ab...,bc->ac...", "abz,bc->acz", (4, 6), (4, 3), (3,)),
    ],
)
def test_einsum_dense(equation: str, same: str, shape: Sizes, kernel: Sizes, output: Any) -> None:
    counted = macs_of("EinsumDense", {"equation": equation, "output_shape": output}, shape)
    assert counted == einsum(same, (1, *shape), kernel)


def test_an_embedding_multiplies_only_in_reverse() -> None:
    args = {"input_dim": 9, "output_dim": 4}
    assert macs_of("Embedding", args, (7,)) == macs_of("ReversibleEmbedding", args, (7,)) == 0
    for tied in (True, False):
        back = {**args, "reverse": True, "tie_weights": tied}
        assert macs_of("ReversibleEmbedding", back, (7, 4)) == sum(1 for _ in grid((7, 4, 9)))


def test_a_low_rank_update_is_multiplied_once() -> None:
    update = sum(1 for _ in grid((5, 2, 3)))
    positions = sum(1 for _ in grid((4, 5, 3)))
    assert macs_of("Dense", {"units": 3, "lora_rank": 2}, (4, 5)) == positions + update


# Recurrent layers -----------------------------------------------------------------------------------------------------


def gates(features: int, units: int, count: int) -> int:
    """Returns the MACs of one time step: each gate of each unit reads all features and the whole state."""
    return sum(1 for _ in grid((count, units)) for _ in range(features + units))


CELLS = {"SimpleRNN": (1, 1), "GRU": (3, 1), "LSTM": (4, 2)}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("sequences", [True, False])
def test_recurrent_layers(name: str, sequences: bool) -> None:
    count, states = CELLS[name]
    step = gates(3, 4, count)
    assert macs_of(f"{name}Cell", {"units": 4}, (3,), *[(4,)] * states) == step
    whole = sum(step for _ in range(6))
    args = {"units": 4, "return_sequences": sequences}
    assert macs_of(name, args, (6, 3)) == whole
    assert macs_of("RNN", {"cell": {f"{name}Cell": 4}}, (6, 3)) == whole
    assert macs_of("Bidirectional", {"layer": {name: args}}, (6, 3)) == 2 * whole
    twice = {"layer": {name: args}}
    assert macs_of("TimeDistributed", twice, (5, 6, 3)) == sum(whole for _ in range(5))


def test_stacked_cells() -> None:
    stack = [{"LSTMCell": 4}, {"GRUCell": 2}, {"SimpleRNNCell": 3}]
    step = gates(5, 4, 4) + gates(4, 2, 3) + gates(2, 3, 1)
    assert macs_of("StackedRNNCells", {"cells": stack}, (5,), (4,), (4,), (2,), (3,)) == step
    assert macs_of("RNN", {"cell": {"StackedRNNCells": {"cells": stack}}}, (6, 5)) == 6 * step


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("padding", "stride"), [("same", 1), ("same", 2), ("valid", 1), ("valid", 2)])
def test_convolutional_recurrent_layers(rank: int, padding: str, stride: int) -> None:
    sizes, kernel = (5, 4, 3)[:rank], (2,) * rank
    args = {"filters": 2, "kernel_size": kernel, "padding": padding, "strides": stride}
    at = {"dilation": (1,) * rank, "strides": (stride,) * rank, "padding": padding}
    step = convolution(sizes, 3, 4 * 2, kernel, 1, **at)
    # The convolution of the state keeps the size of the state: it has stride 1 and padding 'same'.
    state = tuple(len(starts(size, 2, stride, 1, padding)) for size in sizes)
    step += convolution(state, 2, 4 * 2, kernel, 1, dilation=(1,) * rank, strides=(1,) * rank, padding="same")
    assert macs_of(f"ConvLSTM{rank}D", args, (4, *sizes, 3)) == 4 * step


def test_a_layer_applied_at_each_step() -> None:
    assert macs_of("TimeDistributed", {"layer": {"Conv2D": [4, 3]}}, (3, 6, 6, 2)) == 3 * convolution(
        (6, 6), 2, 4, (3, 3), 1, strides=(1, 1), dilation=(1, 1), padding="valid"
    )
    assert macs_of("SpectralNormalization", {"layer": {"Dense": 3}}, (5,)) == 5 * 3
    assert macs_of("Pipeline", {"layers": [{"Dense": 3}, {"Dense": 2}]}, (5,)) == 5 * 3 + 3 * 2


# Attention layers -----------------------------------------------------------------------------------------------------


def projections(positions: int, *sizes: Sizes) -> int:
    return sum(1 for _ in range(positions) for size in sizes for _ in grid(size))


@pytest.mark.parametrize("value_dim", [None, 6])
@pytest.mark.parametrize("gate", [False, True])
@pytest.mark.parametrize("out", [None, 5])
def test_multi_head_attention(value_dim: int | None, gate: bool, out: int | None) -> None:
    heads, size, value_size = 2, 3, value_dim or 3
    args = {"num_heads": heads, "key_dim": size, "value_dim": value_dim, "use_gate": gate, "output_shape": out}
    of_queries = [(8, heads, size), (heads, value_size, out or 8), *[(8, heads, value_size)] * gate]
    expected = projections(4, *of_queries) + projections(7, (9, heads, value_size)) + projections(7, (6, heads, size))
    for _ in grid((heads, 4, 7)):
        expected += size + value_size
    assert macs_of("MultiHeadAttention", args, (4, 8), (7, 9), (7, 6)) == expected


def test_attention_along_some_axes() -> None:
    args = {"num_heads": 2, "key_dim": 3, "attention_axes": 2}
    expected = projections(4 * 5, (8, 2, 3), (8, 2, 3), (8, 2, 3), (2, 3, 8))
    for _ in grid((2, 4, 5, 5)):  # all pairs of positions of axis 2, for each position of axis 1
        expected += 3 + 3
    assert macs_of("MultiHeadAttention", args, (4, 5, 8), (4, 5, 8)) == expected


def test_grouped_query_attention() -> None:
    args = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
    expected = projections(5, (8, 4, 3), (4, 3, 8)) + projections(7, (8, 2, 3), (8, 2, 3))
    for _ in grid((4, 5, 7)):
        expected += 3 + 3
    assert macs_of("GroupQueryAttention", args, (5, 8), (7, 8)) == expected


def test_attention_without_projections() -> None:
    pairs, features, values = list(grid((4, 6))), 5, 3
    dot = sum(features + values for _ in pairs)
    assert macs_of("Attention", {}, (4, 5), (6, 3), (6, 5)) == dot
    # These scores are sums of tanh, without products. So only scores · values count.
    weighed = sum(values for _ in pairs)
    assert macs_of("Attention", {"score_mode": "concat"}, (4, 5), (6, 3), (6, 5)) == weighed
    assert macs_of("AdditiveAttention", {"use_scale": False}, (4, 5), (6, 3), (6, 5)) == weighed
    assert macs_of("AdditiveAttention", {}, (4, 5), (6, 3), (6, 5)) == dot


# Layers and operations that multiply without weights ------------------------------------------------------------------


def test_dot() -> None:
    assert macs_of("Dot", {"axes": 1}, (5,), (5,)) == sum(1 for _ in range(5))
    assert macs_of("Dot", {"axes": (2, 1)}, (4, 5), (5, 3)) == sum(1 for _ in grid((4, 3, 5)))
    assert macs_of("Dot", {"axes": -1}, (4, 5), (3, 5)) == sum(1 for _ in grid((4, 3, 5)))


def test_short_time_fourier_transform() -> None:
    result = infer_layer("STFTSpectrogram", {"frame_length": 8, "frame_step": 3, "fft_length": 16}, (50, 2))
    frames = len(starts(50, 8, 3, 1, "valid"))
    assert sample_macs(result) == sum(1 for _ in grid((2, frames, 8, 16 // 2 + 1, 2)))


def of_operation(name: str, *shapes: Any, module: str = "numpy", **made: Any) -> object:
    return plain(sample_macs(run(name, *shapes, module=module, **made)))


@pytest.mark.parametrize(
    ("name", "shapes", "made", "loops"),
    [
        ("Matmul", [(4, 5), (5, 3)], {}, (4, 3, 5)),
        ("Matmul", [(2, 1, 4, 5), (6, 5, 3)], {}, (2, 6, 4, 3, 5)),
        ("Matmul", [(5,), (5,)], {}, (5,)),
        ("Matmul", [(2, 4, 5), (5,)], {}, (2, 4, 5)),
        ("Dot", [(4, 5), (2, 5, 3)], {}, (4, 2, 3, 5)),
        ("Inner", [(4, 5), (3, 5)], {}, (4, 3, 5)),
        ("Vdot", [(4, 5), (4, 5)], {}, (4, 5)),
        ("Outer", [(2, 3), (4,)], {}, (2, 3, 4)),
        ("Kron", [(2, 3), (4, 5)], {}, (2, 3, 4, 5)),
        ("Tensordot", [(2, 3, 4), (4, 3, 5)], {"axes": [[1, 2], [1, 0]]}, (2, 5, 3, 4)),
        ("Tensordot", [(2, 3, 4), (3, 4, 5)], {"axes": 2}, (2, 5, 3, 4)),
        ("Einsum", [(2, 3, 4), (4, 5)], {"subscripts": "abc,cd->abd"}, (2, 3, 5, 4)),
        ("Einsum", [(2, 3, 4), (2, 4, 5)], {"subscripts": "...ab,...bc->...ac"}, (2, 3, 5, 4)),
        ("Einsum", [(2, 3), (2, 3)], {"subscripts": "ab,ab->"}, (2, 3)),
        ("CDist", [(4, 3), (5, 3)], {"module": "math"}, (4, 5, 3)),
        ("Average", [(4, 5), (5,)], {"axis": 1}, (4, 5)),
        ("Cross", [(4, 3), (4, 3)], {}, (4, 3, 2)),
        ("GaussianBlur", [(2, 6, 5, 3)], {"kernel_size": (3, 5), "module": "image"}, (2, 6, 5, 3, 3, 5)),
        ("SobelEdges", [(2, 6, 5, 3)], {"module": "image"}, (2, 6, 5, 3, 2, 3, 3)),
        ("RGBToGrayscale", [(2, 6, 5, 3)], {"module": "image"}, (2, 6, 5, 3)),
    ],
    ids=lambda value: str(value),
)
def test_operations_that_multiply(name: str, shapes: Any, made: dict[str, Any], loops: Sizes) -> None:
    assert of_operation(name, *shapes, **made) == sum(1 for _ in grid(loops))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_operations_that_convolve(padding: str) -> None:
    made: dict[str, Any] = {"strides": 2, "padding": padding, "module": "nn"}
    where: dict[str, Any] = {"strides": (2, 2), "dilation": (1, 1), "padding": padding}
    plain_conv = 2 * convolution((7, 6), 3, 4, (3, 2), 1, **where)
    assert of_operation("Conv", (2, 7, 6, 3), (3, 2, 3, 4), **made) == plain_conv
    spread = 2 * depthwise((7, 6), 3, 2, (3, 2), **where)
    assert of_operation("DepthwiseConv", (2, 7, 6, 3), (3, 2, 3, 2), **made) == spread
    mixed = 2 * pointwise((7, 6), 6, 4, (3, 2), **where)
    assert of_operation("SeparableConv", (2, 7, 6, 3), (3, 2, 3, 2), (1, 1, 6, 4), **made) == spread + mixed
    expected = sum(1 for _ in grid((2, 7, 6)) for _ in grid((3, 2, 4, 3)))
    assert of_operation("ConvTranspose", (2, 7, 6, 3), (3, 2, 4, 3), **made) == expected


def test_the_operation_of_attention() -> None:
    # the sizes of batch, heads, queries and keys; each key and value has 3 numbers
    expected = sum(2 * 3 for _ in grid((2, 4, 5, 6)))
    assert of_operation("DotProductAttention", (2, 5, 4, 3), (2, 6, 4, 3), (2, 6, 4, 3), module="nn") == expected


def test_correlation() -> None:
    for mode in ("valid", "same", "full"):
        result = run("Correlate", (7,), (3,), mode=mode)
        size = plain(result.outputs[0][0])
        assert sample_macs(result) == sum(1 for _ in grid((size, 3)))


# Every layer with weights has MACs ------------------------------------------------------------------------------------

# Layers with weights, but no MACs: tables, factors of single values, or statistics.
_NO_SUMS = {
    "BatchNormalization",
    "Embedding",
    "GroupNormalization",
    "LayerNormalization",
    "LayerScale",
    "Normalization",
    "PReLU",
    "RMSNormalization",
    "ReversibleEmbedding",
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_layer_with_weights_has_macs_or_is_listed(name: str) -> None:
    kind = CATALOGUE[name]
    for row in infer(read_spec(Source("example", example_spec(kind)))).layers[-1:]:
        silent = row.params is not UNKNOWN and row.params != 0 and row.macs == 0
        assert silent == (name in _NO_SUMS)
