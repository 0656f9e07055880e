"""How far the positions of a tensor reach along one axis of the model's input, exactly, through any row of windows.

Position n of a tensor reaches from cell ``first`` to cell ``last``. Behind plain windows both move on by the same number of
cells with each position. Behind upsampling they move on unevenly, and repeat after a *period* of positions. So a
:class:`Reach` holds the cells of one period and by how many cells the next one lies further on. Cells outside of the
input (below 0, or behind its end) are the padding that a window sees there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import gcd, lcm
from typing import TYPE_CHECKING

from convcalc.base.numbers import UNKNOWN, Number, plain
from convcalc.base.structs import NamedTuple
from convcalc.base.window import Window, before_between

if TYPE_CHECKING:
    from fractions import Fraction

# The most positions that are looked at for one axis of one call: a period, times the cells under a window.
MOST = 10_000

NOTHING = (0, -1)  # the first and the last cell of none

Cell = int | None  # None: the position reaches no cell at all, as between the cells that a transposed window spreads


class Step(NamedTuple):
    """A window on the longest path from the input: what an explanation tells. ``size``, ``shift`` and ``period`` are those of the
    reach before it.
    """

    name: str
    window: Window | None
    size: Number
    shift: int
    period: int
    reached: Number
    before: Step | None

    @property
    def stride(self) -> Fraction:
        """How many cells a position lay further on than the one before it, on average."""
        return _quotient(self.shift, self.period)


class Reach(NamedTuple):
    """What the positions of a tensor reach of one axis of an input. Without ``first`` it is all of an axis of unknown size.

    ``shift`` is how many cells the next period lies further on. ``seen`` is what all positions together reach of the input
    itself, None where sizes are not known. ``slack`` holds what is not known of the padding before the first position, as
    (of which window, the most cells that it may be further out). ``partial`` says that the size is a lower bound.
    ``loose`` is what moved positions about, so that the size is known and where the cells are is not; None where nothing did.
    """

    first: tuple[Cell, ...]
    last: tuple[Cell, ...]
    shift: int
    seen: tuple[int, int] | None
    slack: frozenset[tuple[object, Fraction]] = frozenset()
    partial: bool = False
    loose: object = None
    step: Step | None = None

    @property
    def size(self) -> Number:
        """The most cells that a position reaches."""
        if not self.first:
            return UNKNOWN
        if len(self.first) == 1:
            start, end = self.first[0], self.last[0]
            return 0 if start is None or end is None else max(0, end - start + 1)
        return max(0, *(b - a + 1 for a, b in zip(self.first, self.last) if a is not None and b is not None), 0)

    @property
    def stride(self) -> Fraction:
        """How many cells a position lies further on than the one before it, on average."""
        return _quotient(self.shift, len(self.first))

    @property
    def padding(self) -> Number:
        """How many cells before the input the first position that reaches any begins."""
        start = next((cell for cell in self.first if cell is not None), None)
        return UNKNOWN if start is None or self.slack or self.loose is not None else -start

    @property
    def whole(self) -> bool:
        """Whether every position reaches the same cells."""
        return self.shift == 0 and self.loose is None and len(self.first) <= 1


def _quotient(cells: int, positions: int) -> Fraction:
    """The cells for each position; none for none."""
    from fractions import Fraction  # it takes a while to be imported, and plain windows do without

    return Fraction(cells, positions or 1)


def identity(size: Number) -> Reach:
    """The reach of an input's own positions."""
    return Reach((0,), (0,), 1, (0, size - 1) if isinstance(size, int) else None)


def everything(reach: Reach, name: str) -> Reach:
    """That of a layer that reads all positions at once."""
    if reach.whole:
        return reach
    start, end = (None, None) if reach.seen == NOTHING else reach.seen or (None, None)
    found = Reach((), (), 0, None) if reach.seen is None else Reach((start,), (end,), 0, reach.seen)
    return found._replace(step=Step(name, None, reach.size, reach.shift, len(reach.first), found.size, reach.step))


def loosened(reach: Reach, token: object) -> Reach:
    """That of positions which ``token`` has put in another order."""
    return reach if reach.whole else reach._replace(loose=(reach.loose, token))


