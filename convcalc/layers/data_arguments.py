"""Argument kinds used only by preprocessing layers."""

from __future__ import annotations

from typing import Any

from convcalc.layers.arguments import Kind, PerAxis, RankFree, Real


class Factor(RankFree):
    """The strength of an augmentation: a number from ``minimum`` to ``maximum``, or a pair (from, to).

    As in Keras, a pair is accepted if it overlaps the allowed range. If ``strict`` is True, both numbers of a pair must
    be in the range. If ``open`` is True, ``minimum`` itself is not allowed.
    """

    def __init__(self, minimum: float = -1, maximum: float = 1, strict: bool = False, open: bool = False) -> None:
        self.minimum = minimum
        self.maximum = maximum
        self.strict = strict
        self.open = open

    @property
    def expects(self) -> str:
        """A description of the accepted values."""
        limits = f"{'above' if self.open else 'from'} {self.minimum:g} {'up ' * self.open}to {self.maximum:g}"
        return f"a number {limits}, or a list of two"

    def read(self, value: Any) -> Any:
        """Returns the number, or the sorted pair."""
        if not isinstance(value, (list, tuple)):
            return self._within(Real().read(value))
        low, high = _pair(value)
        if self.strict:
            self._within(low)
            self._within(high)
        elif low > self.maximum or high < self.minimum:
            raise ValueError
        return tuple(sorted((low, high)))

    def _within(self, value: float) -> float:
        if not self.minimum <= value <= self.maximum or (self.open and value == self.minimum):
            raise ValueError
        return value


class Range(RankFree):
    """A pair of numbers: the smallest and the largest value that a pixel can have."""

    expects = "a list of two numbers"

    def read(self, value: Any) -> tuple[float, float]:
        """Returns both numbers as a tuple."""
        return _pair(value)


class OddSizes(PerAxis):
    """One odd number for both axes, or a pair of odd numbers."""

    def __init__(self) -> None:
        super().__init__(rank=2)

    @property
    def expects(self) -> str:
        """A description of the accepted values."""
        return "an odd whole number, or a list of two of them"

    def read(self, value: Any) -> tuple[int, ...]:
        """Returns the two sizes."""
        sizes = super().read(value)
        if any(size % 2 == 0 for size in sizes):
            raise ValueError
        return sizes

    def for_rank(self, rank: int) -> OddSizes:
        """Returns the same kind: an image always has two axes."""
        return self


class Items(RankFree):
    """A list of items of one kind; with ``file``, a file name is also accepted."""

    def __init__(self, item: Kind, what: str, file: bool = False) -> None:
        self.item = item
        self.what = what
        self.file = file

    @property
    def expects(self) -> str:
        """A description of the accepted values."""
        return f"a list of {self.what}{', or the name of a file' * self.file}"

    def read(self, value: Any) -> Any:
        """Returns the list as a tuple, or the file name."""
        if self.file and isinstance(value, str):
            return value
        if not isinstance(value, (list, tuple)):
            raise ValueError
        return tuple(map(self.item.read, value))


def _pair(value: Any) -> tuple[float, float]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError
    return Real().read(value[0]), Real().read(value[1])
