"""Records of Keras's own texts: what ``model.summary()`` printed, read back; and a report as such a record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from convcalc.analyse.report import Report
from convcalc.base.numbers import plain_number
from convcalc.base.problems import Source
from convcalc.keras_text.cells import (
    Texts,
    keras2_shape,
    keras2_sources,
    plain,
    row_of,
    sources_of,
    spaced,
    squeezed,
)
from convcalc.keras_text.mask_ops import without_mask_ops
from convcalc.keras_text.parse2 import keras2_tables
from convcalc.keras_text.parse3 import keras_tables
from convcalc.keras_text.rows2 import keras2_rows
from convcalc.keras_text.rows3 import KerasRow, keras_rows
from convcalc.keras_text.table import Lines, Table
from convcalc.keras_text.totals import size_text, totals
from convcalc.snapshot.uncrop import names_agree
from convcalc.stored import Cell, Row, Snapshot

# The names of the counts and of the sizes in a record, by the label in the text.
_TOTALS = {
    "Total": ("params", "param_size"),
    "Trainable": ("trainable_params", "trainable_size"),
    "Non-trainable": ("non_trainable_params", "non_trainable_size"),
}
_LINE = re.compile(
    r"\b(Total|(?<!-)Trainable|Non-trainable|Optimizer)\s+params:\s+(\?|[\d,]{1,30})(?:\s+\((\?|[\d.]{1,30}\s+\w{1,4})\))?"
)
_MODEL = re.compile(r'Model: "(.*)"')


def printed_snapshots(source: Source) -> list[Snapshot]:
    """Every summary in a text, in order. Raises :class:`ConvcalcError` for one that breaks off."""
    text = Lines(source, plain(source.text).split("\n"))
    tables = sorted([*keras_tables(text), *keras2_tables(text)], key=lambda table: table.first)
    ends = [*(table.first for table in tables[1:]), len(text.lines)]
    starts = [0, *(table.last for table in tables)]
    return [_record(text, table, start, end) for table, start, end in zip(tables, starts, ends)]


def _record(text: Lines, table: Table, start: int, end: int) -> Snapshot:
    """The record of a table; ``start`` and ``end`` are where the tables beside it end and begin."""
    name = _MODEL.findall("\n".join(text.lines[start : table.first]))
    below = _LINE.findall("\n".join(text.lines[table.last + 1 : end]))
    rows = tuple(map(row_of, table.rows))
    return Snapshot(text.source.name, name[-1] if name else "", rows, _totals(below), table.kind)


def _totals(lines: list[tuple[str, str, str]]) -> dict[str, Cell]:
    """The totals of the lines below. Of a compiled model the first counts the optimizer's variables too."""
    found: dict[str, Cell] = {}
    for label, count, size in lines:
        number = int(count.replace(",", "") or 0) if count != "?" else None
        if label == "Optimizer":
            found.pop("param_size", None)
            before = found["params"].value if "params" in found else None
            if isinstance(before, int) and number is not None:
                found["params"] = Cell(before - number)
        else:
            params, bytes_ = _TOTALS[label]
            found[params] = Cell(number)
            if size:
                found[bytes_] = Cell(None if size == "?" else spaced(size))
    return found


def snapshot_as_printed(report: Report, record: Snapshot) -> Snapshot:
    """A report as a record of the same kind: what Keras would print of it, with the options that the record was printed with."""
    expand = any(row.depth for row in record.rows)
    fields = {field for row in record.rows for field in row.cells}
    if record.format == "keras":
        rows = [(row, _texts(row, report.linear)) for row in keras_rows(report, expand)]
        lines, byte = totals(report), "B"
    else:
        report = without_mask_ops(report)
        rows = [(row, _keras2_texts(row, report.linear)) for row in keras2_rows(report, expand)]
        # A frozen wrapper of Keras 2 trains nothing of what it holds.
        lines, byte = totals(report, report.totals.left_trainable), "Byte"
    sums: dict[str, Cell] = {}
    for label, count, size in lines:
        params, bytes_ = _TOTALS[label]
        text = size_text(size, byte)
        sums |= {params: Cell(plain_number(count)), bytes_: Cell(None if text == "?" else text)}
    connected = any(row.sources is not None for row in record.rows)
    own = tuple(_shown(row_of(texts, row.path), fields, connected) for row, texts in rows)
    own = _in_range(own, record, report)
    return Snapshot(report.model.source or report.model.name, report.model.name, own, sums, record.format)


