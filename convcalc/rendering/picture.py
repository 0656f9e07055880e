"""A picture of one axis. It shows the positions of the axis, and the positions that the kernel reads at each step."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base.numbers import plain
from convcalc.base.structs import Struct
from convcalc.base.window import Window

MOST_ROWS = 7
MOST_POSITIONS = 2000  # the maximum number of positions that are drawn for one kernel; a terminal has no room for more
_READ, _HOLE, _PAD, _UNUSED, _GAP = "■", "·", "+", "×", "…"


class _Row(Struct):
    """A line of the picture: a label, and marks at some positions. Position 0 is the first padding position, if any."""

    label: str
    marks: dict[int, str]


def picture(window: Window, width: int = 76) -> list[str]:
    """Returns the lines of the picture, with at most ``width`` columns.

    Returns no lines if a size is unknown or the axis is empty. For a long axis, shows only its beginning and its end.
    """
    numbers = [plain(number) for number in window.sizes]
    if not all(isinstance(number, int) for number in numbers):
        return []
    rows, length, legend = _spread_rows(window) if window.transposed else _slide_rows(window)
    if length < 1 or not rows:
        return []
    lines = _draw(rows, length, width)
    return [*lines, legend] if legend else lines


def _ints(window: Window) -> tuple[int, ...]:
    return tuple(int(number) for number in map(plain, window.sizes) if isinstance(number, int))


def _slide_rows(window: Window) -> tuple[list[_Row], int, str]:
    """Returns the rows of a window that moves over the input and its padding.

    Also returns the number of positions and the legend.
    """
    size, kernel, stride, dilation, before, after, output = _ints(window)
    length = before + size + after
    rows = [_axis_row("input", length, before, size), *_step_rows("window", output, kernel, stride, dilation)]
    unused = [
        position for position in _ends(length) if before <= position < before + size and not _is_read(window, position)
    ]
    if unused:
        rows.append(_Row("unused", dict.fromkeys(unused, _UNUSED)))
    legend = (
        [f"{_READ} read"]
        + [f"{_PAD} padding"] * (before + after > 0)
        + [f"{_HOLE} skipped"] * (dilation > 1 and kernel > 1)
    )
    legend += [f"{_UNUSED} never used"] * bool(unused)
    return rows, length, "   ".join(legend)


def _axis_row(label: str, length: int, before: int, inside: int) -> _Row:
    """Returns the row with the numbers of the positions. Positions outside the input (or output) are marked as padding."""
    return _Row(
        label,
        {
            position: str(position - before) if before <= position < before + inside else _PAD
            for position in _ends(length)
        },
    )


def _step_rows(label: str, count: int, kernel: int, stride: int, dilation: int) -> list[_Row]:
    """Returns one row for each step that the picture shows.

    Each row has marks at the positions of the kernel. At each step, the kernel moves by the stride.
    """
    rows = []
    for number in _shown_numbers(count):
        if number is None:
            rows.append(_Row(_GAP, {}))
            continue
        start = number * stride
        row_marks = {start + offset: _HOLE for offset in range(min(dilation * (kernel - 1) + 1, MOST_POSITIONS))}
        row_marks |= {start + step * dilation: _READ for step in range(min(kernel, MOST_POSITIONS))}
        rows.append(_Row(f"{label} {number + 1}", row_marks))
    return rows


def _is_read(window: Window, position: int) -> bool:
    """Returns True if the kernel reads this position at one or more steps. Position 0 is the first padding position."""
    _, kernel, stride, dilation, _, _, output = _ints(window)
    return any(
        (position - step * dilation) % stride == 0 and 0 <= (position - step * dilation) // stride < output
        for step in range(min(kernel, MOST_POSITIONS))
    )


def _spread_rows(window: Window) -> tuple[list[_Row], int, str]:
    """Returns the rows of a transposed window, the number of positions, and the legend.

    A row has marks at the output positions that one input position writes. Cropped positions are marked as padding.
    """
    size, kernel, stride, dilation, before, after, output = _ints(window)
    span = dilation * (kernel - 1) + 1
    length = max((size - 1) * stride + span, before + output)
    rows = [_axis_row("output", length, before, output), *_step_rows("input", size, kernel, stride, dilation)]
    flipped = Window(length, kernel, stride, dilation, 0, 0, size)
    unwritten = [
        position
        for position in _ends(length)
        if before <= position < before + output and not _is_read(flipped, position)
    ]
    if unwritten:
        rows.append(_Row("empty", dict.fromkeys(unwritten, _UNUSED)))
    cropped = before > 0 or after > 0
    legend = [f"{_READ} written"] + [f"{_PAD} cropped"] * cropped + [f"{_HOLE} skipped"] * (dilation > 1 and kernel > 1)
    legend += [f"{_UNUSED} not written"] * bool(unwritten)
    return rows, length, "   ".join(legend)


def _shown_numbers(count: int) -> list[int | None]:
    """Returns 0, 1, … ``count`` - 1; for a large count 0, 1, 2, None and the last three numbers."""
    if count <= MOST_ROWS:
        return list(range(count))
    return [0, 1, 2, None, count - 3, count - 2, count - 1]


def _ends(length: int, most: int = 200) -> list[int]:
    """Returns all positions of a short axis, or the positions near both ends of a long axis."""
    return list(range(length)) if length <= 2 * most else [*range(most), *range(length - most, length)]


def _draw(rows: Sequence[_Row], length: int, width: int) -> list[str]:
    """Returns the rows as lines. If there is no room for all positions, the positions in the middle are left out."""
    column = max(len(mark) for row in rows for mark in row.marks.values()) + 1
    label = max(len(row.label) for row in rows) + 1
    room = (width - label) // column
    head = (room - 1) // 2
    shown: list[int | None] = (
        [*range(length)] if length <= room else [*range(head), None, *range(length - (room - 1 - head), length)]
    )
    lines = []
    for row in rows:
        gap = _GAP if row is rows[0] else ""
        marks = [gap if position is None else row.marks.get(position, "") for position in shown]
        lines.append(f"{row.label:<{label}}{''.join(f'{mark:>{column}}' for mark in marks)}".rstrip())
    return lines
