"""Draws a table of text cells with the boxes and styles of Rich. Drawing is fast: ten thousand rows take no noticeable
time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len

from convcalc.base.text import visible
from convcalc.rendering.ascii import to_ascii
from convcalc.rendering.sheet import Column, Sheet

Painter = Callable[[str, str], str]
"""``painter(text, style)`` returns the text with the escape codes of its style, or unchanged."""

# Lines are broken at these places if possible, but not after the commas of a number such as 1,000.
_BREAKS = re.compile(r"(?<=[\s/_)\]])|(?<=,)(?!\d)|(?<=[a-z])(?=[A-Z])")

# The maximum width of a column of words if the width of the table is not limited. All rows are padded to the width of a
# column, so one very long cell could make ten thousand rows take gigabytes.
WIDEST = 1_000


@dataclass(frozen=True)
class TextStyle:
    """How text is drawn.

    Attributes:
        width: The maximum width in columns of the terminal; None: no maximum.
        ascii: True if the text may contain only ASCII characters.
        paint: The function that applies styles; None if no styles are applied.
    """

    width: int | None = None
    ascii: bool = False
    paint: Painter | None = None

    def painted(self, text: str, style: str) -> str:
        """Returns the text in a style."""
        return self.paint(text, style) if self.paint and style else text

    def encoded(self, text: str) -> str:
        """Returns the text, converted to ASCII if ``ascii`` is True."""
        return to_ascii(text) if self.ascii else text


def width_of(text: str) -> int:
    """Returns the number of terminal columns that the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def wrap(text: str, width: int) -> list[str]:
    """Returns the text as lines of at most ``width`` columns.

    If possible, the text is broken at spaces and punctuation.
    """
    if width_of(text) <= width:
        return [text]
    lines: list[str] = []
    line = ""
    for piece in _BREAKS.split(text):
        if width_of((line + piece).rstrip()) <= width:
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = piece.lstrip() if line.strip() else piece
        while width_of(line.rstrip()) > width:
            cut = _fitting(line, width)
            lines.append(line[:cut])
            line = line[cut:]
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return lines


def _fitting(text: str, width: int) -> int:
    """Returns the number of characters of the text that fit into ``width`` columns, at least 1."""
    if text.isascii():
        return width
    used = 0
    for index, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return max(index, 1)
    return len(text)


def draw_sheet(sheet: Sheet, style: TextStyle) -> str:
    """Returns the sheet as text. If the sheet has no rows, the text is only the title and the notes."""
    title = style.painted(style.encoded(visible(sheet.title)), "bold")
    grid = draw_table(sheet.columns, sheet.rows, style) if sheet.rows else ""
    return f"{title}\n{grid}" + "".join(f"{style.encoded(visible(line))}\n" for line in sheet.notes)


def draw_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], style: TextStyle) -> str:
    """Returns the table as text, with a newline at the end."""
    encoded = style.encoded
    headings = [encoded(column.heading) for column in columns]
    cells = [[encoded(visible(cell)) for cell in row] for row in rows]
    widths = _widths(columns, headings, cells, style.width)
    frame = box.ASCII2 if style.ascii else box.HEAVY_HEAD
    out = [frame.get_top(widths_with_padding(widths))]
    out.extend(_row(columns, headings, widths, (frame.head_left, frame.head_vertical, frame.head_right), style, "bold"))
    out.append(frame.get_row(widths_with_padding(widths), "head"))
    edges = (frame.mid_left, frame.mid_vertical, frame.mid_right)
    for row in cells:
        out.extend(_row(columns, row, widths, edges, style, None))
    out.append(frame.get_bottom(widths_with_padding(widths)))
    return "\n".join(out) + "\n"


def widths_with_padding(widths: Sequence[int]) -> list[int]:
    """Returns the widths of the columns, including one space on each side."""
    return [width + 2 for width in widths]


def _row(
    columns: Sequence[Column],
    cells: Sequence[str],
    widths: Sequence[int],
    edges: tuple[str, str, str],
    text_style: TextStyle,
    cell_style: str | None,
) -> list[str]:
    """Returns the lines of a row: as many as the cell with the most lines has."""
    left, middle, right = edges
    wrapped = [wrap(cell, width) for cell, width in zip(cells, widths)]
    lines = []
    for index in range(max(map(len, wrapped))):
        parts = []
        for column, lines_of_cell, width in zip(columns, wrapped, widths):
            text = lines_of_cell[index] if index < len(lines_of_cell) else ""
            blank = " " * (width - width_of(text))
            painted = text_style.painted(text, column.style if cell_style is None else cell_style)
            parts.append(f" {blank}{painted} " if column.right else f" {painted}{blank} ")
        lines.append(left + middle.join(parts) + right)
    return lines


def _widths(
    columns: Sequence[Column], headings: Sequence[str], cells: Sequence[Sequence[str]], limit: int | None
) -> list[int]:
    """Returns the widths of the columns.

    Without a ``limit``, a column is as wide as its widest cell; a column of words has at most :data:`WIDEST`. With a
    ``limit``, the widest columns become narrower until the table fits.
    """
    natural = [max(map(width_of, column)) for column in zip(headings, *cells)]
    if limit is None:
        return [width if column.right else min(width, WIDEST) for column, width in zip(columns, natural)]
    room = limit - 3 * len(columns) - 1
    # First, columns of words become narrower: down to 10 characters, then to 4. Columns of numbers become narrower only
    # after that.
    for minimum, numbers_too in ((10, False), (4, False), (3, True)):
        floors = [
            width if column.right and not numbers_too else min(width, minimum)
            for column, width in zip(columns, natural)
        ]
        if sum(floors) <= room or numbers_too:
            return _limited(natural, floors, room)
    return natural


def _limited(natural: Sequence[int], floors: Sequence[int], room: int) -> list[int]:
    """Shortens the widest columns to one common width, so that all columns fit into ``room``.

    ``floors`` are the minimum widths of the columns.
    """

    def at(level: int) -> list[int]:
        return [min(width, max(level, floor)) for width, floor in zip(natural, floors)]

    level = max(natural)
    while level > 1 and sum(at(level)) > room:
        level -= 1
    widths = at(level)
    for index, width in enumerate(natural):  # the first columns that can be wider get the remaining room
        spare = room - sum(widths)
        if spare > 0 and widths[index] < width:
            widths[index] += min(spare, width - widths[index])
    return widths
