"""Completes cropped texts of a printed summary from the model that is compared with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from convcalc.stored import Cell, Row, Snapshot

_MAX_PAIRS = 250_000  # the maximum number of pairs of rows that are compared


def uncrop(printed: Snapshot, current: Snapshot) -> Snapshot:
    """Returns the printed snapshot with its cropped cells completed from the model's cells.

    Many cropped names are equal, so rows are paired by their order, in three steps:

    1. Rows at the beginning and at the end whose cells all agree.
    2. Then rows at the beginning and at the end whose names and types agree.
    3. The rows between: one by one if there are equally many. Otherwise the longest series of rows whose names and
       types agree.

    Cells that are still cropped are compared as plain texts.
    """
    if not any(map(_is_cropped, printed.rows)):
        return printed
    rows = list(printed.rows)
    for number, row in _pairs(printed.rows, current.rows):
        rows[number] = _completed(rows[number], row)
    return replace(printed, rows=tuple(map(_with_literal_cells, rows)))


def _is_cropped(row: Row) -> bool:
    return any(cell.cropped for cell in (*row.cells.values(), *(row.sources or ())))


def _pairs(printed: Sequence[Row], current: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """Yields pairs: the number of a printed row, and the model's row of the same layer."""
    start, left, right = 0, printed, current
    for agree in (_agree, names_agree):
        ahead = _common_start(left, right, agree)
        after = _common_start(left[ahead:][::-1], right[ahead:][::-1], agree)
        yield from ((start + number, right[number]) for number in range(ahead))
        yield from ((start + len(left) - number, right[-number]) for number in range(1, after + 1))
        start, left, right = start + ahead, left[ahead : len(left) - after], right[ahead : len(right) - after]
    if len(left) == len(right):
        yield from ((start + number, row) for number, row in enumerate(right))
    elif len(left) * len(right) <= _MAX_PAIRS:
        yield from ((start + i, right[j]) for i, j in _longest_agreement(left, right))


def _longest_agreement(printed: Sequence[Row], current: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Yields (row of ``printed``, row of ``current``) for the longest series of pairs whose names and types agree.

    :mod:`convcalc.differences.myers` cannot do this: it needs items that are equal or not. Here, "conv…" agrees with
    both "conv1" and "conv2".
    """
    lengths = [[0] * (len(current) + 1) for _ in range(len(printed) + 1)]
    agree = [[row.depth == like.depth and names_agree(row, like) for like in current] for row in printed]
    for i in reversed(range(len(printed))):
        for j in reversed(range(len(current))):
            skipped = max(lengths[i + 1][j], lengths[i][j + 1])
            lengths[i][j] = max(skipped, lengths[i + 1][j + 1] + 1) if agree[i][j] else skipped
    i = j = 0
    while i < len(printed) and j < len(current):
        if agree[i][j] and lengths[i][j] == lengths[i + 1][j + 1] + 1:
            yield i, j
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1


def _common_start(printed: Sequence[Row], current: Sequence[Row], agree: Callable[[Row, Row], bool]) -> int:
    """Returns how many rows at the beginning agree."""
    length = 0
    for row, like in zip(printed, current):
        if row.depth != like.depth or not agree(row, like):
            break
        length += 1
    return length


def names_agree(printed: Row, current: Row) -> bool:
    """Returns True if two rows may show the same layer: the visible parts of names and types agree."""
    return all(
        printed.cells[key].agrees(current.cells[key])
        for key in ("name", "type")
        if key in printed.cells and key in current.cells
    )


def _agree(printed: Row, current: Row) -> bool:
    """Returns True if all cells and sources of two rows agree."""
    cells = all(cell.agrees(current.cells[key]) for key, cell in printed.cells.items() if key in current.cells)
    if not cells or printed.sources is None or current.sources is None:
        return cells
    return len(printed.sources) == len(current.sources) and all(map(Cell.agrees, printed.sources, current.sources))


def _completed(printed: Row, current: Row) -> Row:
    """Returns the printed row, with cropped cells replaced by the model's cells if they agree."""
    cells = {key: _completed_cell(cell, current.cells.get(key)) for key, cell in printed.cells.items()}
    sources = printed.sources
    if sources is not None and current.sources is not None and len(sources) == len(current.sources):
        sources = tuple(map(_completed_cell, sources, current.sources))
    return replace(printed, cells=cells, sources=sources)


def _completed_cell(cell: Cell, current: Cell | None) -> Cell:
    return current if current is not None and cell.cropped and cell.agrees(current) else cell


def _with_literal_cells(row: Row) -> Row:
    """Returns the row with cropped cells as plain texts: "conv…" then agrees only with "conv…"."""
    cells = {key: Cell(cell.text.rstrip("…") + "…") if cell.cropped else cell for key, cell in row.cells.items()}
    return replace(row, cells=cells)
