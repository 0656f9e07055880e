"""Arguments, sizes and biases shared by all layers that move a kernel over axes. Shapes are channels-last."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import Number, as_constant, product
from convcalc.base.problems import Refusal
from convcalc.base.window import Window
from convcalc.layers.arguments import Argument, Choice, PerAxis
from convcalc.layers.registry import Args, Weight

KERNEL = Argument("kernel_size", PerAxis())
STRIDES = Argument("strides", PerAxis(), 1)
DILATION = Argument("dilation_rate", PerAxis(), 1)
PADDING = Argument("padding", Choice(("valid", "same"), case_insensitive=True), "valid")


def strides_or_dilation(a: Args) -> None:
    """Raises :class:`Refusal`, as Keras does, for strides above 1 together with a dilation above 1."""
    strided = [stride for stride in a["strides"] if stride > 1]
    if strided and any(rate > 1 for rate in a["dilation_rate"]):
        raise Refusal(
            "cannot use strides above 1 together with a dilation_rate above 1", codes.STRIDES_AND_DILATION, "strides"
        )


def sizes_of(windows: Sequence[Window]) -> tuple[Number, ...]:
    """Returns the output size on each axis."""
    return tuple([window.output for window in windows])


def positions_of(sizes: Sequence[Number]) -> Number:
    """Returns the number of positions of a kernel."""
    return product(map(as_constant, sizes))


def bias_of(a: Args, size: Number, positions: Number) -> tuple[Weight, ...]:
    """Returns the bias, if the layer has one. Each element is added ``positions`` times for one sample."""
    return (Weight("bias", (size,), added_per_sample=positions),) if a["use_bias"] else ()
