"""Prints a summary exactly as ``model.summary()`` of Keras 3 does into a file.

Source: ``keras/src/utils/summary_utils.py``. Keras uses the package Rich for the layout, and so does this module.
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
from convcalc.keras_text.options import Options, in_range, too_few_positions, too_narrow
from convcalc.keras_text.rows3 import KerasRow, layer_rows, number_text
from convcalc.keras_text.totals import size_text, totals_with_optimizer


def keras_text(report: Report, options: Options | None = None) -> str:
    """Returns the summary that Keras 3 prints. Raises :class:`ConvcalcError` for options with which Keras cannot print."""
    options = options or Options()
    headers, justify, default, positions = _columns(report, options)
    length = options.line_length or min(default, options.width - 4)
    table = Table(*_with_widths(headers, justify, positions, length), width=length, show_lines=True)
    for row in in_range(report, options.layer_range):
        for keras_row in layer_rows(report, row, options.expand_nested):
            table.add_row(*_cells(report, keras_row, options))
    file = StringIO()
    console = Console(
        file=file, width=options.width, highlight=False, force_terminal=False, color_system=None, legacy_windows=False
    )
    console.print(f'Model: "{escape(visible(report.model.name))}"')
    console.print(table)
    for line in totals_with_optimizer(report):
        console.print(f" {line.label} params: {number_text(line.params, line.partial)} ({size_text(line, 'B')})")
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
        raise too_few_positions(len(positions), len(headers))
    return headers, justify, default, positions


def _with_widths(
    headers: Sequence[str], justify: Sequence[Any], positions: Sequence[float], length: int
) -> list[Column]:
    columns, current = [], 0
    for header, side, position in zip(headers, justify, positions):
        width = int(position * length) - current
        if width < 4:
            raise too_narrow(length)
        columns.append(Column(header, justify=side, width=width))
        current += width
    return columns


def _cells(report: Report, row: KerasRow, options: Options) -> list[str]:
    """Returns the texts of a row in Rich's markup. Keras does not escape names of sources, so they are not escaped
    here.
    """
    prefix = f"{'   ' * row.depth}└ " if row.depth else ""
    cells = [f"{escape(prefix + row.name)} ({escape(row.class_name)})", row.shape, row.params]
    if not report.linear:
        cells.append(", ".join(row.sources) or "-")
    if options.show_trainable:
        cells.append(row.trainable)
    return [visible(cell) for cell in cells]
