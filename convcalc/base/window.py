"""One axis of a sliding window: the arithmetic of convolution, pooling and padding.

The output size is ``floor((I − F + P)/S) + 1``:

- ``I`` is the input size, and ``S`` the stride.
- ``F`` is the effective kernel: ``d·(k − 1) + 1`` for a kernel of ``k`` with dilation ``d``.
- ``P`` is the padding of both sides. 'same' pads as much as ``ceil(I/S)`` outputs need. If ``P`` is odd, the extra
  position is at the end, as in TensorFlow and Keras.

Transposed windows follow ``keras.layers.Conv2DTranspose``. All functions accept all types of
:mod:`convcalc.base.numbers`.

Source: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning" (2016).
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
    """A window that moves along one axis.

    Attributes:
        size: the size of the input
        pad_before, pad_after: the padding at the two ends. For a transposed window: how many output positions are cut off
            at the two ends (negative: appended).
        output: the size of the output
    """

    size: Number
    kernel: Number
    stride: Number
    dilation: Number
    pad_before: Number
    pad_after: Number
    output: Number
    transposed: bool = False

    @property
    def effective_kernel(self) -> Number:
        """The kernel size including the gaps of the dilation."""
        return effective_kernel(self.kernel, self.dilation)

    @property
    def sizes(self) -> tuple[Number, ...]:
        """The seven numbers of the window, in the order of the fields."""
        return self.size, self.kernel, self.stride, self.dilation, self.pad_before, self.pad_after, self.output

    @property
    def unread(self) -> Number:
        """The number of unread input positions at the end."""
        if self.transposed:
            return 0
        return larger(0, self.size + self.pad_before - ((self.output - 1) * self.stride + self.effective_kernel))

    @property
    def unrounded(self) -> Fraction | None:
        """The output size before rounding down; None if a size is unknown."""
        from fractions import Fraction

        if self.transposed:
            output = plain(self.output)
            return Fraction(output) if isinstance(output, int) else None
        steps, stride = plain(self.size - self.effective_kernel + self.pad_before + self.pad_after), plain(self.stride)
        return Fraction(steps, stride) + 1 if isinstance(steps, int) and isinstance(stride, int) else None


def effective_kernel(kernel: Number, dilation: Number) -> Number:
    """Returns ``d·(k − 1) + 1``: the size of a dilated kernel including its gaps."""
    return kernel if dilation == 1 else dilation * (kernel - 1) + 1


def same_padding(size: Number, effective: Number, stride: Number, output: Number) -> Number:
    """Returns the padding (before + after) that an output of size ``output`` needs."""
    return larger((output - 1) * stride + effective - size, 0)


def pad_before_range(window: Window) -> tuple[int, int]:
    """Returns the smallest and the largest possible padding before the input.

    They differ only for 'same' with an unknown input size.
    """
    before = plain(window.pad_before)
    if isinstance(before, int):
        return before, before
    effective, stride = plain(window.effective_kernel), plain(window.stride)
    assert isinstance(effective, int) and isinstance(stride, int)
    # 'same' puts half of the padding, rounded down, before the input. The total is smallest (effective − stride) if the
    # input size is a multiple of the stride. It is largest (effective − 1) if one position remains.
    return max(effective - stride, 0) // 2, (effective - 1) // 2


def slide(size: Number, kernel: Number, stride: Number = 1, dilation: Number = 1, padding: Padding = "valid") -> Window:
    """Returns the window over an axis of ``size``. ``padding`` is 'valid', 'same', 'causal' or (before, after).

    Raises :class:`Refusal` if the kernel does not fit.
    """
    effective = as_constant(effective_kernel(kernel, dilation))
    before: Number = 0
    after: Number = 0
    if padding == "same":
        output = ceil_div(size, stride)
        total = same_padding(size, effective, stride, output)
        before = total // 2
        return Window(size, kernel, stride, dilation, before, total - before, output)
    if padding == "causal":
        before = as_constant(effective - 1)
    elif isinstance(padding, tuple):
        before, after = padding
    output = (size - effective + before + after) // stride + 1
    # With causal padding, every kernel fits: the output is empty only for an empty input.
    if output <= 0 and padding != "causal":
        raise kernel_too_large(
            effective, f"{size}" if before == 0 and after == 0 else f"{size} + {before + after} of padding"
        )
    return Window(size, kernel, stride, dilation, before, after, output)


def kernel_too_large(effective: Number, size: str) -> Refusal:
    """Returns the error for a kernel that does not fit its input. ``size`` is the input size as text."""
    cure = "use padding: same or a smaller kernel"
    return Refusal(f"has a kernel of {effective}, but an input of {size}; {cure}", codes.VANISHING_SIZE)


def slide_ceil(
    size: Number, kernel: Number, stride: Number, dilation: Number, padding: tuple[Number, Number]
) -> Window:
    """Returns the window with the output size rounded up, like ``ceil_mode`` of PyTorch and Caffe.

    The last window is dropped if it would start in the padding after the input.
    """
    before, after = padding
    effective = as_constant(effective_kernel(kernel, dilation))
    output = ceil_div(size - effective + before + after, stride) + 1
    if (output - 1) * stride >= size + before:
        output = output - 1
    if output <= 0:
        raise kernel_too_large(effective, f"{size}")
    return Window(size, kernel, stride, dilation, before, after, output)


def slide_transposed(
    size: Number,
    kernel: Number,
    stride: Number = 1,
    dilation: Number = 1,
    padding: Padding = "valid",
    output_padding: Number | None = None,
) -> Window:
    """Returns a transposed window: each input position is spread over ``kernel`` output positions.

    The full output has ``(size − 1)·stride + F`` positions; ``F`` is the effective kernel. ``padding`` is 'valid' or
    'same', as in Keras, or a pair (before, after), as in PyTorch. The pair says how many positions are cut off at the
    two ends of the full output. ``output_padding`` positions are appended at the end; None means Keras's default.
    """
    effective = as_constant(effective_kernel(kernel, dilation))
    if padding == "same":
        if output_padding is None:
            output = size * stride
            before = larger(effective - stride, 0) // 2
        else:
            output = (size - 1) * stride + effective % 2 + output_padding
            # Keras computes this layer as a convolution of a padded input. It pads ``spread``/2 before the input,
            # rounded up, but at most ``effective`` − 1.
            spread = effective + effective % 2 - 2 + output_padding
            before = larger(effective - 1 - ceil_div(spread, 2), 0)
        after = (size - 1) * stride + effective - before - output
    elif padding == "valid":
        before = 0
        if output_padding is None:
            output = (size - 1) * stride + larger(effective, stride)
            after = effective - larger(effective, stride)
        else:
            output = (size - 1) * stride + effective + output_padding
            after = -output_padding
    else:
        assert isinstance(padding, tuple)
        before, after = padding
        output = (size - 1) * stride - before - after + effective + (0 if output_padding is None else output_padding)
        after = after if output_padding is None else after - output_padding
        if output <= 0:
            raise Refusal(f"would have an output of size {output}; use a smaller padding", codes.VANISHING_SIZE)
    # Keras accepts an empty output, e.g. for an input of size 1, an even kernel and output_padding 0.
    if output < 0:
        raise Refusal(f"would have an output of size {output}; use a smaller padding", codes.VANISHING_SIZE)
    return Window(size, kernel, stride, dilation, before, after, output, transposed=True)


def windows(a: Mapping[str, Any], x: Shape) -> tuple[Window, ...]:
    """Returns the window of each spatial axis. ``x`` is a channels-last shape.

    The argument ``padding`` is a string, or a pair for each axis.
    """
    padding = a["padding"]
    paddings = repeat(padding) if isinstance(padding, str) else padding
    return tuple(map(slide, x[1:-1], a["kernel_size"], a["strides"], a["dilation_rate"], paddings))


def windows_transposed(a: Mapping[str, Any], x: Shape) -> tuple[Window, ...]:
    """Returns the transposed window of each spatial axis. ``x`` is a channels-last shape."""
    padding = a["padding"]
    paddings = repeat(padding) if isinstance(padding, str) else padding
    extra = a["output_padding"] or repeat(None)
    return tuple(map(slide_transposed, x[1:-1], a["kernel_size"], a["strides"], a["dilation_rate"], paddings, extra))
