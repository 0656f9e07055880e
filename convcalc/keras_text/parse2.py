"""Parses the tables that Keras 2 prints. Columns begin at fixed positions, and long texts are wrapped.

Up to TensorFlow 2.6, long texts were cut off at the end of the column. Horizontal lines separated the rows, and each
source had a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from convcalc.base.structs import Struct
from convcalc.keras_text.cells import RowCells, keras2_shape, keras2_sources, without_spaces
from convcalc.keras_text.table import Lines, Table
from convcalc.stored import KERAS2_TEXT, Cell

_TOP = re.compile(r"(?<!_)_{10,}(?=\s*$)")  # Without (?<!_), the search in a long line of _ would take quadratic time.
_HEADER = re.compile(r"Layer \(type\)|Output Shape|Param #|Connected to|Trainable|\S+(?: \S+)*")
_MAX_HEADER_LINES = 15


class _Column(Struct):
    """The position of a column. ``room`` is the maximum number of characters of a text in one line."""

    field: str
    start: int
    end: int
    room: int


class _RowLine(Struct):
    """One line of a table row: the text in each column, and the depth of the row."""

    depth: int
    parts: dict[str, str]


def keras2_tables(text: Lines) -> list[Table]:
    """Returns all Keras 2 tables in a text."""
    tables: list[Table] = []
    for number, line in enumerate(text.lines):
        top = _TOP.search(line)
        if top is not None and (not tables or number > tables[-1].last):
            table = _table(text, number, top.start(), len(top[0]))
            tables += [table] if table else []
    return tables


def _table(text: Lines, first: int, left: int, length: int) -> Table | None:
    """Parses the table below a horizontal line; returns None if there is no table.

    The header is between this horizontal line and a line of ``=``.
    """
    lines = [line[left:].rstrip() for line in text.lines[first : first + _MAX_HEADER_LINES]]
    double = "=" * length
    if double not in lines or not lines[1].lstrip(" ").startswith("L"):
        return None
    begin = first + lines.index(double) + 1
    columns = _columns(lines[1], length)
    if len(columns) < 3:  # not a summary
        return None
    body: list[str] = []
    for number in range(begin, len(text.lines)):
        line = text.lines[number][left:].rstrip()
        if line == double:
            wraps = lines[1].startswith(" ")
            rows = (
                _wrapped_rows(body, _with_params_room(columns, lines[2 : lines.index(double)], body))
                if wraps
                else _cut_rows(body, columns)
            )
            return Table(KERAS2_TEXT, tuple(rows), first, number)
        body.append(line)
    raise text.incomplete(len(text.lines) - 1, "the text ends before the table of layers does")


def _columns(header: str, length: int) -> list[_Column]:
    titles = list(_HEADER.finditer(header))
    starts = [title.start() for title in titles]
    ends = [*starts[1:], length]
    fields = ["layer", "shape", "params", *("trainable" if title[0][0] == "T" else "sources" for title in titles[3:])]
    last = len(fields) - 1
    # Versions that wrap long texts begin the header with a space, and put three spaces between columns. Up to TensorFlow
    # 2.6, long texts are cut off, and one space is between columns.
    between = 3 if header.startswith(" ") else 1
    return [
        _Column(field, start, end, end - start - (0 if number == last else between))
        for number, (field, start, end) in enumerate(zip(fields, starts, ends))
    ]


def _with_params_room(columns: list[_Column], header: list[str], body: list[str]) -> list[_Column]:
    """Returns the columns. Corrects the width of the last column if its title "Param #" is wrapped.

    The horizontal lines are then longer than the rows, so the longest count gives the width.
    """
    *others, last = columns
    if last.field != "params" or not any(line[last.start :].strip() for line in header):
        return columns
    counts = [_row_line(line, columns).parts["params"] for line in body if line.strip("|¯_ ")]
    return [*others, last._replace(room=max(map(len, counts), default=last.room))]


# Rows with wrapped texts ----------------------------------------------------------------------------------------------------


def _wrapped_rows(body: list[str], columns: list[_Column]) -> Iterator[RowCells]:
    lines: list[_RowLine] = []
    for text in body:
        is_separator = not text.strip("|¯_ ")
        line = None if is_separator else _row_line(text, columns)
        if lines and (line is None or _begins_a_row(line, lines[-1], columns)):
            yield _wrapped_cells(lines)
            lines = []
        lines += [line] if line else []
    if lines:
        yield _wrapped_cells(lines)


def _row_line(line: str, columns: list[_Column]) -> _RowLine:
    depth = len(line) - len(line.lstrip("|"))
    line = line.removesuffix("|" * depth)
    parts = {
        column.field: line[column.start : column.end if number < len(columns) - 1 else None]
        for number, column in enumerate(columns)
    }
    parts["layer"] = line[depth : columns[0].end]
    return _RowLine(depth, {field: without_spaces(part) for field, part in parts.items()})


def _begins_a_row(line: _RowLine, previous: _RowLine, columns: list[_Column]) -> bool:
    """Returns True if a line begins a new row, although no separator is above it.

    A line with a count begins a row. But if the count above fills its column, the line may continue that count.
    """
    return line.depth != previous.depth or (
        bool(line.parts["params"]) and len(previous.parts["params"]) < columns[2].room
    )


def _wrapped_cells(lines: list[_RowLine]) -> RowCells:
    """Returns the cells of a row whose texts are wrapped over several lines."""
    whole = {field: "".join(line.parts[field] for line in lines) for field in lines[0].parts}
    return RowCells(
        layer=Cell(whole["layer"]),
        shape=Cell(keras2_shape(whole["shape"])),
        params=Cell(whole["params"]),
        sources=keras2_sources(whole["sources"]) if "sources" in whole else None,
        trainable=Cell(whole["trainable"]) if "trainable" in whole else None,
        depth=lines[0].depth,
    )


# Rows with texts that are cut off -------------------------------------------------------------------------------------------


def _cut_rows(body: list[str], columns: list[_Column]) -> Iterator[RowCells]:
    row: list[dict[str, Cell]] = []
    for line in body:
        cells = {column.field: _cell(line, column) for column in columns}
        if row and (line.startswith("____") or cells["layer"].text):
            yield _cut_cells(row)
            row = []
        if line.strip("_ "):
            row.append(cells)
    if row:
        yield _cut_cells(row)


def _cell(line: str, column: _Column) -> Cell:
    part = line[column.start : column.end].rstrip()
    return Cell(without_spaces(part), len(part) >= column.room)


def _cut_cells(lines: list[dict[str, Cell]]) -> RowCells:
    """Returns the cells of a row whose texts are cut off. Later lines contain only further sources."""
    first = lines[0]
    sources = tuple(line["sources"] for line in lines if line["sources"].text) if "sources" in first else None
    shape = first["shape"]
    return RowCells(
        first["layer"],
        Cell(keras2_shape(shape.text), shape.cropped),
        first["params"],
        sources,
        None,
        first.get("trainable"),
    )
