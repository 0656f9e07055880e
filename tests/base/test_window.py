"""Tests windows along one axis: a table of cases with their sources, and comparisons with a brute-force computation."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcalc.base.numbers import UNKNOWN, Number, Traced, plain
from convcalc.base.problems import Refusal
from convcalc.base.window import Window, pad_before_range, slide, slide_ceil, slide_transposed

KERAS = "Keras 3.15.1, run"
GUIDE = "Dumoulin & Visin 2016"

# Each row: the arguments of slide(size, kernel, stride, dilation, padding), the output size, the padding before and
# after, and the number of unread positions.
SLIDE: list[tuple[tuple[Any, ...], int, tuple[int, int], int, str]] = [
    ((6, 3, 2, 1, "same"), 3, (0, 1), 0, KERAS),
    ((6, 3, 2, 1, "valid"), 2, (0, 0), 1, KERAS),
    ((6, 3, 2, 1, (1, 0)), 3, (1, 0), 0, f"{KERAS}, after ZeroPadding ((1, 0), (1, 0))"),
    ((7, 3, 2, 1, "same"), 4, (1, 1), 0, KERAS),
    ((224, 7, 2, 1, "same"), 112, (2, 3), 0, KERAS),
    ((6, 4, 1, 1, "same"), 6, (1, 2), 0, KERAS),
    ((5, 2, 1, 1, "same"), 5, (0, 1), 0, KERAS),
    ((7, 1, 2, 1, "same"), 4, (0, 0), 0, KERAS),
    ((32, 3, 1, 4, "valid"), 24, (0, 0), 0, KERAS),
    ((50, 3, 1, 2, "causal"), 50, (4, 0), 0, KERAS),
    ((7, 2, 2, 1, "valid"), 3, (0, 0), 1, f"{KERAS}, pooling"),
    ((7, 2, 2, 1, "same"), 4, (0, 1), 0, f"{KERAS}, pooling"),
    ((112, 3, 2, 1, "valid"), 55, (0, 0), 1, f"{KERAS}, pooling"),
    ((112, 3, 2, 1, "same"), 56, (0, 1), 0, f"{KERAS}, pooling"),
    ((112, 3, 2, 1, (1, 1)), 56, (1, 1), 0, "PyTorch, MaxPool2d(3, 2, padding=1)"),
    ((4, 3, 1, 1, "valid"), 2, (0, 0), 0, f"{GUIDE}, relation 1"),
    ((5, 4, 1, 1, (2, 2)), 6, (2, 2), 0, f"{GUIDE}, relation 2"),
    ((5, 3, 1, 1, (1, 1)), 5, (1, 1), 0, f"{GUIDE}, relation 3, half padding"),
    ((5, 3, 1, 1, (2, 2)), 7, (2, 2), 0, f"{GUIDE}, relation 4, full padding"),
    ((5, 3, 2, 1, "valid"), 2, (0, 0), 0, f"{GUIDE}, relation 5"),
    ((5, 3, 2, 1, (1, 1)), 3, (1, 1), 0, f"{GUIDE}, relation 6"),
    ((6, 3, 2, 1, (1, 1)), 3, (1, 1), 0, f"{GUIDE}, relation 6: the last padding cell is not read"),
    ((7, 3, 1, 2, "valid"), 3, (0, 0), 0, f"{GUIDE}, relation 15, dilated"),
]

# Each row: the arguments of slide_ceil(size, kernel, stride, dilation, padding), and the output size.
CEIL: list[tuple[tuple[Any, ...], int, str]] = [
    ((112, 3, 2, 1, (1, 1)), 57, "Caffe, and PyTorch with ceil_mode"),
    ((112, 3, 2, 1, (0, 0)), 56, "PyTorch, ceil_mode"),
    ((32, 1, 2, 1, (0, 0)), 16, "PyTorch, ceil_mode: the last window would start behind the input"),
    ((6, 2, 2, 1, (1, 1)), 4, "PyTorch, ceil_mode: nothing to round"),
]

# Each row: the arguments of slide_transposed(size, kernel, stride, dilation, padding, output_padding), and the output
# size.
TRANSPOSED: list[tuple[tuple[Any, ...], int, str]] = [
    ((4, 3, 2, 1, "same", None), 8, KERAS),
    ((4, 3, 2, 1, "valid", None), 9, KERAS),
    ((4, 2, 3, 1, "valid", None), 12, KERAS),
    ((4, 3, 2, 1, "same", 0), 7, KERAS),
    ((4, 3, 2, 1, "same", 1), 8, KERAS),
    ((4, 4, 2, 1, "same", 0), 6, KERAS),
    ((4, 3, 2, 1, "valid", 1), 10, "Keras's rule: (n − 1)·s + K + output_padding"),
    ((4, 3, 2, 1, (1, 1), 1), 8, "PyTorch documentation, ConvTranspose2d"),
    ((4, 3, 1, 2, (0, 0), None), 8, "PyTorch documentation, ConvTranspose2d, dilated"),
    ((2, 3, 1, 1, (0, 0), None), 4, f"{GUIDE}, relation 8"),
    ((6, 4, 1, 1, (2, 2), None), 5, f"{GUIDE}, relation 9"),
    ((5, 3, 1, 1, (1, 1), None), 5, f"{GUIDE}, relation 10"),
    ((7, 3, 1, 1, (2, 2), None), 5, f"{GUIDE}, relation 11"),
    ((2, 3, 2, 1, (0, 0), None), 5, f"{GUIDE}, relation 12"),
    ((3, 3, 2, 1, (1, 1), None), 5, f"{GUIDE}, relation 13"),
    ((3, 3, 2, 1, (1, 1), 1), 6, f"{GUIDE}, relation 14: a = (6 + 2·1 − 3) mod 2 = 1"),
]


def ids(rows: list[Any]) -> list[str]:
    return [" ".join(map(str, row[0])) for row in rows]


@pytest.mark.parametrize(("arguments", "output", "padding", "unread", "source"), SLIDE, ids=ids(SLIDE))
def test_windows_have_their_published_sizes(
    arguments: tuple[Any, ...], output: int, padding: tuple[int, int], unread: int, source: str
) -> None:
    window = slide(*arguments)
    assert (window.output, (window.pad_before, window.pad_after), window.unread) == (output, padding, unread), source


@pytest.mark.parametrize(("arguments", "output", "source"), CEIL, ids=ids(CEIL))
def test_windows_rounded_up_have_their_published_sizes(arguments: tuple[Any, ...], output: int, source: str) -> None:
    assert slide_ceil(*arguments).output == output, source


@pytest.mark.parametrize(("arguments", "output", "source"), TRANSPOSED, ids=ids(TRANSPOSED))
def test_transposed_windows_have_their_published_sizes(arguments: tuple[Any, ...], output: int, source: str) -> None:
    assert slide_transposed(*arguments).output == output, source


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize("slider", [slide, slide_ceil])
def test_a_window_longer_than_its_axis_is_refused(slider: Any, stride: int) -> None:
    with pytest.raises(Refusal, match="but an input of 2"):
        slider(2, 3 + stride, stride, 1, (0, 0))


def test_stride_and_dilation_default_to_one() -> None:
    assert slide(10, 3) == slide(10, 3, 1, 1, "valid")
    assert slide_transposed(4, 3) == slide_transposed(4, 3, 1, 1, "valid")
    assert slide(10, 3).output == 8 and slide_transposed(4, 3).output == 6


@pytest.mark.parametrize(
    ("padding", "words"),
    [((0, 0), "2"), ((0, 1), r"2 \+ 1 of padding"), ((1, 0), r"2 \+ 1 of padding"), ((1, 2), r"2 \+ 3 of padding")],
)
def test_a_refusal_mentions_the_padding(padding: tuple[int, int], words: str) -> None:
    with pytest.raises(Refusal, match=f"has a kernel of 9, but an input of {words}; use"):
        slide(2, 9, 1, 1, padding)


@pytest.mark.parametrize("output_padding", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_transposed_window_begins_where_it_does_in_keras(padding: str, output_padding: int | None) -> None:
    """The test computes the left padding as Keras 3.15.1 does for JAX (backend/common/backend_utils.py).

    Keras first inserts zeros between the input positions, then pads both ends.
    """
    for kernel, stride, dilation in product(range(1, 7), range(1, 6), (1, 2)):
        if output_padding is not None and output_padding >= stride:
            continue
        span = (kernel - 1) * dilation + 1
        in_all = stride + span - 2 if output_padding is None else span + span % 2 - 2 + output_padding
        left = span - 1 if padding == "valid" else min(in_all // 2 + in_all % 2, span - 1)
        window = slide_transposed(9, kernel, stride, dilation, padding, output_padding)  # type: ignore[arg-type]
        assert window.pad_before == span - 1 - left
        assert window.pad_before + window.output + window.pad_after == 8 * stride + span
        assert window.unread == 0


@pytest.mark.parametrize("output_padding", [None, 0, 1, 2])
def test_cropped_and_kept_positions_of_a_transposed_window_add_up(output_padding: int | None) -> None:
    window = slide_transposed(9, 3, 4, 2, (1, 2), output_padding)
    assert (window.pad_before, window.output) == (1, 34 + (output_padding or 0))
    assert window.pad_before + window.output + window.pad_after == 8 * 4 + 5


def test_an_output_of_zero_is_allowed_where_keras_allows_it() -> None:
    assert slide_transposed(1, 2, 3, 1, "same", 0).output == 0
    with pytest.raises(Refusal, match="an output of size 0"):
        slide_transposed(1, 2, 3, 1, (1, 1))


def test_same_padding_of_an_unknown_size_has_two_bounds() -> None:
    for kernel, stride, dilation in product(range(1, 8), range(1, 5), (1, 2)):
        known = [slide(size, kernel, stride, dilation, "same").pad_before for size in range(1, 60)]
        # The range is valid only for inputs larger than the kernel, so small sizes are left out.
        as_constant = known[-stride * 6 :]
        result = pad_before_range(slide(UNKNOWN, kernel, stride, dilation, "same"))
        assert result == (min(as_constant), max(as_constant))  # type: ignore[type-var]
    assert pad_before_range(slide(9, 3, 1, 1, (2, 1))) == (2, 2)


def test_the_unrounded_output_is_exact() -> None:
    assert float(slide(6, 3, 2).unrounded or 0) == 2.5
    assert float(slide(6, 3, 2, 1, "same").unrounded or 0) == 3.0
    assert slide(UNKNOWN, 3, 2).unrounded is None
    assert slide_transposed(4, 3, 2).unrounded == 9
    assert slide_transposed(UNKNOWN, 3, 2).unrounded is None


SIZES = st.integers(1, 30)
SMALL = st.integers(1, 7)
CELLS = st.integers(0, 6)
WORDS = st.sampled_from(["valid", "same", "causal"])
PADDINGS = st.one_of(WORDS, st.tuples(CELLS, CELLS))


def slid(*arguments: Any) -> Window | None:
    """Returns the window, or None if the kernel does not fit the input."""
    try:
        return slide(*arguments)
    except Refusal:
        return None


def touched(window: Window) -> list[set[int]]:
    """Returns the positions that each window reads, computed by brute force. The first input position is 0."""
    size, kernel, stride, dilation, before, after = (int(number) for number in window.sizes[:6])  # type: ignore[call-overload]
    taps = range(0, kernel * dilation, dilation)
    starts = range(-before, size + after, stride)
    return [{start + tap for tap in taps} for start in starts if start + taps[-1] < size + after]


@settings(max_examples=200)
@given(SIZES, SMALL, SMALL, SMALL, PADDINGS)
def test_the_output_counts_the_windows_that_fit(
    size: int, kernel: int, stride: int, dilation: int, padding: Any
) -> None:
    window = slid(size, kernel, stride, dilation, padding)
    if window is None:
        assert size + (sum(padding) if isinstance(padding, tuple) else 0) < dilation * (kernel - 1) + 1
        return
    windows = touched(window)
    assert window.output == len(windows)
    assert window.unread == max(0, size - 1 - max(windows[-1]))


@settings(max_examples=200)
@given(SIZES, SMALL, SMALL, SMALL)
def test_same_padding_is_only_as_large_as_the_windows_need(size: int, kernel: int, stride: int, dilation: int) -> None:
    window = slide(size, kernel, stride, dilation, "same")
    before, after, output = (int(number) for number in (window.pad_before, window.pad_after, window.output))  # type: ignore[call-overload]
    assert output == -(-size // stride)
    assert after - before in (0, 1)
    if before + after:
        assert before + size + after == (output - 1) * stride + dilation * (kernel - 1) + 1
    assert slide(size, kernel, stride, dilation, (before, after)).output == output


@settings(max_examples=200)
@given(SIZES, SMALL, SMALL, SMALL, st.tuples(CELLS, CELLS))
def test_rounding_up_adds_at_most_one_window(
    size: int, kernel: int, stride: int, dilation: int, padding: tuple[int, int]
) -> None:
    window = slid(size, kernel, stride, dilation, padding)
    if window is None:
        return
    last = int(window.output) * stride  # type: ignore[call-overload]
    leftover = window.unrounded != window.output
    more = leftover and last < size + padding[0]
    dropped = not leftover and last - stride >= size + padding[0]
    assert slide_ceil(size, kernel, stride, dilation, padding).output == int(window.output) + more - dropped  # type: ignore[call-overload]


@settings(max_examples=200)
@given(SIZES, SMALL, SMALL, SMALL, st.sampled_from(["same", "valid"]), st.none() | CELLS)
def test_a_transposed_window_crops_the_spread_positions(
    size: int, kernel: int, stride: int, dilation: int, padding: str, output_padding: int | None
) -> None:
    if output_padding is not None and output_padding >= stride:
        return
    window = slide_transposed(size, kernel, stride, dilation, padding, output_padding)
    before, after, output = (int(number) for number in (window.pad_before, window.pad_after, window.output))  # type: ignore[call-overload]
    spread = {cell * stride + tap for cell in range(size) for tap in range(0, kernel * dilation, dilation)}
    assert output == max(spread) + 1 - before - after
    assert before >= 0


@settings(max_examples=200)
@given(SIZES, SMALL, SMALL, SMALL, st.integers(0, 3))
def test_a_transposed_window_reverses_the_size_of_a_window(
    size: int, kernel: int, stride: int, dilation: int, cells: int
) -> None:
    padding = (cells, cells)
    window = slid(size, kernel, stride, dilation, padding)
    if window is None:
        return
    lost = (size + 2 * cells - (dilation * (kernel - 1) + 1)) % stride
    assert slide_transposed(window.output, kernel, stride, dilation, padding, lost).output == size


@settings(max_examples=200)
@given(SIZES, SMALL, SMALL, SMALL, PADDINGS, st.sets(st.integers(0, 3)))
def test_every_type_of_number_gives_the_same_window(
    size: int, kernel: int, stride: int, dilation: int, padding: Any, which: set[int]
) -> None:
    window = slid(size, kernel, stride, dilation, padding)
    numbers = [size, kernel, stride, dilation]
    mixed: list[Number] = [Traced(number) if place in which else number for place, number in enumerate(numbers)]
    trace = slid(*mixed, padding)
    assert (trace and tuple(map(plain, trace.sizes))) == (window and window.sizes)
    assert trace is None or plain(trace.unread) == window.unread  # type: ignore[union-attr]
    assert trace is None or trace.unrounded == window.unrounded  # type: ignore[union-attr]


@given(SMALL, SMALL, PADDINGS)
def test_an_unknown_size_stays_unknown(kernel: int, stride: int, padding: Any) -> None:
    window = slide(UNKNOWN, kernel, stride, 1, padding)
    assert window.output is UNKNOWN
    assert window.unread is UNKNOWN
    assert slide_transposed(UNKNOWN, kernel, stride, 1, "same").output is UNKNOWN
