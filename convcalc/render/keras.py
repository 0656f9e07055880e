"""The text that Keras 3 prints: ``model.summary()`` into a file, byte for byte.

Rich lays the table out, as it does for Keras; this module gives it the same cells, widths and console.
Source: ``keras/src/utils/summary_utils.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from convcalc.analyse.report import LayerReport, Report
from convcalc.numbers import UNKNOWN, Number, Shape
from convcalc.ops import Operation
from convcalc.problems import error


@dataclass(frozen=True)
class Options:
    """What ``summary()`` takes: ``width`` is the console's (``COLUMNS``), the rest has the names that Keras gives it."""

    width: int = 80
    line_length: int | None = None
    positions: Sequence[float] | None = None
    expand_nested: bool = False
    show_trainable: bool = False
    layer_range: tuple[str, str] | None = None


def keras_text(report: Report, options: Options | None = None) -> str:
    """The summary as Keras prints it. Raises :class:`ConvcalcError` for options that it cannot print with."""
    options = options or Options()
    headers, justify, default, positions = _columns(report, options)
    length = options.line_length or min(default, options.width - 4)
    table = Table(*_measured(headers, justify, positions, length), width=length, show_lines=True)
    for row in _ranged(report, options.layer_range):
        for cells in _rows(report, row, options):
            table.add_row(*cells)
    file = StringIO()
    console = Console(
        file=file, width=options.width, highlight=False, force_terminal=False, color_system=None, legacy_windows=False
    )
    console.print(f'Model: "{escape(report.model.name)}"')
    console.print(table)
    totals = report.totals
    frozen = totals.non_trainable_params
    frozen_bytes = UNKNOWN if frozen is UNKNOWN else totals.param_bytes - totals.trainable_bytes
    for label, count, size in (
        ("Total", totals.params, totals.param_bytes),
        ("Trainable", totals.trainable_params, totals.trainable_bytes),
        ("Non-trainable", frozen, frozen_bytes),
    ):
        console.print(f" {label} params: {_number(count)} ({_size(size)})")
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
        raise error("invalid-value", f"--positions names {len(positions)} columns, and the table has {len(headers)}")
    return headers, justify, default, positions


def _measured(headers: Sequence[str], justify: Sequence[Any], positions: Sequence[float], length: int) -> list[Column]:
    columns, current = [], 0
    for header, side, position in zip(headers, justify, positions):
        width = int(position * length) - current
        if width < 4:
            raise error(
                "too-narrow", f"Keras cannot print its summary in {length} columns: write a larger --line-length"
            )
        columns.append(Column(header, justify=side, width=width))
        current += width
    return columns


def _ranged(report: Report, names: tuple[str, str] | None) -> list[LayerReport]:
    """The rows of the model itself from the first that matches one pattern to the last that matches the other."""
    rows = [row for row in report.layers if row.depth == 0]
    if names is None:
        return rows
    try:
        first, last = (re.compile(name) for name in names)
    except re.error as bad:
        raise error("invalid-value", f"--layer-range takes names or patterns: {bad}") from None
    starts = [n for n, row in enumerate(rows) if first.match(row.name)]
    ends = [n for n, row in enumerate(rows) if last.match(row.name)]
    if not starts or not ends:
        missing = names[0] if not starts else names[1]
        raise error("unknown-layer", f"--layer-range: no layer is named '{missing}'")
    low, high = min(starts), max(ends)
    if low > high:
        low, high = min(ends), max(starts)
    return rows[low : high + 1]


def _rows(report: Report, row: LayerReport, options: Options) -> list[list[str]]:
    """The row of a layer, and with ``expand_nested`` those of the layers in it; operations are shown at the top alone."""
    rows = [_cells(report, row, options)]
    if options.expand_nested and row.class_name in ("Functional", "Sequential") and row.kind is None:
        inside = (other for other in report.layers if other.depth > row.depth and other.path.startswith(f"{row.path}/"))
        rows += [_cells(report, other, options) for other in inside if not isinstance(other.kind, Operation)]
    return rows


def _cells(report: Report, row: LayerReport, options: Options) -> list[str]:
    prefix = f"{'   ' * row.depth}└ " if row.depth else ""
    cells = [f"{escape(prefix + row.name)} ({escape(row.class_name)})", _shape(row), _params(row)]
    if not report.linear:
        # Keras shows the calls that belong to the model itself, and an expanded layer has none.
        sources = [] if row.depth else [source for call in row.calls for source in call.inputs]
        cells.append(", ".join(sources) or "-")
    if options.show_trainable:
        cells.append(("Y" if row.trainable else "N") if row.weights or _holds_weights(row) else "-")
    return cells


def _holds_weights(row: LayerReport) -> bool:
    return row.params is not UNKNOWN and row.params != 0


def _shape(row: LayerReport) -> str:
    shapes = row.output_shapes
    if len(shapes) == 1:
        return _one_shape(shapes[0])
    return f"[{', '.join(map(_one_shape, shapes))}]"


def _one_shape(shape: Shape | None) -> str:
    """A shape as Keras's summary has it: of one axis without the comma that Python puts there."""
    return "?" if shape is None else f"({', '.join('None' if size is UNKNOWN else str(size) for size in shape)})"


def _params(row: LayerReport) -> str:
    if row.params is UNKNOWN and row.output_shapes[0] is None:
        return "0 (unbuilt)"
    return _number(row.params)


def _number(count: Number) -> str:
    return "?" if count is UNKNOWN else f"{count:,}"


def _size(size: Number) -> str:
    """Bytes by 1024, as Keras writes them."""
    if size is UNKNOWN:
        return "?"
    value = float(size)  # type: ignore[arg-type]
    units = ["B", "KB", "MB", "GB", "TB", "PB"]
    for unit in units:
        if value / 1024 < 1:
            return f"{value:.2f} {unit}"
        value /= 1024
    return f"{value:.2f} {units[-1]}"
