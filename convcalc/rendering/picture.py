"""A picture of one axis: the cells, and what each window reads of them."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base.numbers import plain
from convcalc.base.structs import Struct
from convcalc.base.window import Window

MOST_ROWS = 7
MOST_CELLS = 2000  # of one kernel: more do not fit into any terminal
_READ, _HOLE, _PAD, _UNREAD, _GAP = "■", "·", "+", "×", "…"


class _Row(Struct):
    """A line of the picture: a label, and what stands at some positions."""

    label: str
    signs: dict[int, str]


def picture(window: Window, width: int = 76) -> list[str]:
    """The picture in lines of at most ``width`` columns; empty where a size is not known, or there is nothing to see.

    Positions count from the first cell of padding. A long axis shows its beginning and its end.
    """
    numbers = [plain(number) for number in window.sizes]
    if not all(isinstance(number, int) for number in numbers):
        return []
    rows, cells, legend = _spread_rows(window) if window.transposed else _slide_rows(window)
    if cells < 1 or not rows:
        return []
    lines = _draw(rows, cells, width)
    return [*lines, legend] if legend else lines


def _ints(window: Window) -> tuple[int, ...]:
    return tuple(int(number) for number in map(plain, window.sizes) if isinstance(number, int))


def _slide_rows(window: Window) -> tuple[list[_Row], int, str]:
    """A window at each of its positions, over the input and its padding."""
    size, kernel, stride, dilation, before, after, output = _ints(window)
    cells = before + size + after
    rows = [_cells("input", cells, before, size), *_reaches("window", output, kernel, stride, dilation)]
    unread = [
        position for position in _ends(cells) if before <= position < before + size and not _is_read(window, position)
    ]
    if unread:
        rows.append(_Row("unread", dict.fromkeys(unread, _UNREAD)))
    legend = (
        [f"{_READ} read"]
        + [f"{_PAD} padding"] * (before + after > 0)
        + [f"{_HOLE} skipped"] * (dilation > 1 and kernel > 1)
    )
    legend += [f"{_UNREAD} read by no window"] * bool(unread)
    return rows, cells, "   ".join(legend)


def _cells(label: str, cells: int, before: int, inside: int) -> _Row:
    """The numbers of the cells that are there, and what stands for those before and after."""
    positions = _ends(cells)
    return _Row(label, {at: str(at - before) if before <= at < before + inside else _PAD for at in positions})


def _reaches(label: str, count: int, kernel: int, stride: int, dilation: int) -> list[_Row]:
    """A row for each of a few steps: what a kernel that moves by the stride touches."""
    rows = []
    for number in _few(count):
        if number is None:
            rows.append(_Row(_GAP, {}))
            continue
        start = number * stride
        signs = {start + offset: _HOLE for offset in range(min(dilation * (kernel - 1) + 1, MOST_CELLS))}
        signs |= {start + step * dilation: _READ for step in range(min(kernel, MOST_CELLS))}
        rows.append(_Row(f"{label} {number + 1}", signs))
    return rows


def _is_read(window: Window, position: int) -> bool:
    """Whether any window reads the cell at a position (counted with the padding before)."""
    _, kernel, stride, dilation, _, _, output = _ints(window)
    return any(
        (position - step * dilation) % stride == 0 and 0 <= (position - step * dilation) // stride < output
        for step in range(min(kernel, MOST_CELLS))
    )


def _spread_rows(window: Window) -> tuple[list[_Row], int, str]:
    """What each input cell of a transposed window writes to; cells that are cut off stand as padding."""
    size, kernel, stride, dilation, before, after, output = _ints(window)
    span = dilation * (kernel - 1) + 1
    cells = max((size - 1) * stride + span, before + output)
    rows = [_cells("output", cells, before, output), *_reaches("cell", size, kernel, stride, dilation)]
    reached = Window(cells, kernel, stride, dilation, 0, 0, size)
    bare = [p for p in _ends(cells) if before <= p < before + output and not _is_read(reached, p)]
    if bare:
        rows.append(_Row("bare", dict.fromkeys(bare, _UNREAD)))
    cut = before > 0 or after > 0
    legend = [f"{_READ} written"] + [f"{_PAD} cut off"] * cut + [f"{_HOLE} skipped"] * (dilation > 1 and kernel > 1)
    legend += [f"{_UNREAD} reached by no input cell"] * bool(bare)
    return rows, cells, "   ".join(legend)


def _few(count: int) -> list[int | None]:
    """All of a few; of many, the first and the last, with None between them."""
    if count <= MOST_ROWS:
        return list(range(count))
    return [0, 1, 2, None, count - 3, count - 2, count - 1]


def _ends(cells: int, most: int = 200) -> list[int]:
    """The positions that could be shown: all, or those near either end."""
    return list(range(cells)) if cells <= 2 * most else [*range(most), *range(cells - most, cells)]


def _draw(rows: Sequence[_Row], cells: int, width: int) -> list[str]:
    """The rows, each position as wide as its widest number; the middle left out where there is no room."""
    column = max(len(sign) for row in rows for sign in row.signs.values()) + 1
    label = max(len(row.label) for row in rows) + 1
    room = (width - label) // column
    head = (room - 1) // 2
    shown: list[int | None] = (
        [*range(cells)] if cells <= room else [*range(head), None, *range(cells - (room - 1 - head), cells)]
    )
    lines = []
    for row in rows:
        gap = _GAP if row is rows[0] else ""
        marks = [gap if position is None else row.signs.get(position, "") for position in shown]
        lines.append(f"{row.label:<{label}}{''.join(f'{mark:>{column}}' for mark in marks)}".rstrip())
    return lines
