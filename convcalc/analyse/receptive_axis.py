"""Computes receptive fields along one axis: which pixels of the model's input a position of a tensor depends on.

A *pixel* is a position of the model's input; a *position* belongs to a tensor inside the model. Each position depends
on the pixels from ``first`` to ``last``. After a convolution with stride 2, for example, both grow by 2 pixels from one
position to the next. After upsampling, they grow in a pattern that repeats after a few positions, the *period*. A
:class:`Reach` stores the pixels of one period. Pixels below 0, or after the end of the input, are padding.

Size, stride and padding have the same meaning as in Araujo, Norris and Sim: Computing Receptive Fields of Convolutional
Neural Networks, Distill 2019, https://distill.pub/2019/computing-receptive-fields. Their algorithm is not exact after
upsampling and where paths meet; this algorithm is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import gcd, lcm
from typing import TYPE_CHECKING

from convcalc.base.numbers import UNKNOWN, Number, plain
from convcalc.base.structs import Struct
from convcalc.base.window import Window, pad_before_range

if TYPE_CHECKING:
    from fractions import Fraction

# Maximum work for one axis of one call: the positions in a period times the size of the window.
MOST = 10_000

Pixel = int | None
"""A pixel; None if a position depends on no pixel, such as every second output of a transposed window with kernel 1 and stride 2."""

Interval = tuple[int, int]
"""The first and the last pixel of an interval."""

EMPTY: Interval = (0, -1)


class GrowthStep(Struct):
    """A layer that enlarges the receptive field. An explanation lists all such layers on the longest path from the
    input.

    Attributes:
        name: the path of the layer.
        window: the window of the layer; None for a layer that reads every position.
        size, shift, period: the numbers of the :class:`Reach` before the layer.
        reached: the size of the receptive field after the layer, in pixels.
        before: the previous step on the path; None for the first step.
    """

    name: str
    window: Window | None
    size: Number
    shift: int
    period: int
    reached: Number
    before: GrowthStep | None

    @property
    def stride(self) -> Fraction:
        """The average distance in pixels between the receptive fields of neighbouring positions of the layer's input."""
        return _fraction(self.shift, self.period)


class Reach(Struct):
    """The pixels that the positions of a tensor depend on, along one axis of a model input.

    Attributes:
        first, last: the first and the last pixel of each position in one period. Both are empty if every position
            depends on a whole axis of unknown size.
        shift: the distance in pixels from one period to the next.
        visible_interval: the pixels inside the input that at least one position depends on; None if sizes are unknown.
        padding_slack: pairs for windows with unknown padding before the input: the window, and by how many pixels its
            padding can vary.
        partial: True if the size of the receptive field is a lower bound.
        scrambled_by: identifies the call that reordered the positions. Then the size is known, but not which pixels.
        step: the last step on the longest path from the input.
    """

    first: tuple[Pixel, ...]
    last: tuple[Pixel, ...]
    shift: int
    visible_interval: Interval | None
    padding_slack: frozenset[tuple[object, Fraction]] = frozenset()
    partial: bool = False
    scrambled_by: object = None
    step: GrowthStep | None = None

    @property
    def size(self) -> Number:
        """Size of the receptive field in pixels: the maximum over the positions."""
        if not self.first:
            return UNKNOWN
        if len(self.first) == 1:
            start, end = self.first[0], self.last[0]
            return 0 if start is None or end is None else max(0, end - start + 1)
        return max(0, *(b - a + 1 for a, b in zip(self.first, self.last) if a is not None and b is not None), 0)

    @property
    def stride(self) -> Fraction:
        """The average distance in pixels between the receptive fields of neighbouring positions."""
        return _fraction(self.shift, len(self.first))

    @property
    def padding(self) -> Number:
        """Number of pixels by which the receptive field of the first position starts before the input."""
        start = next((pixel for pixel in self.first if pixel is not None), None)
        return UNKNOWN if start is None or self.padding_slack or self.scrambled_by is not None else -start

    @property
    def is_global(self) -> bool:
        """True if every position depends on the same pixels, as after a Dense layer."""
        return self.shift == 0 and self.scrambled_by is None and len(self.first) <= 1


def _fraction(pixels: int, positions: int) -> Fraction:
    """Returns ``pixels`` / ``positions``."""
    from fractions import Fraction  # imported lazily: the import is slow, and ordinary windows do not need it

    return Fraction(pixels, positions or 1)


def input_reach(size: Number) -> Reach:
    """Returns the :class:`Reach` of a model input: each position depends only on itself."""
    return Reach((0,), (0,), 1, (0, size - 1) if isinstance(size, int) else None)


def after_global(reach: Reach, name: str) -> Reach:
    """Returns the :class:`Reach` after a layer that reads all positions at once, such as Dense."""
    if reach.is_global:
        return reach
    visible = reach.visible_interval
    start, end = (None, None) if visible == EMPTY else visible or (None, None)
    result = Reach((), (), 0, None) if visible is None else Reach((start,), (end,), 0, visible)
    step = GrowthStep(name, None, reach.size, reach.shift, len(reach.first), result.size, reach.step)
    return result._replace(step=step)


