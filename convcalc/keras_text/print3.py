"""The text that Keras 3 prints: ``model.summary()`` into a file, byte for byte.

Rich lays the table out, as it does for Keras; this module gives it the same cells, widths and console.
Source: ``keras/src/utils/summary_utils.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from convcalc.analyse.report import Report
from convcalc.base.text import visible
from convcalc.keras_text.options import Options, few_positions, in_range, too_narrow
from convcalc.keras_text.rows3 import KerasRow, layer_rows, number_text
from convcalc.keras_text.totals import size_text, totals


def keras_text(report: Report, options: Options | None = None) -> str:
    """The summary as Keras prints it. Raises :class:`ConvcalcError` for options that it cannot print with."""
    options = options or Options()
    headers, justify, default, positions = _columns(report, options)
    length = options.line_length or min(default, options.width - 4)
    table = Table(*_measured(headers, justify, positions, length), width=length, show_lines=True)
    for row in in_range(report, options.layer_range):
        for each in layer_rows(report, row, options.expand_nested):
            table.add_row(*_cells(report, each, options))
    file = StringIO()
    console = Console(
        file=file, width=options.width, highlight=False, force_terminal=False, color_system=None, legacy_windows=False
    )
    console.print(f'Model: "{escape(visible(report.model.name))}"')
    console.print(table)
    for label, count, size in totals(report):
        console.print(f" {label} params: {number_text(count)} ({size_text(size, 'B')})")
    return file.getvalue()


def _columns(report: Report, options: Options) -> tuple[list[str], list[Any], int, list[float]]:
    headers, justify = ["Layer (type)", "Output Shape", "Param #"], ["left", "left", "right"]
    default, positions = 88, [0.45, 0.80, 1.0]
    if not report.linear:
        headers.append("Connected to")
        justify.append("left")
        default, positions = 108, [0.3, 0.56, 0.74, 1.0]
    positions = list(options.positions or positions)
    if options.show_trainable:
        default += 12
        positions = [position * 0.90 for position in positions] + [1.0]
        headers.append("Trainable")
        justify.append("center")
    if len(positions) < len(headers):
        raise few_positions(len(positions), len(headers))
    return headers, justify, default, positions


def _measured(headers: Sequence[str], justify: Sequence[Any], positions: Sequence[float], length: int) -> list[Column]:
    columns, current = [], 0
    for header, side, position in zip(headers, justify, positions):
        width = int(position * length) - current
        if width < 4:
            raise too_narrow(length)
        columns.append(Column(header, justify=side, width=width))
        current += width
    return columns


def _cells(report: Report, row: KerasRow, options: Options) -> list[str]:
    """The texts of a row in Rich's markup. (Keras shields no names of sources from it.)"""
    prefix = f"{'   ' * row.depth}└ " if row.depth else ""
    cells = [f"{escape(prefix + row.name)} ({escape(row.class_name)})", row.shape, row.params]
    if not report.linear:
        cells.append(", ".join(row.sources) or "-")
    if options.show_trainable:
        cells.append(row.trainable)
    return [visible(cell) for cell in cells]
