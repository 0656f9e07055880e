"""The columns of a summary. Each column shows one property of a layer, as text for people and as a plain value for
programs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from convcalc.analyse.report import LayerReport
from convcalc.analyse.selection import members
from convcalc.analyse.study import Study
from convcalc.analyse.sums import PartialSum, sum_known
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, plain
from convcalc.base.problems import ConvcalcError, Problem, did_you_mean, listed
from convcalc.base.text import bytes_text, number_text, percent_text, shapes_text
from convcalc.rendering.field import (
    field_label,
    field_padding,
    field_size,
    field_stride,
    plain_field_padding,
    plain_field_size,
    plain_field_stride,
)
from convcalc.rendering.sheet import Column
from convcalc.rendering.text import arguments_text

Cell: TypeAlias = "Callable[[LayerReport, Study], str]"
Count: TypeAlias = "Callable[[LayerReport, Study], PartialSum]"


def _nothing(row: LayerReport, report: Study) -> str:
    return ""


@dataclass(frozen=True)
class TableColumn:
    """A column that a user can select by name.

    Attributes:
        column: The heading and the style of the column.
        cell: A function that returns the text for people.
        plain: A function that returns the text for programs, which is empty if the value is unknown.
        label: A function that returns ``unknown`` for an unknown number, ``partial`` for a lower bound, and otherwise
            an empty string.
    """

    column: Column
    cell: Cell
    plain: Cell
    label: Cell = _nothing


def _text(heading: str, cell: Cell, plain: Cell | None = None, style: str = "", detail: bool = False) -> TableColumn:
    return TableColumn(Column(heading, style=style, detail=detail), cell, plain or cell)


def _number(
    heading: str, count: Count, text: Callable[[Number, str], str] = number_text, mark: Cell = _nothing, style: str = ""
) -> TableColumn:
    """Returns a column of numbers. ``mark`` returns a text that follows the number in the text for people."""

    def cell(row: LayerReport, report: Study) -> str:
        number = count(row, report)
        return text(number.value, number.label) + mark(row, report)

    def plain_cell(row: LayerReport, report: Study) -> str:
        number = count(row, report)
        known = plain(number.value)
        return str(known) if isinstance(known, int) and not (number.label and known == 0) else ""

    def label(row: LayerReport, report: Study) -> str:
        return count(row, report).label or ("" if plain_cell(row, report) else "unknown")

    return TableColumn(Column(heading, right=True, style=style), cell, plain_cell, label)


def _percent(name: str, heading: str) -> TableColumn:
    """Returns a column with each layer's share of the model's total, in percent."""

    def numbers(row: LayerReport, report: Study) -> tuple[Number, Number]:
        return known(getattr(row, name)), known(getattr(report.totals, name))

    def plain_cell(row: LayerReport, report: Study) -> str:
        part, whole = map(plain, numbers(row, report))
        return f"{100 * part / whole:.6g}" if isinstance(part, int) and isinstance(whole, int) and whole else ""

    def label(row: LayerReport, report: Study) -> str:
        return row.incomplete.get(name) or report.totals.incomplete.get(name, "")

    return TableColumn(
        Column(heading, right=True), lambda row, report: percent_text(*numbers(row, report)), plain_cell, label
    )


def _receptive_field(heading: str, cell: Cell, plain: Cell, name: str) -> TableColumn:
    """Returns a column about receptive fields. ``name`` is the JSON report's key for the number, such as ``stride``."""
    return TableColumn(Column(heading, right=True), cell, plain, lambda row, report: field_label(row, report, name))


def _name(row: LayerReport, report: Study) -> str:
    return f"{_indent(row)}{row.name}"


def _name_and_type(row: LayerReport, report: Study) -> str:
    return f"{_indent(row)}{row.name} ({row.class_name})"


def _indent(row: LayerReport) -> str:
    return "  " * (row.depth - 1) + "└ " if row.depth else ""


def _input(row: LayerReport, report: Study) -> str:
    return shapes_text(row.calls[-1].input_shapes) if row.calls[-1].inputs else "-"


def _connections(row: LayerReport, report: Study) -> str:
    names = [source for call in row.calls for source in call.inputs]
    return ", ".join(name.removesuffix("[0][0]") for name in names) or "-"


def _trainable(row: LayerReport, report: Study) -> str:
    if row.params == 0:
        return "-"
    return "Y" if row.trainable else "N"


def _output(row: LayerReport, report: Study) -> str:
    """Returns the output shapes of the layer's last call.

    ``(recorded)`` follows if the shapes come from the file, and ``…`` if the layer may have more outputs.
    """
    shapes = shapes_text(row.output_shapes, row.may_have_more_outputs)
    return f"{shapes}{' (recorded)' if row.calls[-1].recorded else ''}"


