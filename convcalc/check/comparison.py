"""What differs between two records, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from convcalc.check.record import Cell, Record, Row
from convcalc.names import is_automatic
from convcalc.showing import Shown


class Change(NamedTuple):
    """One field that differs: a cell's name, ``connected_to``, an argument as ``argument kernel_size``, or ``position``, the
    place among the layers beside it.
    """

    field: str
    before: Cell
    after: Cell


@dataclass(frozen=True, slots=True)
class Pair:
    """A layer before and after; one of them is None where it was added or removed.

    ``follows`` says that nothing of the layer's own changed: its numbers differ since its input does.
    """

    before: Row | None
    after: Row | None
    changes: tuple[Change, ...] = ()
    follows: bool = False

    @property
    def status(self) -> str:
        """``same``, ``added``, ``removed``, ``renamed`` (that alone), ``changed``, or ``follows``."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        if not self.changes:
            return "same"
        if all(change.field == "name" for change in self.changes):
            return "renamed"
        return "follows" if self.follows else "changed"

    @property
    def renumbered(self) -> bool:
        """Whether the name differs in nothing but the number that Keras gave it: ``conv2d_5`` is now ``conv2d_6``."""
        names = [change for change in self.changes if change.field == "name"]
        if not names or self.before is None or self.after is None:
            return False
        return all(is_automatic(row.name, row.type) for row in (self.before, self.after))

    @property
    def differs(self) -> bool:
        """Whether anything is other than the number of an automatic name."""
        return self.status != "same" and not (self.status == "renamed" and self.renumbered)


@dataclass(frozen=True, slots=True)
class Comparison(Shown):
    """Two records, layer by layer in their order, and the totals that differ."""

    before: Record
    after: Record
    pairs: tuple[Pair, ...]
    totals: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs, names included."""
        return not self.totals and all(pair.status == "same" for pair in self.pairs)

    @property
    def differs(self) -> bool:
        """Whether anything differs but the numbers of automatic names."""
        return bool(self.totals) or any(pair.differs for pair in self.pairs)
