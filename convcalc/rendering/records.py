"""Draws a sheet as records: each row is a paragraph with its cells, for tables that do not fit into the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from convcalc.base.text import visible
from convcalc.rendering.sheet import Column, Sheet
from convcalc.rendering.style import TextStyle, width_of
from convcalc.rendering.words import indentation, wrap

_WIDTH = 100  # the width if no width is given
_GAP = "   "


def draw_records(sheet: Sheet, style: TextStyle) -> str:
    """Returns the rows as text. The first line of a record is the row's name, and the others are its cells."""
    lines: list[str] = []
    for row in sheet.rows:
        cells = [(column, style.encoded(visible(cell))) for column, cell in zip(sheet.columns, row)]
        lines += _record(cells, style, style.width or _WIDTH)
    return "".join(f"{line}\n" for line in lines)


def _record(cells: list[tuple[Column, str]], style: TextStyle, width: int) -> Iterator[str]:
    sign = [text for column, text in cells[:1] if not column.heading]  # in a comparison, the first cell is a sign
    column, name = cells[len(sign)]
    title = f"{sign[0] or ' '} {name}" if sign else name
    indent = " " * (indentation(title) + 2)
    for number, line in enumerate(wrap(title, width, hanging=2)):
        yield column.painted(line, style, "bold", further=number > 0)
    line, shown, used = "", "", 0
    for column, text in cells[len(sign) + 1 :]:
        if text.strip() in ("", "-"):
            continue
        label = style.encoded(column.heading) + ": "
        pair = label + text.strip()
        painted = style.painted(label, "dim") + column.painted(text.strip(), style)
        if line and len(indent) + used + len(_GAP) + width_of(pair) <= width:
            line, shown = line + _GAP + pair, shown + _GAP + painted
            used += len(_GAP) + width_of(pair)
            continue
        if line:
            yield indent + shown
        line, shown, used = pair, painted, width_of(pair)
        if len(indent) + used > width:
            first, *rest = wrap(indent + pair, width, hanging=2)
            yield style.painted(first[: len(indent) + len(label)], "dim") + column.painted(
                first[len(indent) + len(label) :], style
            )
            yield from (column.painted(part, style) for part in rest)
            line = ""
    if line:
        yield indent + shown
