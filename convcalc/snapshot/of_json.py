"""The snapshot of a JSON report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.report_json.arguments import texts
from convcalc.report_json.read import JsonLayer, JsonNumber, parse_report
from convcalc.snapshot.details import field_text, input_ports, ports, weight_cells
from convcalc.stored import Cell, Ports, Row, Snapshot, count_cell, snapshot_shapes_text


def snapshot_of_json(data: Mapping[str, Any], source: str) -> Snapshot:
    """Returns the snapshot of a parsed JSON report. Raises :class:`ConvcalcError` if the version or the structure of
    the report is wrong.
    """
    report = parse_report(data, source)
    totals = {
        "input_shapes": Cell(snapshot_shapes_text(report.input_shapes)),
        "output_shapes": Cell(snapshot_shapes_text(report.output_shapes)),
        **_cells(report.totals),
    }
    convention = str(report.data.get("flops_convention") or "")
    return Snapshot(
        source,
        report.model,
        tuple(map(_row, report.layers)),
        totals,
        ports=_ports(report.data["model"]),
        convention=convention,
    )


def _ports(model: Mapping[str, Any]) -> Ports | None:
    """Returns the inputs and outputs of a model; None if the report does not state them."""
    if model.get("class_name") == "Sequential" or "inputs" not in model or "outputs" not in model:
        return None
    return tuple(input_ports(model["inputs"])), tuple(ports(model["outputs"]))


def _row(layer: JsonLayer) -> Row:
    data = layer.data
    cells = {
        "name": Cell(layer.name),
        "type": Cell(layer.class_name),
        "output_shape": Cell(snapshot_shapes_text(layer.output_shapes)),
        **_cells(layer.numbers),
    }
    if "trainable" in data:
        cells["trainable"] = Cell(("Y" if data["trainable"] else "N") if cells["params"].value != 0 else "-")
    if "dtype" in data:
        cells["dtype"] = Cell(str(data["dtype"]))
    if "weights" in data:
        cells |= weight_cells([weight for weight in data["weights"] if isinstance(weight, Mapping)])
    if "receptive_field" in data:
        cells["receptive_field"] = Cell(field_text(data))
    if data["calls"] and "output_dtypes" in data["calls"][-1]:
        cells["output_dtypes"] = Cell(", ".join(map(str, data["calls"][-1]["output_dtypes"])))
    arguments = texts(data["arguments"]) if "arguments" in data else None
    return Row(
        cells,
        layer.depth,
        tuple(map(Cell, layer.inputs)),
        arguments,
        call_arguments=_call_arguments(data["calls"]),
        ports=_ports(data),
    )


def _call_arguments(calls: list[Mapping[str, Any]]) -> tuple[Mapping[str, str], ...] | None:
    """Returns the arguments of each call that are not tensors; None if the report does not state them."""
    arguments = [call.get("arguments") for call in calls]
    stated = [texts(given) for given in arguments if isinstance(given, Mapping)]
    return tuple(stated) if len(stated) == len(calls) else None


def _cells(numbers: Mapping[str, JsonNumber]) -> dict[str, Cell]:
    return {key: count_cell(number.value, number.label) for key, number in numbers.items()}
