"""What differs between two records, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convcalc.base.keras_names import is_automatic
from convcalc.base.structs import NamedTuple
from convcalc.stored import Cell, Row, Snapshot

SCHEMA_VERSION = 1


class Change(NamedTuple):
    """One field that differs: a cell's name, ``connected_to``, an argument as ``argument kernel_size``, or ``position``, the
    place among the layers beside it.
    """

    field: str
    before: Cell
    after: Cell

    @property
    def difference(self) -> int | None:
        """How much more it is after; None of what is unknown, or no number."""
        before, after = self.before.value, self.after.value
        return after - before if isinstance(before, int) and isinstance(after, int) else None

    @property
    def percent(self) -> float | None:
        """The difference as a share of what was before; None where that is nothing, or not known."""
        before, difference = self.before.value, self.difference
        return 100 * difference / before if isinstance(before, int) and before and difference is not None else None


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
class Comparison:
    """Two records, layer by layer in their order, and the totals that differ."""

    before: Snapshot
    after: Snapshot
    pairs: tuple[Pair, ...]
    totals: tuple[Change, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many layers there are of each status; those that have another number in their name alone are ``renumbered``."""
        return Counter(
            "renumbered" if pair.status == "renamed" and pair.renumbered else pair.status for pair in self.pairs
        )

    @property
    def shared_totals(self) -> tuple[Change, ...]:
        """All totals that are on record on both sides, whether they differ or not."""
        return tuple(
            Change(key, cell, self.after.totals[key])
            for key, cell in self.before.totals.items()
            if key in self.after.totals
        )

    @property
    def same(self) -> bool:
        """Whether nothing differs, names included."""
        return not self.totals and all(pair.status == "same" for pair in self.pairs)

    @property
    def differs(self) -> bool:
        """Whether anything differs but the numbers of automatic names."""
        return bool(self.totals) or any(pair.differs for pair in self.pairs)

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON has it, version 1: numbers as numbers, null for what is not known or not there; ``incomplete`` says
        of which side a number is only a lower bound (``partial``).
        """
        return {
            "schema_version": SCHEMA_VERSION,
            "before": {"source": self.before.source, "name": self.before.model},
            "after": {"source": self.after.source, "name": self.after.model},
            "differs": self.differs,
            "layers": [_pair_dict(pair) for pair in self.pairs],
            "totals": {
                total.field: {**_sides(total), "difference": total.difference, "percent": total.percent}
                for total in self.shared_totals
            },
        }


def _pair_dict(pair: Pair) -> dict[str, Any]:
    return {
        "status": pair.status,
        "renumbered": pair.renumbered,
        "before": _row_dict(pair.before),
        "after": _row_dict(pair.after),
        "changes": [{"field": change.field, **_sides(change)} for change in pair.changes],
    }


def _sides(change: Change) -> dict[str, Any]:
    sides = {"before": change.before, "after": change.after}
    labels = {name: "partial" for name, cell in sides.items() if cell.partial}
    return {**{name: cell.value for name, cell in sides.items()}, **({"incomplete": labels} if labels else {})}


def _row_dict(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"path": row.path, "depth": row.depth, **{field: cell.value for field, cell in row.cells.items()}}
