"""The snapshots of summaries that Keras printed with ``model.summary()``."""

from __future__ import annotations

import re

from convcalc.base.problems import Source
from convcalc.keras_text.cells import row_of, strip_control_codes, with_single_spaces
from convcalc.keras_text.parse2 import keras2_tables
from convcalc.keras_text.parse3 import keras3_tables
from convcalc.keras_text.table import Lines, Table
from convcalc.stored import Cell, Snapshot

# Maps each label in a printed summary to the names of its count and its size in a snapshot.
TOTAL_FIELDS = {
    "Total": ("params", "param_size"),
    "Trainable": ("trainable_params", "trainable_size"),
    "Non-trainable": ("non_trainable_params", "non_trainable_size"),
}
_TOTAL_LINE = re.compile(
    r"\b(Total|(?<!-)Trainable|Non-trainable|Optimizer)\s+params:\s+((?:≥ |>= )?)(\?|[\d,]{1,30})"
    r"(?:\s+\((\?|(?:≥ |>= )?[\d.]{1,30}\s+\w{1,4})\))?"
)
_MODEL = re.compile(r'Model: "(.*)"')


def printed_snapshots(source: Source) -> list[Snapshot]:
    """Returns the snapshots of all summaries in a text, in order. Raises :class:`ConvcalcError` for an incomplete table."""
    text = Lines(source, strip_control_codes(source.text).split("\n"))
    tables = sorted([*keras3_tables(text), *keras2_tables(text)], key=lambda table: table.first)
    ends = [*(table.first for table in tables[1:]), len(text.lines)]
    starts = [0, *(table.last for table in tables)]
    return [_snapshot(text, table, start, end) for table, start, end in zip(tables, starts, ends)]


def _snapshot(text: Lines, table: Table, start: int, end: int) -> Snapshot:
    """Returns the snapshot of a table. ``start`` is the last line of the previous table, ``end`` the first of the next."""
    names = _MODEL.findall("\n".join(text.lines[start : table.first]))
    total_lines = _TOTAL_LINE.findall("\n".join(text.lines[table.last + 1 : end]))
    rows = tuple(map(row_of, table.rows))
    return Snapshot(text.source.name, names[-1] if names else "", rows, _totals(total_lines), table.format)


def _totals(lines: list[tuple[str, str, str, str]]) -> dict[str, Cell]:
    """Returns the totals. For a compiled model, subtracts the optimizer's variables, which Keras counts too."""
    totals: dict[str, Cell] = {}
    for label, bound, count, size in lines:
        number = int(count.replace(",", "") or 0) if count != "?" else None
        if label == "Optimizer":
            totals.pop("param_size", None)
            params = totals["params"].value if "params" in totals else None
            if isinstance(params, int) and number is not None:
                totals["params"] = Cell(params - number, partial=totals["params"].partial)
        else:
            count_field, size_field = TOTAL_FIELDS[label]
            totals[count_field] = Cell(number, partial=bool(bound))
            if size:
                shown = with_single_spaces(size).replace(">=", "≥")
                totals[size_field] = Cell(None if size == "?" else shown)
    return totals