def _or_empty(cell: Cell) -> Cell:
    """Returns ``cell`` with an empty text in place of ``-`` and ``?``."""
    return lambda row, report: text if (text := cell(row, report)) not in ("-", "?") else ""


def _recorded(row: LayerReport, report: Study) -> str:
    """Returns ``(recorded)`` if the parameters were counted from the weights in the file."""
    return " (recorded)" if row.recorded else ""


def _live_memory(row: LayerReport, report: Study) -> PartialSum:
    """Returns the maximum bytes of all tensors in memory while the layer runs.

    It is a lower bound if the size of a tensor is unknown.
    """
    memory = report.memory
    known_peaks = [memory.peak_at_layer[part.path] for part in members(row) if part.path in memory.peak_at_layer]
    return PartialSum(max(known_peaks, default=UNKNOWN), memory.incomplete.get("peak_activation_bytes", ""))


def _count(name: str) -> Count:
    return lambda row, _: PartialSum(known(getattr(row, name)), row.incomplete.get(name, ""))


def _sum(count: Count) -> Count:
    """Returns the count for rows that can stand for several layers: the sum over the layers."""

    def total(row: LayerReport, report: Study) -> PartialSum:
        parts = [count(part, report) for part in members(row)]
        if len(parts) == 1:
            return parts[0]
        result = sum_known([part.value for part in parts])
        return PartialSum(result.value, result.label or ("partial" if any(part.label for part in parts) else ""))

    return total


def known(number: Number | None) -> Number:
    """Returns the number; UNKNOWN for a number that was not requested (None)."""
    return UNKNOWN if number is None else number


FIELDS: dict[str, TableColumn] = {
    "layer": _text("Layer (type)", _name_and_type, detail=True),
    "name": _text("Layer", _name, lambda row, _: row.name),
    "type": _text("Type", lambda row, _: row.class_name, style="blue"),
    "config": _text("Config", lambda row, _: arguments_text(row.config)),
    "input_shape": _text("Input shape", _input, _or_empty(_input)),
    "output_shape": _text(
        "Output shape", _output, _or_empty(lambda row, _: shapes_text(row.output_shapes)), style="cyan"
    ),
    "params": _number("Params", _count("params"), mark=_recorded, style="green"),
    "percent": _percent("params", "Params %"),
    "trainable": _text("Trainable", _trainable, _or_empty(_trainable)),
    "macs": _number("MACs", _count("macs"), style="magenta"),
    "flops": _number("FLOPs", _count("flops"), style="magenta"),
    "flops_percent": _percent("flops", "FLOPs %"),
    "receptive_field": _receptive_field("Receptive field", field_size, plain_field_size, "receptive_field"),
    "field_stride": _receptive_field("Field stride", field_stride, plain_field_stride, "receptive_field_stride"),
    "field_padding": _receptive_field("Field padding", field_padding, plain_field_padding, "receptive_field_padding"),
    "output_bytes": _number("Output bytes", _sum(lambda row, report: report.memory.output_bytes(row)), bytes_text),
    "alive_bytes": _number("Live memory", _live_memory, bytes_text),
    "weight_bytes": _number("Weight bytes", _sum(lambda row, report: report.memory.weights_of(row)), bytes_text),
    "connected_to": _text("Connected to", _connections, _or_empty(_connections)),
}
# Names of presets, each with the columns that it selects.
PRESETS: dict[str, tuple[str, ...]] = {
    "cost": ("layer", "output_shape", "params", "percent", "macs", "flops", "flops_percent"),
    "field": ("layer", "output_shape", "receptive_field", "field_stride", "field_padding"),
    "memory": ("layer", "output_shape", "output_bytes", "alive_bytes", "weight_bytes"),
}

# The columns of ``--columns all``. The column ``layer`` has the name and the type.
ALL = tuple(name for name in FIELDS if name not in ("name", "type"))


def columns_named(names: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of the columns, with each preset replaced by its columns.

    Raises :class:`ConvcalcError` for an unknown name.
    """
    known_names = (*FIELDS, *PRESETS)
    choices = f"; the columns are {listed(known_names, 'and')}"
    unknown = [name for name in names if name not in known_names]
    if unknown:
        raise ConvcalcError(
            Problem(codes.UNKNOWN_COLUMN, f"there is no column '{name}'{did_you_mean(name, known_names) or choices}")
            for name in unknown
        )
    return tuple(dict.fromkeys(column for name in names for column in PRESETS.get(name, (name,))))
