"""The snapshot of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from convcalc.analyse.report import LayerReport
from convcalc.analyse.study import Study
from convcalc.base.numbers import plain_number
from convcalc.layers import LayerDefinition
from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel
from convcalc.model import Call, Model, Slot
from convcalc.ops import Operation
from convcalc.report_json.write import totals_with_memory
from convcalc.stored import Cell, Row, Snapshot, count_cell, snapshot_shapes_text
from convcalc.write.arguments import common_options, non_default_arguments


def snapshot_of_report(report: Study) -> Snapshot:
    """Returns a snapshot with all values of a report."""
    numbers = totals_with_memory(report)
    labels = numbers["incomplete"]
    totals = {"output_shapes": Cell(snapshot_shapes_text(report.output_shapes))}
    totals |= {
        key: count_cell(value, labels.get(key))
        for key, value in numbers.items()
        if key not in ("incomplete", "peak_layer")
    }
    calls = _calls_by_path(report.model)
    rows = tuple(_row(row, report, calls.get(row.path, [])) for row in report.layers)
    return Snapshot(report.model.source or report.model.name, report.model.name, rows, totals)


def _row(row: LayerReport, report: Study, calls: Sequence[Call]) -> Row:
    size = report.memory.output_bytes(row)
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
    }
    sources = tuple(Cell(source) for call in row.calls for source in call.inputs)
    call_arguments = (
        _call_arguments(row, calls) if report.model.own_flags or isinstance(row.definition, Operation) else None
    )
    return Row(cells, row.depth, sources, _arguments(row), row.path, call_arguments)


def _calls_by_path(model: Model) -> dict[str, list[Call]]:
    """Returns the calls of each layer, by the path of the layer."""
    calls: dict[str, list[Call]] = {}
    for prefix, inner in model.models():
        for call in inner.calls:
            calls.setdefault(prefix + inner.layers[call.layer].name, []).append(call)
    return calls


def _call_arguments(row: LayerReport, calls: Sequence[Call]) -> tuple[Mapping[str, str], ...]:
    """Returns the arguments of each call that are not tensors. Only Keras files state those of layers."""
    if isinstance(row.definition, Operation):
        values = [dict(call.args) for call in calls]
    else:
        values = [dict(call.form.kwargs) if call.form is not None else {} for call in calls]
    return tuple(
        {name: _value_text(value) for name, value in args.items() if not isinstance(value, Slot)} for args in values
    )


def _arguments(row: LayerReport) -> Mapping[str, str]:
    """Returns the arguments that differ from their defaults, as texts."""
    definition = row.definition
    if isinstance(definition, LayerDefinition):
        values = _layer_arguments(definition, row)
    elif isinstance(definition, Operation):
        values = definition.without_defaults(row.config)
    else:
        values = dict(row.config)
    return {name: _value_text(value) for name, value in values.items()}


def _layer_arguments(definition: LayerDefinition, row: LayerReport) -> dict[str, Any]:
    """Returns the arguments that differ from their defaults, with one spelling for equal values.

    Example: ``axis: -1`` becomes 3 for 4 axes, and ``strides`` equal to ``pool_size`` are left out.
    """
    values, arguments = non_default_arguments(definition, row.config), {**definition.defaults, **row.config}
    if "pool_size" in arguments and arguments["strides"] == arguments["pool_size"]:
        values.pop("strides", None)
    shape = row.calls[0].input_shapes[0] if row.calls and row.calls[0].input_shapes else None
    if "axis" in values and shape is not None:
        values["axis"] = _non_negative_axis(values["axis"], len(shape))
        if values["axis"] == _non_negative_axis(definition.defaults.get("axis"), len(shape)):
            del values["axis"]
    return values


def _non_negative_axis(axis: Any, rank: int) -> Any:
    if isinstance(axis, (tuple, list)):
        return tuple(_non_negative_axis(part, rank) for part in axis)
    return axis + rank if isinstance(axis, int) and -rank <= axis < 0 else axis


def _value_text(value: Any) -> str:
    """Returns a value as text, without the names of inner layers: Keras numbers them, so they change if a layer is
    added.
    """
    if isinstance(value, SubModel):
        return f"the model '{value.name}' ({crc32(repr(value.config).encode(errors='backslashreplace')):08x})"
    if isinstance(value, SubForeign):
        return f"the custom layer {value.name} ({crc32(repr(value.config).encode(errors='backslashreplace')):08x})"
    if isinstance(value, SubLayer):
        arguments = non_default_arguments(value.definition, value.args) | common_options(value.definition, value)
        return (
            f"{value.definition.name}({', '.join(f'{name}={_value_text(part)}' for name, part in arguments.items())})"
        )
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_value_text, value))})"
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)
