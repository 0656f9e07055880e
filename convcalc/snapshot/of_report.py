"""The snapshot of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from convcalc.analyse.report import LayerReport
from convcalc.analyse.study import Study
from convcalc.base.numbers import plain_number
from convcalc.layers import LayerType
from convcalc.layers.sublayer import SubLayer, SubModel
from convcalc.ops import Operation
from convcalc.report_json.write import totals_with_memory
from convcalc.stored import Cell, Row, Snapshot, count, shapes_text
from convcalc.write.arguments import own_arguments, settings


def snapshot_of_report(report: Study) -> Snapshot:
    """All that a report says of a model."""
    counts = totals_with_memory(report)
    totals = {"output_shapes": Cell(shapes_text(report.output_shapes))}
    totals |= {key: count(value, counts["incomplete"].get(key)) for key, value in counts.items() if _is_count(key)}
    rows = tuple(_row(row, report) for row in report.layers)
    return Snapshot(report.model.source or report.model.name, report.model.name, rows, totals)


def _is_count(key: str) -> bool:
    return key not in ("incomplete", "peak_layer")


def _row(row: LayerReport, report: Study) -> Row:
    size = report.memory.output_bytes(row)
    cells = {
        "name": Cell(row.name),
        "type": Cell(row.class_name),
        "output_shape": Cell(shapes_text(row.output_shapes)),
        "params": count(plain_number(row.params), row.incomplete.get("params")),
        "trainable_params": count(plain_number(row.trainable_params), row.incomplete.get("trainable_params")),
        "trainable": Cell(("Y" if row.trainable else "N") if row.params != 0 else "-"),
        "dtype": Cell(row.dtype),
        "macs": count(plain_number(row.macs), row.incomplete.get("macs")),
        "output_bytes": count(plain_number(size.value), size.label),
    }
    sources = tuple(Cell(source) for call in row.calls for source in call.inputs)
    return Row(cells, row.depth, sources, _arguments(row), row.path)


def _arguments(row: LayerReport) -> Mapping[str, str]:
    """The arguments that are not as by default, as texts."""
    kind = row.kind
    if isinstance(kind, LayerType):
        own = _own(kind, row)
    else:
        own = kind.own_values(row.config) if isinstance(kind, Operation) else dict(row.config)
    return {name: _value(value) for name, value in own.items()}


def _own(kind: LayerType, row: LayerReport) -> dict[str, Any]:
    """A layer's arguments that are not as by default, in whichever words they say so: the last axis by its number, the strides
    of a pooling by its size.
    """
    own, given = own_arguments(kind, row.config), {**kind.defaults, **row.config}
    if "pool_size" in given and given["strides"] == given["pool_size"]:
        own.pop("strides", None)
    shape = row.calls[0].input_shapes[0] if row.calls and row.calls[0].input_shapes else None
    if "axis" in own and shape is not None:
        own["axis"] = _from_front(own["axis"], len(shape))
        if own["axis"] == _from_front(kind.defaults.get("axis"), len(shape)):
            del own["axis"]
    return own


def _from_front(axis: Any, rank: int) -> Any:
    if isinstance(axis, (tuple, list)):
        return tuple(_from_front(each, rank) for each in axis)
    return axis + rank if isinstance(axis, int) and -rank <= axis < 0 else axis


def _value(value: Any) -> str:
    """A value as a text. Names of layers inside are left out, as Keras numbers them through the model."""
    if isinstance(value, SubModel):
        return f"the model '{value.name}' ({crc32(repr(value.config).encode(errors='backslashreplace')):08x})"
    if isinstance(value, SubLayer):
        own = own_arguments(value.kind, value.args) | settings(value.kind, value)
        return f"{value.kind.name}({', '.join(f'{name}={_value(part)}' for name, part in own.items())})"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_value, value))})"
    return str(value)