def through(reach: Reach, window: Window, name: str, token: object) -> Reach | None:
    """That of the positions of a window over a tensor; None where it cannot be known, or would take too long.

    ``token`` stands for the window where its padding depends on an input size that is not known.
    """
    if reach.whole:
        return reach
    if reach.loose is not None or not all(isinstance(each, int) for each in window[1:4]):
        return None
    least, most = before_between(window)
    period, stride = len(reach.first), plain(window.stride)
    assert isinstance(stride, int)
    turns = period * stride if window.transposed else period // gcd(period, stride)
    shift = reach.shift if window.transposed else reach.shift * turns * stride // period
    if turns > MOST or turns * min(len(_under(0, window, least)), period) > MOST or (least != most and period > 1):
        return None
    first: list[Cell] = []
    last: list[Cell] = []
    for n in range(turns):
        under = _under(n, window, least)
        # Positions a whole number of periods apart differ by as many shifts: the outermost of them decide.
        first.append(min(_cells(reach.first, reach.shift, under[:period]), default=None))
        last.append(max(_cells(reach.last, reach.shift, under[-period:]), default=None))
    slack = reach.slack | ({(token, (most - least) * reach.stride)} if least != most else set())
    found = Reach(tuple(first), tuple(last), shift, None, slack, reach.partial)
    step = reach.step
    if window.kernel != 1 or window.stride != 1:
        step = Step(name, window, reach.size, reach.shift, len(reach.first), found.size, reach.step)
    return found._replace(seen=_seen(found, reach.seen, window.output), step=step)


def _at(cells: Sequence[Cell], shift: int) -> Callable[[int], Cell]:
    """The cell of any position, from those of one period."""

    def cell(n: int) -> Cell:
        turn, rest = divmod(n, len(cells))
        found = cells[rest]
        return None if found is None else found + turn * shift

    return cell


def _cells(cells: Sequence[Cell], shift: int, positions: Iterable[int]) -> list[int]:
    """The cells of some positions that reach any."""
    return [cell for cell in map(_at(cells, shift), positions) if cell is not None]