def after_reordering(reach: Reach, origin: object) -> Reach:
    """Returns the :class:`Reach` after a layer that reorders positions, such as Flatten. ``origin`` identifies the
    layer.
    """
    return reach if reach.is_global else reach._replace(scrambled_by=(reach.scrambled_by, origin))


def after_window(reach: Reach, window: Window, name: str, origin: object) -> Reach | None:
    """Returns the :class:`Reach` after a window, e.g. of a convolution; None if unknown, or too slow to compute.

    ``origin`` identifies the window in :attr:`Reach.padding_slack`.
    """
    if reach.is_global:
        return reach
    if reach.scrambled_by is not None or not all(isinstance(size, int) for size in window.sizes[1:4]):
        return None
    least, most = pad_before_range(window)
    period, stride = len(reach.first), plain(window.stride)
    assert isinstance(stride, int)
    turns = period * stride if window.transposed else period // gcd(period, stride)
    shift = reach.shift if window.transposed else reach.shift * turns * stride // period
    if turns > MOST or turns * min(len(_under(0, window, least)), period) > MOST or (least != most and period > 1):
        return None
    first: list[Pixel] = []
    last: list[Pixel] = []
    for n in range(turns):
        under = _under(n, window, least)
        # Pixel numbers grow from period to period. So the window's first period has the smallest pixel, and its last
        # period has the largest.
        first.append(min(_pixels(reach.first, reach.shift, under[:period]), default=None))
        last.append(max(_pixels(reach.last, reach.shift, under[-period:]), default=None))
    slack = reach.padding_slack | ({(origin, (most - least) * reach.stride)} if least != most else set())
    result = Reach(tuple(first), tuple(last), shift, None, slack, reach.partial)
    step = reach.step
    if window.kernel != 1 or window.stride != 1:
        step = GrowthStep(name, window, reach.size, reach.shift, len(reach.first), result.size, reach.step)
    return result._replace(visible_interval=_visible(result, reach.visible_interval, window.output), step=step)


def _pixel_of(pixels: Sequence[Pixel], shift: int) -> Callable[[int], Pixel]:
    """Returns a function that computes the pixel of a position. ``pixels`` has the pixels of the positions of one
    period.
    """

    def pixel_of(n: int) -> Pixel:
        turn, rest = divmod(n, len(pixels))
        pixel = pixels[rest]
        return None if pixel is None else pixel + turn * shift

    return pixel_of


def _pixels(pixels: Sequence[Pixel], shift: int, positions: Iterable[int]) -> list[int]:
    """Returns the pixels of these positions, without the positions that depend on no pixel."""
    return [pixel for pixel in map(_pixel_of(pixels, shift), positions) if pixel is not None]


