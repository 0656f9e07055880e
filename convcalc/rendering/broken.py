"""The table of a model with an error: the layers down to the error, with the broken layer in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from convcalc.analyse.broken import rows_to_the_break
from convcalc.analyse.study import Study
from convcalc.rendering.table import summary_sheet

if TYPE_CHECKING:
    from convcalc.rendering.style import TextStyle

_BROKEN = "error"


def broken_table(report: Study, style: TextStyle, columns: Sequence[str] | None = None) -> str:
    """Returns the table of a model with an error. It has no totals, because they would be wrong."""
    from convcalc.rendering.grid import draw_sheet

    count = rows_to_the_break(report)
    rest = sum(row.depth == 0 for row in report.layers[count:])
    shown = replace(report, layers=report.layers[:count])
    sheet = summary_sheet(shown, columns)
    cells = [list(row) for row in sheet.rows]
    cells[-1] = [_BROKEN if cell in ("", "?") else cell for cell in cells[-1]]
    name = report.layers[count - 1].name
    notes = [
        f" The table ends at '{name}', which has an error." if name else " The table ends at the layer with an error."
    ]
    if rest:
        notes.append(f" {rest:,} more layer{'s are' if rest > 1 else ' is'} not shown.")
    return draw_sheet(replace(sheet, rows=cells, notes=notes, short=None), style)