def _under(n: int, window: Window, before: int) -> range:
    """The positions of the tensor under a window that stands at position n, in their order."""
    kernel, stride, dilation = window.kernel, window.stride, window.dilation
    assert isinstance(kernel, int) and isinstance(stride, int) and isinstance(dilation, int)
    if not window.transposed:
        start = n * stride - before
        return range(start, start + dilation * kernel, dilation)
    # Position i is spread over i·S + d·t − before, so t is one of those for which that leaves a whole i.
    common = gcd(dilation, stride)
    offset, every = n + before, stride // common
    if offset % common:
        return range(0)
    first = offset // common * pow(dilation // common, -1, every) % every
    taps = range(first, kernel, every)
    start = (offset - dilation * first) // stride
    return range(start, start - len(taps) * dilation // common, -dilation // common)[::-1]


def _seen(reach: Reach, seen: tuple[int, int] | None, output: Number) -> tuple[int, int] | None:
    """What all positions together reach of what there is to be seen."""
    if seen is None or not isinstance(output, int) or reach.slack:
        return None
    some = min(output, len(reach.first))
    starts = _cells(reach.first, reach.shift, range(some))
    ends = _cells(reach.last, reach.shift, range(output - some, output))
    start, end = max(min(starts, default=0), seen[0]), min(max(ends, default=-1), seen[1])
    return (start, end) if start <= end else NOTHING


# Branches --------------------------------------------------------------------------------------------------------------


class Union(NamedTuple):
    """The reach of what two paths come to together. ``aligned`` False: their fields lie beside one another, or move at
    another pace; None where that is not known.
    """

    reach: Reach | None
    aligned: bool | None = True


def union(one: Reach, other: Reach, output: Number, apart: bool) -> Union:
    """The reach of positions that read both: of each the first and the last cell of the two.

    ``output`` is the number of positions; ``apart`` says that each position reads either the one or the other.
    """
    longer, shorter = (one, other) if _length(one) >= _length(other) else (other, one)
    if not one.first or not other.first:
        return Union(one if not one.first else other)
    still = next((each for each in (one, other) if each.whole), None)
    if (
        still is not None
        and one.seen is not None
        and other.seen is not None
        and _hull(one.seen, other.seen) == still.seen
    ):
        return Union(still)
    if one._replace(step=None) == other._replace(step=None):
        return Union(longer)
    if one.loose is not None or other.loose is not None:
        return Union(longer._replace(loose=object(), partial=one.partial or other.partial or not apart))
    if one.shift * len(other.first) != other.shift * len(one.first):
        return _at_another_pace(one, other, output)
    period = lcm(len(one.first), len(other.first))
    if period > MOST:
        return Union(None, None)
    ones, others = _over(one, period), _over(other, period)
    shift = one.shift * (period // len(one.first))
    seen = None if one.seen is None or other.seen is None else _hull(one.seen, other.seen)
    partial = one.partial or other.partial
    if one.slack != other.slack:
        return _with_slack(longer, shorter, period)
    merged = [_hull_of(a, b) for a, b in zip(ones, others)]
    reach = Reach(
        tuple(start for start, _ in merged),
        tuple(end for _, end in merged),
        shift,
        seen,
        one.slack,
        partial,
        step=longer.step,
    )
    return Union(reach, _centred(ones, others))


def _length(reach: Reach) -> int:
    return reach.size if isinstance(reach.size, int) else 0


def _over(reach: Reach, period: int) -> list[tuple[Cell, Cell]]:
    """First and last cells over a longer period."""
    first, last = _at(reach.first, reach.shift), _at(reach.last, reach.shift)
    return [(first(n), last(n)) for n in range(period)]


def _hull(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    if NOTHING in (one, other):
        return other if one == NOTHING else one
    return min(one[0], other[0]), max(one[1], other[1])


def _hull_of(one: tuple[Cell, Cell], other: tuple[Cell, Cell]) -> tuple[Cell, Cell]:
    starts = [cell for cell in (one[0], other[0]) if cell is not None]
    ends = [cell for cell in (one[1], other[1]) if cell is not None]
    return min(starts, default=None), max(ends, default=None)


def _centred(ones: Iterable[tuple[Cell, Cell]], others: Iterable[tuple[Cell, Cell]]) -> bool:
    """Whether the mean centres of fields are the same."""
    one, other = ([a + b for a, b in pairs if a is not None and b is not None] for pairs in (ones, others))
    return sum(one) * (len(other) or 1) == sum(other) * (len(one) or 1)


def _at_another_pace(one: Reach, other: Reach, output: Number) -> Union:
    """Fields that move by other strides: their hulls, position by position, within the input."""
    still = one.whole or other.whole
    moving = other if one.whole else one
    if one.seen is None or other.seen is None or not isinstance(output, int) or output > MOST:
        return Union(None, True if still else None)
    most = 0
    for a, b in zip(_over(one, output), _over(other, output)):
        start, end = _hull_of(_within(a, one.seen), _within(b, other.seen))
        most = max(most, 0 if start is None or end is None else end - start + 1)
    loose = moving._replace(first=(0,), last=(most - 1,), shift=0, seen=_hull(one.seen, other.seen), slack=frozenset())
    return Union(loose._replace(loose=object()), still)


def _within(pair: tuple[Cell, Cell], seen: tuple[int, int]) -> tuple[Cell, Cell]:
    if pair[0] is None or pair[1] is None:
        return None, None
    start, end = max(pair[0], seen[0]), min(pair[1], seen[1])
    return (start, end) if start <= end else (None, None)


def _with_slack(longer: Reach, shorter: Reach, period: int) -> Union:
    """Paths whose paddings are not known, and not the same: the longer one, where it holds the shorter one in any case."""
    back = sum((cells for _, cells in shorter.slack - longer.slack), _quotient(0, 1))
    out = sum((cells for _, cells in longer.slack - shorter.slack), _quotient(0, 1))
    holds = all(
        a is None or (start is not None and end is not None and b is not None and start <= a - back and b <= end - out)
        for (start, end), (a, b) in zip(_over(longer, period), _over(shorter, period))
    )
    return Union(longer._replace(seen=None, partial=longer.partial or not holds), None)
