"""The table that Keras 2 prints, read back: its columns stand at fixed places, and a text that does not fit goes on below.

Up to TensorFlow 2.6 a text was cut off at its column instead, and rows stood between lines; each source had a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from convcalc.base.structs import NamedTuple
from convcalc.keras_text.cells import Texts, keras2_shape, keras2_sources, squeezed
from convcalc.keras_text.table import Lines, Table
from convcalc.stored import Cell

_TOP = re.compile(r"_{10,}(?=\s*$)")
_HEADER = re.compile(r"Layer \(type\)|Output Shape|Param #|Connected to|Trainable|\S+(?: \S+)*")
_MOST_HEADER_LINES = 15


class _Column(NamedTuple):
    """Where a column's text stands; ``room`` is how much of one is printed before it goes on below, or is cut off."""

    field: str
    start: int
    end: int
    room: int


class _Piece(NamedTuple):
    """A line of a row: what stands in each column. ``depth`` is that of the row."""

    depth: int
    parts: dict[str, str]


def keras2_tables(text: Lines) -> list[Table]:
    """Every table of Keras 2 in a text."""
    tables: list[Table] = []
    for number, line in enumerate(text.lines):
        top = _TOP.search(line)
        if top is not None and (not tables or number > tables[-1].last):
            table = _table(text, number, top.start(), len(top[0]))
            tables += [table] if table else []
    return tables


def _table(text: Lines, first: int, left: int, length: int) -> Table | None:
    """The table below a line, if there is one: its header stands between this line and a double one."""
    lines = [line[left:].rstrip() for line in text.lines[first : first + _MOST_HEADER_LINES]]
    double = "=" * length
    if double not in lines or not lines[1].lstrip(" ").startswith("L"):
        return None
    begin = first + lines.index(double) + 1
    columns = _columns(lines[1], length)
    if len(columns) < 3:  # the header of something else
        return None
    body: list[str] = []
    for number in range(begin, len(text.lines)):
        line = text.lines[number][left:].rstrip()
        if line == double:
            folds = lines[1].startswith(" ")
            rows = (
                _folded(body, _measured(columns, lines[2 : lines.index(double)], body))
                if folds
                else _cut(body, columns)
            )
            return Table("keras2", tuple(rows), first, number)
        body.append(line)
    raise text.broken(len(text.lines) - 1, "the text ends within the table of layers")


def _columns(header: str, length: int) -> list[_Column]:
    found = list(_HEADER.finditer(header))
    starts = [each.start() for each in found]
    ends = [*starts[1:], length]
    fields = ["layer", "shape", "params", *("trainable" if each[0][0] == "T" else "sources" for each in found[3:])]
    last = len(fields) - 1
    # Behind each column but the last there is some room: three signs where texts go on below, else one.
    between = 3 if header.startswith(" ") else 1
    return [
        _Column(field, start, end, end - start - (0 if number == last else between))
        for number, (field, start, end) in enumerate(zip(fields, starts, ends))
    ]


def _measured(columns: list[_Column], header: list[str], body: list[str]) -> list[_Column]:
    """The columns, with the room for a count as it is seen where it is the last one and even "Param #" goes on below: then the
    table is narrower than its lines, and a count that goes on fills its column.
    """
    *others, last = columns
    if last.field != "params" or not any(line[last.start :].strip() for line in header):
        return columns
    counts = [_piece(line, columns).parts["params"] for line in body if line.strip("|¯_ ")]
    return [*others, last._replace(room=max(map(len, counts), default=last.room))]


# Rows whose texts go on below ---------------------------------------------------------------------------------------------


def _folded(body: list[str], columns: list[_Column]) -> Iterator[Texts]:
    pieces: list[_Piece] = []
    for line in body:
        rule = not line.strip("|¯_ ")
        piece = None if rule else _piece(line, columns)
        if pieces and (piece is None or _begins_a_row(piece, pieces[-1], columns)):
            yield _texts(pieces)
            pieces = []
        pieces += [piece] if piece else []
    if pieces:
        yield _texts(pieces)


def _piece(line: str, columns: list[_Column]) -> _Piece:
    depth = len(line) - len(line.lstrip("|"))
    line = line.removesuffix("|" * depth)
    parts = {
        column.field: line[column.start : column.end if number < len(columns) - 1 else None]
        for number, column in enumerate(columns)
    }
    parts["layer"] = line[depth : columns[0].end]
    return _Piece(depth, {field: squeezed(part) for field, part in parts.items()})


def _begins_a_row(piece: _Piece, before: _Piece, columns: list[_Column]) -> bool:
    """Whether a new row begins with no line before it: a count goes on below only where it fills its column."""
    return piece.depth != before.depth or (
        bool(piece.parts["params"]) and len(before.parts["params"]) < columns[2].room
    )


def _texts(pieces: list[_Piece]) -> Texts:
    whole = {field: "".join(piece.parts[field] for piece in pieces) for field in pieces[0].parts}
    return Texts(
        layer=Cell(whole["layer"]),
        shape=Cell(keras2_shape(whole["shape"])),
        params=Cell(whole["params"]),
        sources=keras2_sources(whole["sources"]) if "sources" in whole else None,
        trainable=Cell(whole["trainable"]) if "trainable" in whole else None,
        depth=pieces[0].depth,
    )


# Rows whose texts are cut off ---------------------------------------------------------------------------------------------


def _cut(body: list[str], columns: list[_Column]) -> Iterator[Texts]:
    row: list[dict[str, Cell]] = []
    for line in body:
        cells = {column.field: _cell(line, column) for column in columns}
        if row and (line.startswith("____") or cells["layer"].text):
            yield _cut_texts(row)
            row = []
        if line.strip("_ "):
            row.append(cells)
    if row:
        yield _cut_texts(row)


def _cell(line: str, column: _Column) -> Cell:
    part = line[column.start : column.end].rstrip()
    return Cell(squeezed(part), len(part) >= column.room)


def _cut_texts(lines: list[dict[str, Cell]]) -> Texts:
    """A row; of its lines all but the first hold further sources alone."""
    first = lines[0]
    sources = tuple(line["sources"] for line in lines if line["sources"].text) if "sources" in first else None
    shape = first["shape"]
    return Texts(
        first["layer"],
        Cell(keras2_shape(shape.text), shape.cropped),
        first["params"],
        sources,
        None,
        first.get("trainable"),
    )
