"""Makes a snapshot of a report for comparison with a printed summary: its values are those that Keras would print."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from convcalc.analyse.report import Report
from convcalc.base.numbers import plain_number
from convcalc.keras_text.cells import (
    RowCells,
    keras2_shape,
    keras2_sources,
    keras3_sources,
    row_of,
    with_single_spaces,
    without_spaces,
)
from convcalc.keras_text.mask_ops import without_mask_ops
from convcalc.keras_text.rows2 import keras2_rows
from convcalc.keras_text.rows3 import KerasRow, keras3_rows
from convcalc.keras_text.totals import size_text, totals
from convcalc.snapshot.of_keras_text import TOTAL_FIELDS
from convcalc.snapshot.uncrop import names_agree
from convcalc.stored import KERAS3_TEXT, Cell, Row, Snapshot


def snapshot_as_printed(report: Report, printed: Snapshot) -> Snapshot:
    """Returns the snapshot of the summary that Keras would print, with the Keras version and the options of
    ``printed``.
    """
    expand_nested = any(row.depth for row in printed.rows)
    fields = {field for row in printed.rows for field in row.cells}
    if printed.format == KERAS3_TEXT:
        rows = [(row, _keras3_cells(row, report.linear)) for row in keras3_rows(report, expand_nested)]
        lines, byte = totals(report), "B"
    else:
        report = without_mask_ops(report)
        rows = [(row, _keras2_cells(row, report.linear)) for row in keras2_rows(report, expand_nested)]
        # In Keras 2, all weights in a frozen wrapper count as non-trainable.
        lines, byte = totals(report, report.totals.still_trainable), "Byte"
    sums: dict[str, Cell] = {}
    for line in lines:
        count_field, size_field = TOTAL_FIELDS[line.label]
        size = size_text(line, byte)
        count = Cell(plain_number(line.params), partial=line.partial)
        sums |= {count_field: count, size_field: Cell(None if size == "?" else size)}
    connected = any(row.sources is not None for row in printed.rows)
    current = tuple(_with_columns(row_of(cells, row.path), fields, connected) for row, cells in rows)
    current = _in_range(current, printed, report)
    return Snapshot(report.model.source or report.model.name, report.model.name, current, sums, printed.format)


def _in_range(rows: tuple[Row, ...], printed: Snapshot, report: Report) -> tuple[Row, ...]:
    """Returns the rows that the printed summary shows: all rows, or a range (``layer_range``).

    The text does not say that it shows a range. There are two signs:

    - The shown layers have fewer parameters than the total.
    - A layer reads a layer that is not shown.

    Without a sign, only the inputs of the model can be missing: a Sequential shows no inputs.
    """
    tops = [number for number, row in enumerate(rows) if row.depth == 0]
    shown, current = [row for row in printed.rows if row.depth == 0], [rows[number] for number in tops]
    if not shown or len(shown) > len(current):
        return rows
    start, end = _offset(shown, current), len(current) - _offset(shown[::-1], current[::-1])
    counts = [_params(row, like) for row, like in zip(shown, current[start:])]
    known = [count for count in counts if isinstance(count, int)]
    total = printed.totals.get("params", Cell(None)).value
    fewer = len(known) == len(shown) and isinstance(total, int) and sum(known) < total
    if start >= end:
        return rows
    if not fewer and not _reads_hidden_layers(shown):
        # A Sequential shows no inputs. Any other layer that the text does not show was added.
        inputs = len(list(takewhile(_is_input, current)))
        no_input = report.model.class_name == "Functional" and not _is_input(shown[0])
        return rows[tops[inputs] :] if no_input and inputs < len(tops) else rows
    return rows[tops[start] : tops[end] if end < len(tops) else len(rows)]


def _reads_hidden_layers(shown: Sequence[Row]) -> bool:
    """Returns True if a shown layer reads a layer that is not shown. Ignores cropped names."""
    whole = {row.name for row in shown}
    cropped = [row.cells["name"] for row in shown if row.cells["name"].cropped]
    sources = [source for row in shown for source in row.sources or ()]
    names = {name for source in sources if (name := _layer_name(source))}
    return any(name not in whole and not any(cell.agrees(Cell(name)) for cell in cropped) for name in names)


def _layer_name(source: Cell) -> str:
    """Returns the name of the layer that computes a tensor; empty if the name is cropped."""
    if not source.cropped:
        return source.text.rsplit("[", 2)[0]
    name, bracket, _ = source.text.partition("[")
    return name if bracket and "…" not in name else ""


def _offset(shown: Sequence[Row], current: Sequence[Row]) -> int:
    """Returns the index of the model's row that is the first printed row.

    From this row on, more successive rows have the printed names than from any other row.
    """

    def length(start: int, skipped: int) -> int:
        pairs = zip(shown[skipped:], current[start + skipped :])
        return len(list(takewhile(lambda pair: names_agree(*pair), pairs)))

    for skipped in (0, 1):  # first compare all rows, then leave out the first row, which may be renamed
        lengths = [length(start, skipped) for start in range(len(current))]
        if any(lengths):
            return lengths.index(max(lengths))
    return 0


def _params(row: Row, current: Row) -> str | int | None:
    """Returns the number of parameters in a printed row.

    For a cropped number, returns the model's number if it begins with the visible digits.
    """
    cell, like = row.cells.get("params", Cell(None)), current.cells.get("params", Cell(None))
    return like.value if cell.cropped and cell.agrees(like) else cell.value


def _is_input(row: Row) -> bool:
    return "type" not in row.cells or row.cells["type"].agrees(Cell("InputLayer"))


def _with_columns(row: Row, fields: set[str], connected: bool) -> Row:
    """Returns the row with only the columns of the printed summary."""
    cells = {field: cell for field, cell in row.cells.items() if field in fields}
    return Row(cells, row.depth, row.sources if connected else None, None, row.path)


def _keras3_cells(row: KerasRow, linear: bool) -> RowCells:
    connected = Cell(with_single_spaces(", ".join(row.sources)) or "-")
    return RowCells(
        layer=Cell(with_single_spaces(f"{row.name} ({row.class_name})")),
        shape=Cell(row.shape),
        params=Cell(row.params),
        sources=None if linear else keras3_sources(connected),
        connected=None if linear else connected,
        trainable=Cell(row.trainable),
        depth=row.depth,
    )


def _keras2_cells(row: KerasRow, linear: bool) -> RowCells:
    return RowCells(
        layer=Cell(without_spaces(f"{row.name} ({row.class_name})")),
        shape=Cell(keras2_shape(row.shape)),
        params=Cell(row.params),
        sources=None if linear else keras2_sources(str(list(row.sources))),
        trainable=Cell(row.trainable),
        depth=row.depth,
    )
