"""The snapshot of a JSON report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.report_json.read import JsonLayer, JsonNumber, parse_report
from convcalc.stored import Cell, Row, Snapshot, count_cell, snapshot_shapes_text


def snapshot_of_json(data: Mapping[str, Any], source: str) -> Snapshot:
    """Returns the snapshot of a parsed JSON report. Raises :class:`ConvcalcError` if the version or the structure of
    the report is wrong.
    """
    report = parse_report(data, source)
    totals = {"output_shapes": Cell(snapshot_shapes_text(report.output_shapes)), **_cells(report.totals)}
    return Snapshot(source, report.model, tuple(map(_row, report.layers)), totals)


def _row(layer: JsonLayer) -> Row:
    cells = {
        "name": Cell(layer.name),
        "type": Cell(layer.class_name),
        "output_shape": Cell(snapshot_shapes_text(layer.output_shapes)),
        **_cells(layer.numbers),
    }
    return Row(cells, layer.depth, tuple(map(Cell, layer.inputs)))


def _cells(numbers: Mapping[str, JsonNumber]) -> dict[str, Cell]:
    return {key: count_cell(number.value, number.label) for key, number in numbers.items()}
