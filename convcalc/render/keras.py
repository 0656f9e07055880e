"""The text that Keras 3 prints: ``model.summary()`` into a file, byte for byte.

Rich lays the table out, as it does for Keras; this module gives it the same cells, widths and console.
Source: ``keras/src/utils/summary_utils.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from convcalc.analyse.report import LayerReport, Report
from convcalc.numbers import UNKNOWN, Number, Shape
from convcalc.ops import Operation
from convcalc.render.keras_common import Options, few_positions, in_range, size_text, too_narrow, totals
from convcalc.render.text import visible


def keras_text(report: Report, options: Options | None = None) -> str:
    """The summary as Keras prints it. Raises :class:`ConvcalcError` for options that it cannot print with."""
    options = options or Options()
    headers, justify, default, positions = _columns(report, options)
    length = options.line_length or min(default, options.width - 4)
    table = Table(*_measured(headers, justify, positions, length), width=length, show_lines=True)
    for row in in_range(report, options.layer_range):
        for cells in _rows(report, row, options):
            table.add_row(*cells)
    file = StringIO()
    console = Console(
        file=file, width=options.width, highlight=False, force_terminal=False, color_system=None, legacy_windows=False
    )
    console.print(f'Model: "{escape(visible(report.model.name))}"')
    console.print(table)
    for label, count, size in totals(report):
        console.print(f" {label} params: {_number(count)} ({size_text(size, 'B')})")
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


def _rows(report: Report, row: LayerReport, options: Options) -> list[list[str]]:
    """The row of a layer, and with ``expand_nested`` those of the layers in it; operations are shown at the top alone."""
    rows = [_cells(report, each, options) for each in _expanded(row, options.expand_nested)]
    if options.expand_nested and row.class_name in ("Functional", "Sequential") and row.kind is None:
        inside = (other for other in report.layers if other.depth > row.depth and other.path.startswith(f"{row.path}/"))
        shown = (other for other in inside if not isinstance(other.kind, Operation))
        rows += [_cells(report, each, options) for other in shown for each in _expanded(other, True)]
    return rows


# In a list of layers Keras shows the shapes for which they were built: these are built when they are made, for none. (And a
# Pipeline cannot tell its shape.)
BUILT_AT_ONCE = {
    "Activation", "ActivityRegularization", "AlphaDropout", "AveragePooling1D", "AveragePooling2D",
    "AveragePooling3D", "Dropout", "ELU", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D",
    "GlobalMaxPooling3D", "Identity", "LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
    "Pipeline", "ReLU", "Reshape", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "UnitNormalization",
}  # fmt: skip


def _expanded(row: LayerReport, expand: bool) -> Iterator[LayerReport]:
    """A row, and behind it those of the layers that it lists."""
    yield row
    for each in row.inside if expand else ():
        unknown = each.class_name in BUILT_AT_ONCE
        yield from _expanded(replace(each, output_shapes=(None,)) if unknown else each, expand)


def _cells(report: Report, row: LayerReport, options: Options) -> list[str]:
    prefix = f"{'   ' * row.depth}└ " if row.depth else ""
    cells = [f"{escape(prefix + row.name)} ({escape(row.class_name)})", _shape(row), _params(row)]
    if not report.linear:
        # Keras shows the calls that belong to the model itself, and an expanded layer has none.
        sources = [] if row.depth else [source for call in row.calls for source in call.inputs]
        cells.append(", ".join(sources) or "-")
    if options.show_trainable:
        cells.append(("Y" if row.trainable else "N") if row.weights or _holds_weights(row) else "-")
    return [visible(cell) for cell in cells]


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
