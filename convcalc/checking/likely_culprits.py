"""Which layers a total may differ for, where all that is on record of the layers themselves agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from convcalc.analyse.report import LayerReport, Report
from convcalc.analyse.rows import FROZEN
from convcalc.base.numbers import product
from convcalc.base.problems import listed
from convcalc.differences.comparison import Change

_MOST_NAMED = 6


def likely_culprits(report: Report, total: Change) -> str:
    """What a message adds on a total that differs; empty where nothing is to be said."""
    if total.field == "trainable_params":
        before, after = total.before.value, total.after.value
        return _frozen(report, before - after) if isinstance(before, int) and isinstance(after, int) else ""
    return _of_dtype(report) if total.field in ("param_size", "param_bytes") else ""


def _frozen(report: Report, more: int) -> str:
    """The layers that hold as many parameters as train in the record and not here (or, ``more`` below 0, here and not there)."""
    rows = report.layers
    if more < 0:
        found = [row for row in rows if row.counts.trainable_in_model == -more]
        return _said(found, "trains here and has as many", "train here and have as many") if found else ""
    held = {row.path: _held(row, rows) for row in rows if not row.trainable}
    found = [row for row in rows if held.get(row.path) == more]
    if found:
        return _said(found, "is frozen here and has as many", "are frozen here and have as many")
    inside = {row.path for row in rows for other in held if other.startswith(f"{row.path}/")}
    alone = [row for row in rows if held.get(row.path) and row.path not in inside]
    if sum(held[row.path] for row in alone) == more:
        return _said(alone, "is frozen here and has as many", "are frozen here and have as many together")
    return ""


def _held(row: LayerReport, rows: Sequence[LayerReport]) -> int:
    """The parameters of a layer, and of the layers inside of it, that are frozen with a layer."""
    below = (other for other in rows if other.path == row.path or other.path.startswith(f"{row.path}/"))
    counts = [product(weight.shape) for each in below for weight in each.weights if weight.frozen_because == FROZEN]
    return sum(count for count in counts if isinstance(count, int))


def _of_dtype(report: Report) -> str:
    """The layers of another dtype than most."""
    rows = [row for row in report.layers if row.weights]
    counts = Counter(row.dtype for row in rows)
    if len(counts) < 2:
        return f"; every layer with parameters has the dtype '{rows[0].dtype}' here" if rows else ""
    usual = max(counts, key=lambda dtype: (counts[dtype], dtype == "float32"))
    others = [row for row in rows if row.dtype != usual]
    dtypes = listed(sorted({f"'{row.dtype}'" for row in others}))
    return _said(others, f"has the dtype {dtypes} here", f"have the dtype {dtypes} here") + f", the others '{usual}'"


def _said(rows: Sequence[LayerReport], one: str, several: str) -> str:
    more = len(rows) - _MOST_NAMED
    names = [f"'{row.path}'" for row in rows[:_MOST_NAMED]] + ([f"{more:,} more"] if more > 0 else [])
    return f"; the record does not say in which layers, but {listed(names, 'and')} {one if len(rows) == 1 else several}"
