"""The snapshot of a report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from convcalc.analyse.report import LayerReport
from convcalc.analyse.study import Study
from convcalc.base.identity import IdentityCache
from convcalc.base.numbers import plain_number
from convcalc.layers import Weight
from convcalc.model import Model
from convcalc.report_json.arguments import Calls, call_arguments, calls_by_path, row_arguments, texts
from convcalc.report_json.write import fields_data, model_inputs, model_outputs, totals_with_memory, weights_data
from convcalc.snapshot.details import field_text, input_ports, ports, weight_cells
from convcalc.stored import Cell, Ports, Row, Snapshot, count_cell, snapshot_shapes_text

FLOPS, RECEPTIVE_FIELD = "flops", "receptive_field"


def snapshot_of_report(report: Study, details: Collection[str] = (), convention: str = "convcalc") -> Snapshot:
    """Returns a snapshot with all values of a report.

    ``details`` are further values to compute: the receptive fields, and the FLOPs by a convention. They follow from the
    arguments, so that only the comparison with a JSON report needs them.
    """
    if FLOPS in details:
        report = report.with_flops(convention)
    numbers = totals_with_memory(report)
    labels = numbers["incomplete"]
    totals = {
        "input_shapes": Cell(snapshot_shapes_text(report.input_shapes)),
        "output_shapes": Cell(snapshot_shapes_text(report.output_shapes)),
    }
    totals |= {
        key: count_cell(value, labels.get(key))
        for key, value in numbers.items()
        if key not in ("incomplete", "peak_layer")
    }
    rows = _Rows(report, RECEPTIVE_FIELD in details)
    model = report.model
    name = model.source or model.name
    return Snapshot(name, model.name, tuple(map(rows.row, report.layers)), totals, ports=_ports(model))


def _ports(model: Model | None) -> Ports | None:
    """Returns the inputs and outputs of a model; None for a Sequential, which has one of each, and for other layers."""
    if model is None or model.class_name == "Sequential" or not model.outputs:
        return None
    return tuple(input_ports(model_inputs(model))), tuple(ports(model_outputs(model)))


class _Rows:
    """Makes the rows of layers. Equal parts are made once."""

    def __init__(self, report: Study, receptive_fields: bool) -> None:
        self.report = report
        self.calls: Calls = calls_by_path(report.model)
        self.fields = report.receptive_fields if receptive_fields else None
        self.once = IdentityCache[Any]().once

    def row(self, row: LayerReport) -> Row:
        """Returns the row of a layer."""
        size = self.report.memory.output_bytes(row)
        cells = {
            "name": Cell(row.name),
            "type": Cell(row.class_name),
            "output_shape": Cell(snapshot_shapes_text(row.output_shapes)),
            "params": count_cell(plain_number(row.params), row.incomplete.get("params")),
            "trainable_params": count_cell(plain_number(row.trainable_params), row.incomplete.get("trainable_params")),
            "trainable": Cell(("Y" if row.trainable else "N") if row.params != 0 else "-"),
            "dtype": Cell(row.dtype),
            "macs": count_cell(plain_number(row.macs), row.incomplete.get("macs")),
            "output_bytes": count_cell(plain_number(size.value), size.label),
            **self.once(_weight_cells, row.weights),
            **({"output_dtypes": Cell(", ".join(row.calls[-1].output_dtypes))} if row.calls else {}),
            **self._details(row),
        }
        sources = tuple(Cell(source) for call in row.calls for source in call.inputs)
        given = call_arguments(self.report.model, row, self.calls)
        return Row(
            cells,
            row.depth,
            sources,
            texts(row_arguments(row, self.calls)),
            row.path,
            None if given is None else tuple(map(texts, given)),
            _ports(row.layer.model),
        )

    def _details(self, row: LayerReport) -> Mapping[str, Cell]:
        cells = {} if row.flops is None else {FLOPS: count_cell(plain_number(row.flops), row.incomplete.get(FLOPS))}
        if self.fields is not None:
            fields = self.fields.get(row.path, ())
            text = field_text(fields_data(fields[-1] if fields else ()))
            cells |= {RECEPTIVE_FIELD: Cell(text)}
        return cells


def _weight_cells(weights: tuple[Weight, ...]) -> dict[str, Cell]:
    return weight_cells(weights_data(weights))
