"""A table of text cells: Rich's boxes and styles, laid out in one pass, so that ten thousand rows are no wait.

Cells wrap where the table must be narrower than they are; nothing is ever cut. A table that cannot be as narrow as asked
is as narrow as it can be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len

from convcalc.base.text import visible
from convcalc.rendering.sheet import Column, Sheet
from convcalc.rendering.signs import to_ascii

Painter = Callable[[str, str], str]
"""``painter(text, style)`` gives the text with its style's escape codes, or as it is."""

# A long word may be broken behind one of these, before it is broken anywhere; not a number between its thousands.
_BREAKS = re.compile(r"(?<=[\s/_)\]])|(?<=,)(?!\d)|(?<=[a-z])(?=[A-Z])")

# Of a column of words, where the table may be as wide as it needs: each row is filled up to it, which for a sum of ten thousand
# tensors, each from a row of its own, would come to gigabytes.
WIDEST = 1_000


@dataclass(frozen=True)
class TextStyle:
    """How text is drawn: ``width`` None for as wide as it needs; ``paint`` applies styles; ``ascii`` keeps to ASCII."""

    width: int | None = None
    ascii: bool = False
    paint: Painter | None = None

    def painted(self, text: str, style: str) -> str:
        """The text in a style."""
        return self.paint(text, style) if self.paint and style else text

    def signs(self, text: str) -> str:
        """The text with its signs in ASCII where that is asked."""
        return to_ascii(text) if self.ascii else text


def width_of(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` columns, broken at spaces and signs, else anywhere."""
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
    """How many characters fit, at least one."""
    if text.isascii():
        return width
    used = 0
    for index, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return max(index, 1)
    return len(text)


def drawn(sheet: Sheet, look: TextStyle) -> str:
    """The sheet in a terminal, or in plain text; with no rows the title and the notes."""
    title = look.painted(look.signs(visible(sheet.title)), "bold")
    grid = draw(sheet.columns, sheet.rows, look) if sheet.rows else ""
    return f"{title}\n{grid}" + "".join(f"{look.signs(visible(line))}\n" for line in sheet.notes)


def draw(columns: Sequence[Column], rows: Sequence[Sequence[str]], look: TextStyle) -> str:
    """The table as text, with a newline at its end."""
    signs = look.signs
    headings = [signs(column.heading) for column in columns]
    cells = [[signs(visible(cell)) for cell in row] for row in rows]
    widths = _widths(columns, headings, cells, look.width)
    frame = box.ASCII2 if look.ascii else box.HEAVY_HEAD
    out = [frame.get_top(widths_with_padding(widths))]
    out.extend(_row(columns, headings, widths, (frame.head_left, frame.head_vertical, frame.head_right), look, "bold"))
    out.append(frame.get_row(widths_with_padding(widths), "head"))
    edges = (frame.mid_left, frame.mid_vertical, frame.mid_right)
    for row in cells:
        out.extend(_row(columns, row, widths, edges, look, None))
    out.append(frame.get_bottom(widths_with_padding(widths)))
    return "\n".join(out) + "\n"


def widths_with_padding(widths: Sequence[int]) -> list[int]:
    """Column widths with the blank on either side."""
    return [width + 2 for width in widths]


def _row(
    columns: Sequence[Column],
    cells: Sequence[str],
    widths: Sequence[int],
    edges: tuple[str, str, str],
    look: TextStyle,
    style: str | None,
) -> list[str]:
    """A row's lines: as many as its tallest cell."""
    left, middle, right = edges
    wrapped = [wrap(cell, width) for cell, width in zip(cells, widths)]
    lines = []
    for index in range(max(map(len, wrapped))):
        parts = []
        for column, lines_of_cell, width in zip(columns, wrapped, widths):
            text = lines_of_cell[index] if index < len(lines_of_cell) else ""
            blank = " " * (width - width_of(text))
            painted = look.painted(text, column.style if style is None else style)
            parts.append(f" {blank}{painted} " if column.right else f" {painted}{blank} ")
        lines.append(left + middle.join(parts) + right)
    return lines


def _widths(
    columns: Sequence[Column], headings: Sequence[str], cells: Sequence[Sequence[str]], limit: int | None
) -> list[int]:
    """Each column as wide as its widest cell, and as :data:`WIDEST`; where that is too much, the widest that can wrap give way."""
    natural = [max(map(width_of, column)) for column in zip(headings, *cells)]
    if limit is None:
        return [width if column.right else min(width, WIDEST) for column, width in zip(columns, natural)]
    room = limit - 3 * len(columns) - 1
    # Words give way first, down to a width at which they can be read; then further; numbers only when nothing else helps.
    for least, numbers_too in ((10, False), (4, False), (3, True)):
        floors = [
            width if column.right and not numbers_too else min(width, least) for column, width in zip(columns, natural)
        ]
        if sum(floors) <= room or numbers_too:
            return _levelled(natural, floors, room)
    return natural


def _levelled(natural: Sequence[int], floors: Sequence[int], room: int) -> list[int]:
    """The widest columns cut to one level, as high as there is room for; none below its floor."""

    def at(level: int) -> list[int]:
        return [min(width, max(level, floor)) for width, floor in zip(natural, floors)]

    level = max(natural)
    while level > 1 and sum(at(level)) > room:
        level -= 1
    widths = at(level)
    for index, width in enumerate(natural):  # what is left over goes to the first that can use it
        spare = room - sum(widths)
        if spare > 0 and widths[index] < width:
            widths[index] += min(spare, width - widths[index])
    return widths
