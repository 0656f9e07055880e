"""The result of a comparison of two snapshots, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convcalc.base.keras_names import is_automatic
from convcalc.base.structs import Struct
from convcalc.stored import Cell, Row, Snapshot

SCHEMA_VERSION = 1
# Fields that say nothing new if another change of the layer is known.
DETAILS = ("weights", "frozen_weights", "receptive_field", "flops", "output_dtypes")


class Change(Struct):
    """A field whose values differ.

    ``field`` is the name of a cell, ``connected_to``, ``argument NAME``, or ``position`` (the layer's number among its
    siblings).
    """

    field: str
    before: Cell
    after: Cell

    @property
    def difference(self) -> int | None:
        """The new number minus the old number; None if a value is unknown or not a number, or if only one is a lower
        bound.
        """
        before, after = self.before.value, self.after.value
        if self.before.partial != self.after.partial:
            return None
        return after - before if isinstance(before, int) and isinstance(after, int) else None

    @property
    def percent(self) -> float | None:
        """The difference in percent of the old number; None if unknown, or if the old number is 0."""
        before, difference = self.before.value, self.difference
        return 100 * difference / before if isinstance(before, int) and before and difference is not None else None


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """A layer in the old and in the new model.

    ``before`` is None if the layer was added. ``after`` is None if the layer was removed. ``follows`` is True if only
    numbers of the layer differ, because of a change in another layer, such as its input.
    """

    before: Row | None
    after: Row | None
    changes: tuple[Change, ...] = ()
    follows: bool = False

    def __repr__(self) -> str:
        """Returns the old and the new layer, and the status."""
        return f"{type(self).__name__}({self.before!r} → {self.after!r}, {self.status})"

    @property
    def status(self) -> str:
        """``same``, ``added``, ``removed``, ``renamed`` (only the name differs), ``changed``, or ``follows``.

        ``follows`` means that the numbers changed because of a change in another layer.
        """
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
    def only_details(self) -> bool:
        """True if only computed details of the layer differ, such as the receptive field or the size of the output.

        Another layer may be the cause: the batch size of one input is that of all.
        """
        return bool(self.changes) and all(change.field in (*DETAILS, "output_bytes") for change in self.changes)

    @property
    def renumbered(self) -> bool:
        """True if the names differ and Keras chose both automatically, such as ``conv2d_5`` and ``conv2d_6``."""
        renamed = any(change.field == "name" for change in self.changes)
        if not renamed or self.before is None or self.after is None:
            return False
        return all(is_automatic(row.name, row.type) for row in (self.before, self.after))

    @property
    def differs(self) -> bool:
        """True if anything differs, except the number in an automatic name."""
        return self.status != "same" and not (self.status == "renamed" and self.renumbered)


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Two snapshots, the pairs of their layers in order, and the totals that differ."""

    before: Snapshot
    after: Snapshot
    pairs: tuple[Pair, ...]
    totals: tuple[Change, ...]

    def __repr__(self) -> str:
        """Returns the names of the models, and the number of layers by status."""
        counts = ", ".join(f"{number:,} {status}" for status, number in self.counts.items()) or "no layers"
        return f"{type(self).__name__}({self.before.source!r} → {self.after.source!r}, {counts})"

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of layers by status. A layer is ``renumbered`` if only the number in its automatic name differs."""
        return Counter(
            "renumbered" if pair.status == "renamed" and pair.renumbered else pair.status for pair in self.pairs
        )

    @property
    def shared_totals(self) -> tuple[Change, ...]:
        """The totals that both snapshots have, including totals that are equal."""
        return tuple(
            Change(key, cell, self.after.totals[key])
            for key, cell in self.before.totals.items()
            if key in self.after.totals
        )

    @property
    def same(self) -> bool:
        """True if nothing differs, not even a name."""
        return not self.totals and all(pair.status == "same" for pair in self.pairs)

    @property
    def differs(self) -> bool:
        """True if anything differs, except numbers in automatic names."""
        return bool(self.totals) or any(pair.differs for pair in self.pairs)

    def as_dict(self) -> dict[str, Any]:
        """Returns the comparison for JSON (version 1). Unknown values are None.

        If a number is only a lower bound in one of the models, ``incomplete`` names this model: ``before`` or
        ``after``.
        """
        return {
            "schema_version": SCHEMA_VERSION,
            "before": {"source": self.before.source, "name": self.before.model},
            "after": {"source": self.after.source, "name": self.after.model},
            "differs": self.differs,
            "layers": [_pair_dict(pair) for pair in self.pairs],
            "totals": {
                total.field: {**_sides(total), "difference": total.difference, "percent": total.percent}
                for total in {total.field: total for total in (*self.shared_totals, *self.totals)}.values()
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