def _under(n: int, window: Window, before: int) -> range:
    """Returns the input positions that output position ``n`` reads, in ascending order."""
    kernel, stride, dilation = window.kernel, window.stride, window.dilation
    assert isinstance(kernel, int) and isinstance(stride, int) and isinstance(dilation, int)
    if not window.transposed:
        start = n * stride - before
        return range(start, start + dilation * kernel, dilation)
    # Element t of a transposed kernel adds input i to output n = i·stride + t·dilation − before. So n uses element t
    # only if n + before − t·dilation is a multiple of the stride.
    common = gcd(dilation, stride)
    offset, every = n + before, stride // common
    if offset % common:
        return range(0)
    first = offset // common * pow(dilation // common, -1, every) % every
    taps = range(first, kernel, every)
    start = (offset - dilation * first) // stride
    return range(start, start - len(taps) * dilation // common, -dilation // common)[::-1]


def _visible(reach: Reach, visible: Interval | None, output: Number) -> Interval | None:
    """Returns (first, last) of the pixels in ``visible`` that the output depends on; None if sizes are unknown."""
    if visible is None or not isinstance(output, int) or reach.padding_slack:
        return None
    some = min(output, len(reach.first))
    starts = _pixels(reach.first, reach.shift, range(some))
    ends = _pixels(reach.last, reach.shift, range(output - some, output))
    start, end = max(min(starts, default=0), visible[0]), min(max(ends, default=-1), visible[1])
    return (start, end) if start <= end else EMPTY


# Paths that meet -------------------------------------------------------------------------------------------------------


class Union(Struct):
    """The reach after a layer that joins two paths, such as Add.

    Attributes:
        reach: the reach; None if it is unknown.
        aligned: False if the fields of the two paths have different centres or strides; None if that is unknown.
    """

    reach: Reach | None
    aligned: bool | None = True


def union(one: Reach, other: Reach, output: Number, disjoint: bool) -> Union:
    """Returns the :class:`Reach` after a layer that joins two paths: each field contains the fields of both paths.

    ``one`` and ``other`` are the reaches on the two paths. ``output`` is the number of positions. ``disjoint`` is True
    if each position reads only one of the paths.
    """
    longer, shorter = (one, other) if _length(one) >= _length(other) else (other, one)
    if not one.first or not other.first:
        return Union(one if not one.first else other)
    constant = next((reach for reach in (one, other) if reach.is_global), None)
    visible, other_visible = one.visible_interval, other.visible_interval
    if (
        constant is not None
        and visible is not None
        and other_visible is not None
        and _hull(visible, other_visible) == constant.visible_interval
    ):
        return Union(constant)
    if one._replace(step=None) == other._replace(step=None):
        return Union(longer)
    if one.scrambled_by is not None or other.scrambled_by is not None:
        return Union(longer._replace(scrambled_by=object(), partial=one.partial or other.partial or not disjoint))
    if one.shift * len(other.first) != other.shift * len(one.first):
        return _union_of_strides(one, other, output)
    period = lcm(len(one.first), len(other.first))
    if period > MOST:
        return Union(None, None)
    ones, others = _over(one, period), _over(other, period)
    shift = one.shift * (period // len(one.first))
    hull = None if visible is None or other_visible is None else _hull(visible, other_visible)
    partial = one.partial or other.partial
    if one.padding_slack != other.padding_slack:
        return _union_with_slack(longer, shorter, period)
    merged = [_hull_of_pixels(a, b) for a, b in zip(ones, others)]
    reach = Reach(
        tuple(start for start, _ in merged),
        tuple(end for _, end in merged),
        shift,
        hull,
        one.padding_slack,
        partial,
        step=longer.step,
    )
    return Union(reach, _same_centre(ones, others))


def _length(reach: Reach) -> int:
    return reach.size if isinstance(reach.size, int) else 0


def _over(reach: Reach, period: int) -> list[tuple[Pixel, Pixel]]:
    """Returns the first and the last pixel of each position below ``period``."""
    first, last = _pixel_of(reach.first, reach.shift), _pixel_of(reach.last, reach.shift)
    return [(first(n), last(n)) for n in range(period)]


def _hull(one: Interval, other: Interval) -> Interval:
    if EMPTY in (one, other):
        return other if one == EMPTY else one
    return min(one[0], other[0]), max(one[1], other[1])


def _hull_of_pixels(one: tuple[Pixel, Pixel], other: tuple[Pixel, Pixel]) -> tuple[Pixel, Pixel]:
    starts = [pixel for pixel in (one[0], other[0]) if pixel is not None]
    ends = [pixel for pixel in (one[1], other[1]) if pixel is not None]
    return min(starts, default=None), max(ends, default=None)


def _same_centre(ones: Iterable[tuple[Pixel, Pixel]], others: Iterable[tuple[Pixel, Pixel]]) -> bool:
    """Returns True if the fields on the two paths have the same centre, averaged over the positions."""
    one, other = ([a + b for a, b in pairs if a is not None and b is not None] for pairs in (ones, others))
    return sum(one) * (len(other) or 1) == sum(other) * (len(one) or 1)


def _union_of_strides(one: Reach, other: Reach, output: Number) -> Union:
    """Joins two paths with different strides.

    The new field of a position is the smallest interval that contains its fields on both paths. Pixels in the padding
    are left out.
    """
    constant = one.is_global or other.is_global
    moving = other if one.is_global else one
    visible, other_visible = one.visible_interval, other.visible_interval
    if visible is None or other_visible is None or not isinstance(output, int) or output > MOST:
        return Union(None, True if constant else None)
    most = 0
    for a, b in zip(_over(one, output), _over(other, output)):
        start, end = _hull_of_pixels(_cut(a, visible), _cut(b, other_visible))
        most = max(most, 0 if start is None or end is None else end - start + 1)
    scrambled = moving._replace(
        first=(0,),
        last=(most - 1,),
        shift=0,
        visible_interval=_hull(visible, other_visible),
        padding_slack=frozenset(),
        scrambled_by=object(),
    )
    return Union(scrambled, constant)


def _cut(pixels: tuple[Pixel, Pixel], interval: Interval) -> tuple[Pixel, Pixel]:
    """Returns the part of a field that is inside the interval."""
    if pixels[0] is None or pixels[1] is None:
        return None, None
    start, end = max(pixels[0], interval[0]), min(pixels[1], interval[1])
    return (start, end) if start <= end else (None, None)


def _union_with_slack(longer: Reach, shorter: Reach, period: int) -> Union:
    """Joins two paths whose windows have different unknown paddings. The result is the longer :class:`Reach`.

    Its size is a lower bound, unless the longer reach contains the shorter one for every possible padding.
    """
    back = sum((pixels for _, pixels in shorter.padding_slack - longer.padding_slack), _fraction(0, 1))
    out = sum((pixels for _, pixels in longer.padding_slack - shorter.padding_slack), _fraction(0, 1))
    contained = all(
        a is None or (start is not None and end is not None and b is not None and start <= a - back and b <= end - out)
        for (start, end), (a, b) in zip(_over(longer, period), _over(shorter, period))
    )
    return Union(longer._replace(visible_interval=None, partial=longer.partial or not contained), None)
