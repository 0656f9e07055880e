"""One axis of a window in words: the formula with its padding, how 'same' splits it, what no window reads."""

from __future__ import annotations

from convcalc.base.numbers import Number, Traced, as_constant, ceil_div, plain, traced
from convcalc.base.window import Window, same_padding, slide


def is_same(window: Window) -> bool:
    """Whether the output size was asked for ('same'), so that the padding follows from it."""
    asked = ceil_div(as_constant(window.size), as_constant(window.stride))
    return not window.transposed and isinstance(window.output, Traced) and window.output.text == traced(asked).text


def with_padding(window: Window) -> Number:
    """The output size by the general formula, (I − F + P)/S + 1, with the padding as numbers."""
    size, kernel, stride, dilation = map(as_constant, window.sizes[:4])
    before, after = plain(window.pad_before), plain(window.pad_after)
    return slide(size, kernel, stride, dilation, (traced(before), traced(after))).output


def total_padding(window: Window) -> Number:
    """How many cells 'same' adds in all, worked out from the output size."""
    size, kernel, stride, dilation = map(as_constant, window.sizes[:4])
    span = as_constant(Window(size, kernel, stride, dilation, 0, 0, 0).effective_kernel)
    return same_padding(size, span, stride, as_constant(window.output))


def worked(number: Number, unknown: str = "unknown: an input size is not known") -> str:
    """A number with its formula."""
    if isinstance(number, Traced):
        return number.worked
    return f"{number:,}" if isinstance(number, int) else unknown


def unread(window: Window) -> int:
    """How many cells at the end no window reads; 0 where that is not known."""
    cells = plain(window.unread)
    return cells if isinstance(cells, int) else 0


def known(window: Window) -> bool:
    """Whether every size of the window is a number."""
    return all(isinstance(plain(number), int) for number in window.sizes)
