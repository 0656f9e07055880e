"""Chooses the rows of a report that are shown: some layers, folded, sorted, or only the largest.

These are operations on the rows, before any format writes them. The totals of the report stay those of the whole model.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import pairwise

from convcalc.analyse.report import LayerReport
from convcalc.analyse.study import Study
from convcalc.analyse.sums import sum_known
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, plain
from convcalc.base.problems import did_you_mean, error, listed
from convcalc.base.selection import EVERYTHING, Selection
from convcalc.base.text import number_text, percent_text


def selected(report: Study, depth: int, selection: Selection = EVERYTHING) -> tuple[list[LayerReport], list[str]]:
    """Returns the rows that are shown, and a note about the others.

    ``depth`` is the number of levels of nested models.
    """
    if selection == EVERYTHING:
        return [row for row in report.layers if row.depth <= depth], []
    rows = list(report.layers)
    if selection.patterns:
        rows = _matching(rows, selection.patterns)
    elif not selection.fold or depth:
        rows = [row for row in rows if row.depth <= depth]
    layers = rows
    if selection.fold:
        from convcalc.analyse.folding import folded  # imported lazily: most commands do not need it

        rows = folded(rows)
    if selection.sort is not None or selection.top is not None:
        rows = _largest(report, rows, selection.sort or "params")[: selection.top]
    return rows, [_note(report, rows, len(layers), selection)]


def members(row: LayerReport) -> Sequence[LayerReport]:
    """Returns the rows that a row stands for: itself, or the rows that are folded in it."""
    parts: tuple[LayerReport, ...] = getattr(row, "members", (row,))
    return parts


def _matching(rows: Sequence[LayerReport], patterns: Sequence[str]) -> list[LayerReport]:
    """Returns the rows whose name or path matches one of the patterns. Raises :class:`ConvcalcError` if none does."""
    names = [row.path for row in rows]
    for pattern in patterns:
        if not any(fnmatchcase(row.name, pattern) or fnmatchcase(row.path, pattern) for row in rows):
            hint = did_you_mean(pattern.strip("*?"), names)
            some = f"; its layers are {listed(names[:8], 'and')}{' …' if len(names) > 8 else ''}"
            raise error(codes.UNKNOWN_LAYER, f"no layer of the model matches '{pattern}'{hint or some}")
    return [
        row
        for row in rows
        if any(fnmatchcase(row.name, pattern) or fnmatchcase(row.path, pattern) for pattern in patterns)
    ]


def _largest(report: Study, rows: Sequence[LayerReport], key: str) -> list[LayerReport]:
    """Returns the rows of single layers, the largest first. A nested model is left out if its layers are among the rows."""
    models = {above.path for above, row in pairwise(rows) if row.depth > above.depth}
    single = [row for row in rows if row.path not in models]
    return sorted(single, key=lambda row: -_number(report, row, key))


def _number(report: Study, row: LayerReport, key: str) -> int:
    """Returns the number by which a row is sorted; -1 if it is unknown."""
    values: list[Number]
    if key == "output_bytes":
        values = [report.memory.output_bytes(member).value for member in members(row)]
    elif key == "weight_bytes":
        values = [report.memory.weights_of(member).value for member in members(row)]
    elif key == "alive_bytes":
        values = [max(report.memory.peak_at_layer.get(member.path, -1) for member in members(row))]
    else:
        value = getattr(row, key)
        values = [UNKNOWN if value is None else value]
    known = [number for number in map(plain, values) if isinstance(number, int)]
    return sum(known) if known else -1


def _note(report: Study, rows: Sequence[LayerReport], layers: int, selection: Selection) -> str:
    """Returns the note that says what the rows are, and that the totals are of the whole model."""
    every = len(report.layers)
    parts = [row for row in rows if len(members(row)) > 1]
    number = sum(len(members(row)) for row in rows)
    text = f" {number:,} of {every:,} layers" if selection.patterns or selection.top is not None else ""
    if parts:
        text += f"{', ' if text else ' '}{len(parts):,} row{'s' * (len(parts) != 1)} of several layers"
    if text and not (number == layers == every):
        top = min((row.depth for row in rows), default=0)
        params, macs = (
            sum_known([getattr(row, name) for row in rows if row.depth == top]).value for name in ("params", "macs")
        )
        share = percent_text(params, report.totals.params)
        text += f": {number_text(params)} params ({share}), {number_text(macs)} MACs"
    return f"{text or ' Sorted'}; the totals are of the whole model"
