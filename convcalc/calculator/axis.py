"""Formulas and numbers for one axis of a window, such as the output size and the number of unread positions."""

from __future__ import annotations

from convcalc.base.numbers import Number, Traced, as_constant, ceil_div, plain, traced
from convcalc.base.window import Window, same_padding, slide


def is_same(window: Window) -> bool:
    """Returns True if the output size has the formula of padding 'same': input size / stride, rounded up."""
    asked = ceil_div(as_constant(window.size), as_constant(window.stride))
    return not window.transposed and isinstance(window.output, Traced) and window.output.text == traced(asked).text


def with_padding(window: Window) -> Number:
    """Returns the output size by the formula ``floor((I − F + P)/S) + 1``, with the padding as a number."""
    size, kernel, stride, dilation = map(as_constant, window.sizes[:4])
    before, after = plain(window.pad_before), plain(window.pad_after)
    return slide(size, kernel, stride, dilation, (traced(before), traced(after))).output


def total_padding(window: Window) -> Number:
    """Returns the total padding of 'same', computed from the output size."""
    size, kernel, stride, dilation = map(as_constant, window.sizes[:4])
    effective = as_constant(Window(size, kernel, stride, dilation, 0, 0, 0).effective_kernel)
    return same_padding(size, effective, stride, as_constant(window.output))


def worked(number: Number, unknown: str = "unknown: an input size is not known") -> str:
    """Returns a number as text, with its formula if known. An unknown number without a formula gives ``unknown``."""
    if isinstance(number, Traced):
        return number.worked
    return f"{number:,}" if isinstance(number, int) else unknown


def unread(window: Window) -> int:
    """Returns the number of unread positions at the end; 0 if unknown."""
    positions = plain(window.unread)
    return positions if isinstance(positions, int) else 0


def known(window: Window) -> bool:
    """Returns True if every size of the window is known."""
    return all(isinstance(plain(number), int) for number in window.sizes)