def _in_range(rows: tuple[Row, ...], record: Snapshot, report: Report) -> tuple[Row, ...]:
    """The rows that a record shows which was printed of a range of the layers (``layer_range``).

    Such a text does not say so: its layers have fewer parameters than the model, read some that it does not show, or no
    input begins it.
    """
    tops = [number for number, row in enumerate(rows) if row.depth == 0]
    shown, own = [row for row in record.rows if row.depth == 0], [rows[number] for number in tops]
    if not shown or len(shown) > len(own):
        return rows
    start, end = _place(shown, own), len(own) - _place(shown[::-1], own[::-1])
    counts = [_count(row, like) for row, like in zip(shown, own[start:])]
    known = [count for count in counts if isinstance(count, int)]
    total = record.totals.get("params", Cell(None)).value
    fewer = len(known) == len(shown) and isinstance(total, int) and sum(known) < total
    begun = report.model.class_name == "Functional" and not _is_input(shown[0])
    if start >= end or not (fewer or begun or _reads_others(shown)):
        return rows
    return rows[tops[start] : tops[end] if end < len(tops) else len(rows)]


def _reads_others(shown: Sequence[Row]) -> bool:
    """Whether a layer is connected to one that is not shown; of a cropped name nobody can tell."""
    whole = {row.name for row in shown}
    cropped = [row.cells["name"] for row in shown if row.cells["name"].cropped]
    sources = [source for row in shown for source in row.sources or ()]
    names = {name for source in sources if (name := _name_of(source))}
    return any(name not in whole and not any(cell.agrees(Cell(name)) for cell in cropped) for name in names)


def _name_of(source: Cell) -> str:
    """The layer that a tensor is of; empty where its name is cropped."""
    if not source.cropped:
        return source.text.rsplit("[", 2)[0]
    name, bracket, _ = source.text.partition("[")
    return name if bracket and "…" not in name else ""


def _place(shown: Sequence[Row], own: Sequence[Row]) -> int:
    """Where among the model's rows the record's begin: where most of them, one behind the other, go by the same names."""

    def length(start: int, skipped: int) -> int:
        pairs = zip(shown[skipped:], own[start + skipped :])
        return len(list(takewhile(lambda pair: names_agree(*pair), pairs)))

    for skipped in (0, 1):  # the first may have another name
        lengths = [length(start, skipped) for start in range(len(own))]
        if any(lengths):
            return lengths.index(max(lengths))
    return 0


def _count(row: Row, own: Row) -> str | int | None:
    """The parameters of a row; where they are cropped, those of the model's."""
    cell, like = row.cells.get("params", Cell(None)), own.cells.get("params", Cell(None))
    return like.value if cell.cropped and cell.agrees(like) else cell.value


def _is_input(row: Row) -> bool:
    return "type" not in row.cells or row.cells["type"].agrees(Cell("InputLayer"))


def _shown(row: Row, fields: set[str], connected: bool) -> Row:
    """A row without the columns that the record has not."""
    cells = {field: cell for field, cell in row.cells.items() if field in fields}
    return Row(cells, row.depth, row.sources if connected else None, None, row.path)


def _texts(row: KerasRow, linear: bool) -> Texts:
    connected = Cell(spaced(", ".join(row.sources)) or "-")
    return Texts(
        layer=Cell(spaced(f"{row.name} ({row.class_name})")),
        shape=Cell(row.shape),
        params=Cell(row.params),
        sources=None if linear else sources_of(connected),
        connected=None if linear else connected,
        trainable=Cell(row.trainable),
        depth=row.depth,
    )


def _keras2_texts(row: KerasRow, linear: bool) -> Texts:
    return Texts(
        layer=Cell(squeezed(f"{row.name} ({row.class_name})")),
        shape=Cell(keras2_shape(row.shape)),
        params=Cell(row.params),
        sources=None if linear else keras2_sources(str(list(row.sources))),
        trainable=Cell(row.trainable),
        depth=row.depth,
    )
