"""The table that Keras 3 prints, read back: drawn by Rich in any of its boxes, wrapped, cropped, or cut off on the right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from unicodedata import combining, east_asian_width

from convcalc.base.structs import NamedTuple
from convcalc.keras_text.cells import Texts, sources_of
from convcalc.keras_text.table import Lines, Table
from convcalc.stored import Cell

_TOP = re.compile(r"[┏┌+][━─┳┬-]{8,}")
# What may not take one column; not so Latin letters, the signs of boxes, and "…".
_UNUSUAL = re.compile(r"[^\x00-\u02ff\u2026\u2500-\u257f]")
_SIDES, _TURNS, _FEET = frozenset("┃│|"), frozenset("┡├|"), frozenset("└+")
_CROSSINGS, _CORNERS, _FLAT = frozenset("╇┼+"), frozenset("┩┤|"), frozenset("━─-")


class _Column(NamedTuple):
    """Where a column's content stands; ``cut`` says that its right part is missing."""

    start: int
    end: int
    cut: bool


def keras_tables(text: Lines) -> list[Table]:
    """Every table of Keras 3 in a text."""
    tables: list[Table] = []
    for number, line in enumerate(text.lines[:-1]):
        top = _TOP.search(line)
        if top is not None and (not tables or number > tables[-1].last):
            left = len(_grid(line[: top.start()]))
            if _at(_grid(text.lines[number + 1]), left) in _SIDES:
                tables.append(_table(text, number, left))
    return tables


def _grid(line: str) -> Sequence[str]:
    """A line as the columns of a terminal: a wide character takes two, one that combines none."""
    if not _UNUSUAL.search(line):
        return line
    columns: list[str] = []
    for sign in line:
        if combining(sign) and columns:
            columns[-1] += sign
        else:
            columns += [sign, ""] if east_asian_width(sign) in "WF" else [sign]
    return columns


def _marked(grid: Sequence[str]) -> Sequence[str]:
    """A line between bars, where a "?" stands in place of the "…" that its encoding lacks."""
    return re.sub(r"(?<=[^\s|])\?(?= )", "…", grid) if isinstance(grid, str) else grid


def _at(grid: Sequence[str], column: int) -> str:
    return grid[column] if column < len(grid) else " "


def _table(text: Lines, first: int, left: int) -> Table:
    """The table whose upper edge is in line ``first``, and its left one in column ``left``."""
    groups: list[list[Sequence[str]]] = [[]]
    columns: list[_Column] = []
    for number in range(first + 1, len(text.lines)):
        grid = _grid(text.lines[number])
        edge, next_ = _at(grid, left), _at(grid, left + 1)
        if next_ in _FLAT and edge in _TURNS | _FEET:
            columns = columns or _columns(grid, left)
            if not columns:
                raise text.broken(number, "nothing is left of the table's columns")
            if edge in _FEET:
                return Table("keras", tuple(_rows(groups, columns)), first, number)
            groups.append([])
        elif edge in _SIDES:
            groups[-1].append(_marked(grid) if edge == "|" else grid)
        elif "".join(grid).strip():
            raise text.broken(number, "the table of layers stops in the middle")
    raise text.broken(len(text.lines) - 1, "the text ends within the table of layers")


def _columns(rule: Sequence[str], left: int) -> list[_Column]:
    """The columns by the rule below the header. Each has a space on both sides."""
    ends = [number for number in range(left + 1, len(rule)) if rule[number] in _CROSSINGS | _CORNERS]
    closed = bool(ends) and rule[ends[-1]] in _CORNERS
    if closed:
        return [_Column(start + 2, end - 1, False) for start, end in pairwise([left, *ends])]
    length = left + len("".join(rule[left:]).rstrip())
    found = [_Column(start + 2, end - 1, False) for start, end in pairwise([left, *ends])]
    start = ends[-1] + 2 if ends else left + 2
    return [*found, _Column(start, length, True)] if length > start else found


def _rows(groups: list[list[Sequence[str]]], columns: list[_Column]) -> Iterator[Texts]:
    header, *bodies = groups
    fields = [_field(number, _cell(header, column).text) for number, column in enumerate(columns)]
    for lines in filter(None, bodies):
        cells = {
            field: _cell(lines, column, right=field == "params") for field, column in zip(fields, columns) if field
        }
        layer, depth = cells["layer"], _depth(lines, columns[0])
        connected = cells.get("connected")
        countable = connected is not None and not (connected.cropped and columns[fields.index("connected")].cut)
        yield Texts(
            layer=Cell(layer.text[1:].lstrip(), layer.cropped) if depth else layer,
            shape=_there(cells.get("shape")),
            params=_there(cells.get("params")),
            sources=sources_of(connected) if connected is not None and countable else None,
            connected=None if countable else _there(connected),
            trainable=_there(cells.get("trainable")),
            depth=depth,
        )


def _there(cell: Cell | None) -> Cell | None:
    return cell if cell is not None and cell.text else None


def _field(number: int, header: str) -> str:
    """What a column holds: the fourth and the fifth by what is left of the header, nothing where nothing is left."""
    if number < 3:
        return ("layer", "shape", "params")[number]
    if number == 4 or header.startswith("T") or header == "…":
        return "trainable"
    return "connected" if header else ""


def _depth(lines: list[Sequence[str]], column: _Column) -> int:
    """How deep a layer is nested, by the room and the sign before its name."""
    found = re.match(r"( {2,})\S(?: |$)", "".join(lines[0][column.start : column.end]))
    return (len(found[1]) + 2) // 3 if found else 0


def _cell(lines: list[Sequence[str]], column: _Column, right: bool = False) -> Cell:
    """A cell's words. Rich ends one that it crops in "…"; so do we a line of which more may have stood there."""
    words: list[str] = []
    for line in lines:
        part = "".join(line[column.start : column.end])
        words += part.split()
        free = column.end - column.start - len(line[column.start : column.end]) + len(part) - len(part.rstrip())
        # One space may be that before the next word.
        if column.cut and part.strip() and (right or free < 2):
            words.append("…")
    cropped = any(word.endswith("…") for word in words)
    text = " ".join(words)
    return Cell(text if text.endswith("… …") else text.removesuffix(" …"), cropped)
