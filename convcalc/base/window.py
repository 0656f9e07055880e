"""One axis of a sliding window: the arithmetic on which convolution, pooling and padding stand.

The output size is ``floor((I − F + P)/S) + 1`` with ``I`` the input size, ``F`` the window's reach (``d·(k − 1) + 1``
for a dilated kernel), ``P`` the padding on both sides and ``S`` the stride; see Dumoulin & Visin, "A guide to
convolution arithmetic for deep learning" (2016). 'same' asks for ``ceil(I/S)`` outputs and pads as much as they need,
the odd cell at the end, as TensorFlow and Keras do. Transposed windows follow ``keras.layers.Conv2DTranspose``.

All sizes are in cells. The functions take any kind of :mod:`convcalc.base.numbers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from convcalc.base import codes
from convcalc.base.numbers import Number, Shape, as_constant, ceil_div, larger, plain
from convcalc.base.problems import Refusal
from convcalc.base.structs import Struct

if TYPE_CHECKING:
    from fractions import Fraction

Padding: TypeAlias = "str | tuple[Number, Number]"


class Window(Struct):
    """A window that slides along one axis.

    ``before`` and ``after`` are the cells of padding that are added; for a transposed window they are the cells that are
    cut from the full output (negative: appended).
    """

    size: Number
    kernel: Number
    stride: Number
    dilation: Number
    before: Number
    after: Number
    output: Number
    transposed: bool = False

    @property
    def reach(self) -> Number:
        """How many cells the window spans, holes of the dilation included."""
        return reach(self.kernel, self.dilation)

    @property
    def sizes(self) -> tuple[Number, ...]:
        """The seven numbers of the window, in the order of its fields."""
        return self.size, self.kernel, self.stride, self.dilation, self.before, self.after, self.output

    @property
    def unread(self) -> Number:
        """Input cells at the end that no window reads."""
        if self.transposed:
            return 0
        return larger(0, self.size + self.before - ((self.output - 1) * self.stride + self.reach))

    @property
    def unrounded(self) -> Fraction | None:
        """The quotient plus one before the floor; None where a size is unknown."""
        from fractions import Fraction

        if self.transposed:
            output = plain(self.output)
            return Fraction(output) if isinstance(output, int) else None
        steps, stride = plain(self.size - self.reach + self.before + self.after), plain(self.stride)
        return Fraction(steps, stride) + 1 if isinstance(steps, int) and isinstance(stride, int) else None


def reach(kernel: Number, dilation: Number) -> Number:
    """``d·(k − 1) + 1``: how many cells a dilated kernel spans."""
    return kernel if dilation == 1 else dilation * (kernel - 1) + 1


def same_padding(size: Number, span: Number, stride: Number, output: Number) -> Number:
    """How many cells of padding ``output`` windows need in all."""
    return larger((output - 1) * stride + span - size, 0)


def before_between(window: Window) -> tuple[int, int]:
    """The least and the most cells of padding before the first window; of 'same' they depend on the size where it is unknown."""
    before = plain(window.before)
    if isinstance(before, int):
        return before, before
    span, stride = plain(window.reach), plain(window.stride)
    assert isinstance(span, int) and isinstance(stride, int)
    # Of sizes that the stride divides the padding is the least in all, of those with one cell more the most.
    return max(span - stride, 0) // 2, (span - 1) // 2


def slide(size: Number, kernel: Number, stride: Number = 1, dilation: Number = 1, padding: Padding = "valid") -> Window:
    """The window over an axis of ``size`` cells; ``padding`` is 'valid', 'same', 'causal' or (before, after).

    Raises :class:`Refusal` where not even one window fits.
    """
    span = as_constant(reach(kernel, dilation))
    before: Number = 0
    after: Number = 0
    if padding == "same":
        output = ceil_div(size, stride)
        total = same_padding(size, span, stride, output)
        before = total // 2
        return Window(size, kernel, stride, dilation, before, total - before, output)
    if padding == "causal":
        before = as_constant(span - 1)
    elif isinstance(padding, tuple):
        before, after = padding
    output = (size - span + before + after) // stride + 1
    # A causal window fits by its padding; over no cells, it stands nowhere, as with 'same'.
    if output <= 0 and padding != "causal":
        padded = f"{size}" if before == 0 and after == 0 else f"{size} + {before + after} of padding"
        raise Refusal(f"has a window of {span} cells, which does not fit into {padded}", code=codes.VANISHING_SIZE)
    return Window(size, kernel, stride, dilation, before, after, output)


def slide_ceil(
    size: Number, kernel: Number, stride: Number, dilation: Number, padding: tuple[Number, Number]
) -> Window:
    """As :func:`slide`, rounding up, as PyTorch's and Caffe's ``ceil_mode`` does.

    A last window that would start in the padding behind the input is dropped.
    """
    before, after = padding
    span = as_constant(reach(kernel, dilation))
    output = ceil_div(size - span + before + after, stride) + 1
    if (output - 1) * stride >= size + before:
        output = output - 1
    if output <= 0:
        raise Refusal(f"has a window of {span} cells, which does not fit into {size}", code=codes.VANISHING_SIZE)
    return Window(size, kernel, stride, dilation, before, after, output)


def slide_transposed(
    size: Number,
    kernel: Number,
    stride: Number = 1,
    dilation: Number = 1,
    padding: Padding = "valid",
    output_padding: Number | None = None,
) -> Window:
    """The transposed window, which spreads each of ``size`` cells over ``kernel`` cells of the output.

    ``padding`` is 'valid', 'same' (both as Keras reads them) or (before, after): cells to cut from the full output of
    ``(I − 1)·S + F`` cells, as PyTorch's ``padding`` does. ``output_padding`` appends cells; None leaves it to the rule.
    """
    span = as_constant(reach(kernel, dilation))
    if padding == "same":
        if output_padding is None:
            output = size * stride
            before = larger(span - stride, 0) // 2
        else:
            output = (size - 1) * stride + span % 2 + output_padding
            # Keras pads the spread input on its left by half of this, rounded up, and never by more than the span.
            spread = span + span % 2 - 2 + output_padding
            before = larger(span - 1 - ceil_div(spread, 2), 0)
        after = (size - 1) * stride + span - before - output
    elif padding == "valid":
        before = 0
        if output_padding is None:
            output = (size - 1) * stride + larger(span, stride)
            after = span - larger(span, stride)
        else:
            output = (size - 1) * stride + span + output_padding
            after = -output_padding
    else:
        assert isinstance(padding, tuple)
        before, after = padding
        output = (size - 1) * stride - before - after + span + (0 if output_padding is None else output_padding)
        after = after if output_padding is None else after - output_padding
        if output <= 0:
            raise Refusal(f"would have an output of {output} cells", code=codes.VANISHING_SIZE)
    # Keras's own rule can come to no cells at all (one cell, an even kernel, output_padding 0), and Keras lets it be.
    if output < 0:
        raise Refusal(f"would have an output of {output} cells", code=codes.VANISHING_SIZE)
    return Window(size, kernel, stride, dilation, before, after, output, transposed=True)


def windows(a: Mapping[str, Any], x: Shape) -> tuple[Window, ...]:
    """The windows over the spatial axes of a channels-last shape, of a layer's arguments; ``padding`` is a word, or cells for
    each axis.
    """
    padding = a["padding"]
    each = repeat(padding) if isinstance(padding, str) else padding
    return tuple(map(slide, x[1:-1], a["kernel_size"], a["strides"], a["dilation_rate"], each))


def windows_transposed(a: Mapping[str, Any], x: Shape) -> tuple[Window, ...]:
    """The transposed windows over the spatial axes of a channels-last shape."""
    padding = a["padding"]
    each = repeat(padding) if isinstance(padding, str) else padding
    extra = a["output_padding"] or repeat(None)
    return tuple(map(slide_transposed, x[1:-1], a["kernel_size"], a["strides"], a["dilation_rate"], each, extra))
