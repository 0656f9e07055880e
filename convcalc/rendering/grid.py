"""Draws a sheet as a table in text, as wide as the terminal. Drawing is fast: ten thousand rows take no noticeable time.

A table that is too wide is drawn in another way that keeps all words and numbers whole: with shorter texts, without a frame, with
cells of several lines, or as records, in which each row is a paragraph. Of these, the one with the fewest lines is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from convcalc.base.structs import Struct
from convcalc.base.text import visible
from convcalc.rendering.records import draw_records
from convcalc.rendering.sheet import Column, Sheet
from convcalc.rendering.style import TextStyle, width_of
from convcalc.rendering.words import least_width, wrap

__all__ = ["WIDEST", "TextStyle", "draw_sheet", "draw_table", "width_of"]

# The maximum width of a column of words if the width of the table is not limited. All rows are padded to the width of a
# column, so one very long cell could make ten thousand rows take gigabytes.
WIDEST = 1_000
# A way of drawing is preferred to the next one unless it takes so many times as many lines.
_WITHOUT_FRAME, _RECORDS = 1.2, 2.0
# If a row has more lines, rules are drawn between the rows.
_MOST_LINES = 2


class _Frame(Struct):
    """The characters of a frame.

    A horizontal line has the left end, the line, the crossing and the right end. ``edges`` are the texts before the first cell,
    between two cells and after the last cell.
    """

    top: str
    below_heading: str
    rule: str
    bottom: str
    heading_edges: tuple[str, str, str]
    edges: tuple[str, str, str]

    def outer(self, widths: Sequence[int]) -> int:
        """Returns the width of a table with columns of these widths."""
        left, between, right = self.edges
        return sum(widths) + len(left) + len(between) * (len(widths) - 1) + len(right)

    def line(self, characters: str, widths: Sequence[int]) -> Iterator[str]:
        """Yields a horizontal line, or nothing if the frame has none here."""
        if characters:
            left, line, crossing, right = (part.strip() for part in characters.split(","))
            pad = 1 if left else 0
            yield f"{left}{(crossing or '  ').join([line * (width + 2 * pad) for width in widths])}{right}"


_FRAME = _Frame("┏,━,┳,┓", "┡,━,╇,┩", "├,─,┼,┤", "└,─,┴,┘", ("┃ ", " ┃ ", " ┃"), ("│ ", " │ ", " │"))
_FRAME_ASCII = _Frame("+,-,+,+", "+,-,+,+", "+,-,+,+", "+,-,+,+", ("| ", " | ", " |"), ("| ", " | ", " |"))
_OPEN = _Frame("", ",─,,", "", "", ("", "  ", ""), ("", "  ", ""))
_OPEN_ASCII = _Frame("", ",-,,", "", "", ("", "  ", ""), ("", "  ", ""))


class _Table(Struct):
    """The texts of a sheet, and the smallest and the full width of each column."""

    sheet: Sheet
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    least: Sequence[int]
    full: Sequence[int]


def draw_sheet(sheet: Sheet, style: TextStyle) -> str:
    """Returns the sheet as text. If the sheet has no rows, the text is only the title and the notes."""
    body, drawn = _body(sheet, style) if sheet.rows else ("", sheet)
    title = "\n".join(style.painted(line, "bold") for line in _note(sheet.title, style))
    notes = (_signed(line, style) for note in drawn.notes for line in _note(note, style))
    return f"{title}\n{body}" + "".join(f"{line}\n" for line in notes)


def draw_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], style: TextStyle) -> str:
    """Returns the table as text, with a newline at the end."""
    return _body(Sheet("", (), columns, rows), style)[0]


def _note(note: str, style: TextStyle) -> list[str]:
    text = style.encoded(visible(note))
    return [text] if style.width is None else wrap(text, style.width, hanging=2)


def _signed(line: str, style: TextStyle) -> str:
    """Returns a line with a difference, such as ``(+500, +50.0 %)``, in green or red by its sign."""
    match = re.match(r"(.*)(\([+-][\d,][^)]*\))(.*)", line) if style.paint else None
    if match is None:
        return line
    return f"{match[1]}{style.painted(match[2], 'green' if match[2][1] == '+' else 'red')}{match[3]}"


def _body(sheet: Sheet, style: TextStyle) -> tuple[str, Sheet]:
    """Returns the rows as text, and the form of the sheet that was drawn."""
    frame, limit = _FRAME_ASCII if style.ascii else _FRAME, style.width
    table = _measured(sheet, style)
    if limit is None:
        widths = [full if column.right else min(full, WIDEST) for column, full in zip(sheet.columns, table.full)]
        return _drawn(table, widths, frame, style), sheet
    tables = []
    for form in (sheet, *(sheet.short() if sheet.short is not None else ())):
        table = _measured(form, style)
        if frame.outer(table.full) <= limit:
            return _drawn(table, table.full, frame, style), form
        tables.append(table)
    ways = [(1.0, frame), (_WITHOUT_FRAME, _OPEN_ASCII if style.ascii else _OPEN)]
    texts = [
        (cost, _drawn(table, _limited(table, way, limit), way, style), table.sheet)
        for cost, way in ways
        for table in tables
        if way.outer(table.least) <= limit
    ]
    form = tables[min(1, len(tables) - 1)].sheet
    texts.append((_RECORDS, draw_records(form, style), form))
    _, text, form = min(texts, key=lambda way: way[0] * way[1].count("\n"))
    return text, form


def _measured(sheet: Sheet, style: TextStyle) -> _Table:
    headings = [style.encoded(column.heading) for column in sheet.columns]
    cells = [[style.encoded(visible(cell)) for cell in row] for row in sheet.rows]
    by_column = [set(column) for column in zip(*cells)] or [set() for _ in headings]
    full = [max(map(width_of, (heading, *texts))) for heading, texts in zip(headings, by_column)]
    least = full
    if style.width is not None:
        least = [
            max(least_width(heading), *(_least(column, text) for text in texts))
            for column, heading, texts in zip(sheet.columns, headings, by_column)
        ]
    return _Table(sheet, headings, cells, least, full)


def _least(column: Column, text: str) -> int:
    return width_of(text) if column.right else least_width(text, _hanging(column))


def _hanging(column: Column) -> int:
    """Returns the indentation of the further lines of a cell. It shows that they belong to the row above."""
    return 2 if column.detail else 0


def _limited(table: _Table, frame: _Frame, limit: int) -> list[int]:
    """Returns widths with which the table fits. The widest columns become narrower, and no word is broken."""
    room = limit - frame.outer([0] * len(table.full))

    def at(level: int) -> list[int]:
        return [max(least, min(full, level)) for least, full in zip(table.least, table.full)]

    level = max(table.full)
    while level > 1 and sum(at(level)) > room:
        level -= 1
    widths = at(level)
    # A wrapped text may be narrower than its column. The columns to the right of it get the rest.
    for index, column in enumerate(table.sheet.columns):
        if widths[index] < table.full[index]:
            width = min(table.full[index], widths[index] + room - sum(widths))
            texts = {row[index] for row in table.rows} if not column.right else set()
            lines = [line for text in texts for line in wrap(text, width, _hanging(column))]
            lines += wrap(table.headings[index], width)
            widths[index] = max(map(width_of, lines)) if not column.right else max(widths[index], *map(width_of, lines))
    return widths


def _drawn(table: _Table, widths: Sequence[int], frame: _Frame, style: TextStyle) -> str:
    columns = table.sheet.columns
    headings = [wrap(text, width) for text, width in zip(table.headings, widths)]
    rows = [
        [wrap(text, width, _hanging(column)) for column, text, width in zip(columns, row, widths)] for row in table.rows
    ]
    has_rules = any(len(cell) > _MOST_LINES for row in rows for cell in row)
    lines = [*frame.line(frame.top, widths), *_lines(columns, headings, widths, frame.heading_edges, style, "bold")]
    lines += frame.line(frame.below_heading, widths)
    for number, row in enumerate(rows):
        if has_rules and number:
            lines += frame.line(frame.rule, widths) if frame.rule else [""]
        lines += _lines(columns, row, widths, frame.edges, style, None)
    lines += frame.line(frame.bottom, widths)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _lines(
    columns: Sequence[Column],
    cells: Sequence[Sequence[str]],
    widths: Sequence[int],
    edges: tuple[str, str, str],
    text_style: TextStyle,
    style: str | None,
) -> Iterator[str]:
    """Yields the lines of a row: as many as the cell with the most lines has. ``style`` replaces the columns' styles."""
    left, between, right = edges
    for number, texts in enumerate(zip_longest(*cells, fillvalue="")):
        parts = []
        for column, text, width in zip(columns, texts, widths):
            blank = " " * (width - width_of(text))
            painted = (
                column.painted(text, text_style, further=number > 0)
                if style is None
                else text_style.painted(text, style)
            )
            parts.append(f"{blank}{painted}" if column.right else f"{painted}{blank}")
        yield f"{left}{between.join(parts)}{right}"
