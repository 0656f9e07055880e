"""Parses the tables that Keras 3 prints with Rich.

All box styles of Rich are accepted. Texts may be wrapped or cropped, and the table may be cut off on the right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from unicodedata import combining, east_asian_width

from convcalc.base.structs import Struct
from convcalc.keras_text.cells import RowCells, keras3_sources
from convcalc.keras_text.table import Lines, Table
from convcalc.stored import KERAS3_TEXT, Cell

_TOP = re.compile(r"[┏┌+][━─┳┬-]{8,}")
# Characters that may take two terminal columns or none: all except Latin letters, box characters and "…".
_UNUSUAL_WIDTH = re.compile(r"[^\x00-\u02ff\u2026\u2500-\u257f]")
# The characters of a table's lines: first those at the left edge, then the others.
_SIDES, _LEFT_TEES, _LEFT_BOTTOMS = frozenset("┃│|"), frozenset("┡├|"), frozenset("└+")
_CROSSINGS, _RIGHT_TEES, _HORIZONTAL = frozenset("╇┼+"), frozenset("┩┤|"), frozenset("━─-")


class _Column(Struct):
    """Where the content of a column starts and ends in a line. ``cut`` is True if the right part of the column is
    missing.
    """

    start: int
    end: int
    cut: bool


def keras3_tables(text: Lines) -> list[Table]:
    """Returns all Keras 3 tables in a text."""
    tables: list[Table] = []
    for number, line in enumerate(text.lines[:-1]):
        top = _TOP.search(line)
        if top is not None and (not tables or number > tables[-1].last):
            left = len(_grid(line[: top.start()]))
            if _at(_grid(text.lines[number + 1]), left) in _SIDES:
                tables.append(_table(text, number, left))
    return tables


def _grid(line: str) -> Sequence[str]:
    """Returns one character for each terminal column. A wide character takes two columns, a combining character takes
    no column.
    """
    if not _UNUSUAL_WIDTH.search(line):
        return line
    columns: list[str] = []
    for character in line:
        if combining(character) and columns:
            columns[-1] += character
        else:
            columns += [character, ""] if east_asian_width(character) in "WF" else [character]
    return columns


def _with_ellipses(grid: Sequence[str]) -> Sequence[str]:
    """Replaces "?" by "…" in an ASCII table. Keras marks cropped texts by "…", which ASCII output shows as "?"."""
    return re.sub(r"(?<=[^\s|])\?(?= )", "…", grid) if isinstance(grid, str) else grid


def _at(grid: Sequence[str], column: int) -> str:
    """Returns the character in a column; a space after the end of the line."""
    return grid[column] if column < len(grid) else " "


def _table(text: Lines, first: int, left: int) -> Table:
    """Parses the table whose upper left corner is in line ``first`` and column ``left``."""
    groups: list[list[Sequence[str]]] = [[]]
    columns: list[_Column] = []
    for number in range(first + 1, len(text.lines)):
        grid = _grid(text.lines[number])
        edge, next_ = _at(grid, left), _at(grid, left + 1)
        if next_ in _HORIZONTAL and edge in _LEFT_TEES | _LEFT_BOTTOMS:
            columns = columns or _columns(grid, left)
            if not columns:
                raise text.incomplete(number, "the columns of the table are cut off")
            if edge in _LEFT_BOTTOMS:
                return Table(KERAS3_TEXT, tuple(_rows(groups, columns)), first, number)
            groups.append([])
        elif edge in _SIDES:
            groups[-1].append(_with_ellipses(grid) if edge == "|" else grid)
        elif "".join(grid).strip():
            raise text.incomplete(number, "the table of layers is interrupted")
    raise text.incomplete(len(text.lines) - 1, "the text ends before the table of layers does")


def _columns(rule: Sequence[str], left: int) -> list[_Column]:
    """Returns the columns, from the horizontal line ``rule`` below the header. Each column has a space on both sides."""
    ends = [number for number in range(left + 1, len(rule)) if rule[number] in _CROSSINGS | _RIGHT_TEES]
    closed = bool(ends) and rule[ends[-1]] in _RIGHT_TEES
    if closed:
        return [_Column(start + 2, end - 1, False) for start, end in pairwise([left, *ends])]
    length = left + len("".join(rule[left:]).rstrip())
    whole = [_Column(start + 2, end - 1, False) for start, end in pairwise([left, *ends])]
    start = ends[-1] + 2 if ends else left + 2
    return [*whole, _Column(start, length, True)] if length > start else whole


def _rows(groups: list[list[Sequence[str]]], columns: list[_Column]) -> Iterator[RowCells]:
    header, *bodies = groups
    fields = [_field(number, _cell(header, column).text) for number, column in enumerate(columns)]
    for lines in filter(None, bodies):
        cells = {
            field: _cell(lines, column, right=field == "params") for field, column in zip(fields, columns) if field
        }
        layer, depth = cells["layer"], _depth(lines, columns[0])
        connected = cells.get("connected")
        countable = connected is not None and not (connected.cropped and columns[fields.index("connected")].cut)
        yield RowCells(
            layer=Cell(layer.text[1:].lstrip(), layer.cropped) if depth else layer,
            shape=_unless_empty(cells.get("shape")),
            params=_unless_empty(cells.get("params")),
            sources=keras3_sources(connected) if connected is not None and countable else None,
            connected=None if countable else _unless_empty(connected),
            trainable=_unless_empty(cells.get("trainable")),
            depth=depth,
        )


def _unless_empty(cell: Cell | None) -> Cell | None:
    return cell if cell is not None and cell.text else None


def _field(number: int, header: str) -> str:
    """Returns the field of a column; empty if unknown. Only the fourth column depends on its ``header``, which may be
    cropped.
    """
    if number < 3:
        return ("layer", "shape", "params")[number]
    if number == 4 or header.startswith("T") or header == "…":
        return "trainable"
    return "connected" if header else ""


def _depth(lines: list[Sequence[str]], column: _Column) -> int:
    """Returns the depth of a layer, from its indentation. A character before the name marks nested layers."""
    indented = re.match(r"( {2,})\S(?: |$)", "".join(lines[0][column.start : column.end]))
    return (len(indented[1]) + 2) // 3 if indented else 0


def _cell(lines: list[Sequence[str]], column: _Column, right: bool = False) -> Cell:
    """Returns the words of a cell. "…" marks a word that is cropped, or may be cropped."""
    words: list[str] = []
    for line in lines:
        part = "".join(line[column.start : column.end])
        words += part.split()
        free = column.end - column.start - len(line[column.start : column.end]) + len(part) - len(part.rstrip())
        # If the column is cut off on the right and this line fills it, a word may be missing after the line.
        if column.cut and part.strip() and (right or free < 2):
            words.append("…")
    cropped = any(word.endswith("…") for word in words)
    text = " ".join(words)
    return Cell(text if text.endswith("… …") else text.removesuffix(" …"), cropped)
