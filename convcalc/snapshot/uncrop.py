"""A record whose texts are cropped, made whole where the model tells what stood there: then the layers can be aligned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from convcalc.stored import Cell, Row, Snapshot

_MOST_COMPARED = 250_000  # pairs of rows


def uncrop(record: Snapshot, ours: Snapshot) -> Snapshot:
    """The record with whole cells in place of the cropped ones that agree with the model's.

    Cropped names are alike, so layers are paired by their order: rows that agree wholly from both ends, then, between those,
    rows whose names and types agree. What is still cropped then agrees with nothing: it counts as it stands there.
    """
    if not any(map(_is_cropped, record.rows)):
        return record
    rows = list(record.rows)
    for number, row in _paired(record.rows, ours.rows):
        rows[number] = _whole(rows[number], row)
    return replace(record, rows=tuple(map(_as_it_stands, rows)))


def _is_cropped(row: Row) -> bool:
    return any(cell.cropped for cell in (*row.cells.values(), *(row.sources or ())))


def _paired(rows: Sequence[Row], ours: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """Numbers of the record's rows, each with the model's row that it is."""
    start, one, two = 0, rows, ours
    for alike in (_agree, names_agree):
        ahead = _run(one, two, alike)
        behind = _run(one[ahead:][::-1], two[ahead:][::-1], alike)
        yield from ((start + number, two[number]) for number in range(ahead))
        yield from ((start + len(one) - number, two[-number]) for number in range(1, behind + 1))
        start, one, two = start + ahead, one[ahead : len(one) - behind], two[ahead : len(two) - behind]
    if len(one) == len(two):
        yield from ((start + number, row) for number, row in enumerate(two))
    elif len(one) * len(two) <= _MOST_COMPARED:
        yield from ((start + number, two[own]) for number, own in _most_alike(one, two))


def _most_alike(rows: Sequence[Row], ours: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """The longest series of pairs, in order, whose names and types agree."""
    lengths = [[0] * (len(ours) + 1) for _ in range(len(rows) + 1)]
    alike = [[row.depth == own.depth and names_agree(row, own) for own in ours] for row in rows]
    for one in reversed(range(len(rows))):
        for two in reversed(range(len(ours))):
            skipped = max(lengths[one + 1][two], lengths[one][two + 1])
            lengths[one][two] = max(skipped, lengths[one + 1][two + 1] + 1) if alike[one][two] else skipped
    one = two = 0
    while one < len(rows) and two < len(ours):
        if alike[one][two] and lengths[one][two] == lengths[one + 1][two + 1] + 1:
            yield one, two
            one, two = one + 1, two + 1
        elif lengths[one + 1][two] >= lengths[one][two + 1]:
            one += 1
        else:
            two += 1


def _run(rows: Sequence[Row], ours: Sequence[Row], alike: Callable[[Row, Row], bool]) -> int:
    """How many rows from the beginning are alike."""
    length = 0
    for row, own in zip(rows, ours):
        if row.depth != own.depth or not alike(row, own):
            break
        length += 1
    return length


def names_agree(row: Row, own: Row) -> bool:
    """Whether two rows may be of one layer, by what is to be seen of its name and type."""
    return all(
        row.cells[key].agrees(own.cells[key]) for key in ("name", "type") if key in row.cells and key in own.cells
    )


def _agree(row: Row, own: Row) -> bool:
    cells = all(cell.agrees(own.cells[key]) for key, cell in row.cells.items() if key in own.cells)
    return cells and (row.sources is None or own.sources is None or _sources_agree(row.sources, own.sources))


def _sources_agree(one: Sequence[Cell], two: Sequence[Cell]) -> bool:
    return len(one) == len(two) and all(cell.agrees(own) for cell, own in zip(one, two))


def _whole(row: Row, own: Row) -> Row:
    """A row with the model's cells where its own are cropped and agree with them."""
    cells = {key: _filled(cell, own.cells.get(key)) for key, cell in row.cells.items()}
    sources = row.sources
    if sources is not None and own.sources is not None and len(sources) == len(own.sources):
        sources = tuple(map(_filled, sources, own.sources))
    return replace(row, cells=cells, sources=sources)


def _as_it_stands(row: Row) -> Row:
    cells = {key: cell if not cell.cropped else Cell(cell.text.rstrip("…") + "…") for key, cell in row.cells.items()}
    return replace(row, cells=cells)


def _filled(cell: Cell, own: Cell | None) -> Cell:
    return own if own is not None and cell.cropped and cell.agrees(own) else cell
