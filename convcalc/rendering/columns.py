"""The columns of a summary: what each says of a layer, in words for people and as a bare value for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from convcalc.analyse.report import LayerReport
from convcalc.analyse.study import Study
from convcalc.analyse.sums import PartialSum
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
class Field:
    """A column that can be asked for by name. ``cell`` is written for people, ``plain`` for programs: empty where nothing is
    known, and then ``label`` says ``unknown``; of a lower bound it says ``partial``.
    """

    column: Column
    cell: Cell
    plain: Cell
    label: Cell = _nothing


def _text(heading: str, cell: Cell, plain: Cell | None = None, style: str = "") -> Field:
    return Field(Column(heading, style=style), cell, plain or cell)


def _number(
    heading: str, count: Count, text: Callable[[Number, str], str] = number_text, mark: Cell = _nothing, style: str = ""
) -> Field:
    """A column of numbers; ``mark`` stands behind them where people read them."""

    def cell(row: LayerReport, report: Study) -> str:
        number = count(row, report)
        return text(number.value, number.label) + mark(row, report)

    def bare(row: LayerReport, report: Study) -> str:
        number = count(row, report)
        known = plain(number.value)
        return str(known) if isinstance(known, int) and not (number.label and known == 0) else ""

    def label(row: LayerReport, report: Study) -> str:
        return count(row, report).label or ("" if bare(row, report) else "unknown")

    return Field(Column(heading, right=True, style=style), cell, bare, label)


def _percent(name: str, heading: str) -> Field:
    """A column of shares in the total of a count."""

    def numbers(row: LayerReport, report: Study) -> tuple[Number, Number]:
        return known(getattr(row, name)), known(getattr(report.totals, name))

    def bare(row: LayerReport, report: Study) -> str:
        part, whole = map(plain, numbers(row, report))
        return f"{100 * part / whole:.6g}" if isinstance(part, int) and isinstance(whole, int) and whole else ""

    def label(row: LayerReport, report: Study) -> str:
        return row.incomplete.get(name) or report.totals.incomplete.get(name, "")

    return Field(Column(heading, right=True), lambda row, report: percent_text(*numbers(row, report)), bare, label)


def _reach(heading: str, cell: Cell, plain: Cell, name: str) -> Field:
    """A column about receptive fields; ``name`` is that of its number in the JSON report."""
    return Field(Column(heading, right=True), cell, plain, lambda row, report: field_label(row, report, name))


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
    """The shapes of the last call; marked where the file says so and nothing else does."""
    return f"{shapes_text(row.output_shapes)}{' (recorded)' if row.calls[-1].recorded else ''}"


def _or_empty(cell: Cell) -> Cell:
    """The cell without the dash or the question mark that people read for nothing."""
    return lambda row, report: text if (text := cell(row, report)) not in ("-", "?") else ""


def _recorded(row: LayerReport, report: Study) -> str:
    """The mark of parameters that are those of the weights that the file stores."""
    return " (recorded)" if row.recorded else ""


def _alive(row: LayerReport, report: Study) -> PartialSum:
    """The most that is alive while the layer runs; a lower bound where some tensor's size is not known."""
    memory = report.memory
    return PartialSum(memory.peak_at_layer.get(row.path, UNKNOWN), memory.incomplete.get("peak_activation_bytes", ""))


def _count(name: str) -> Count:
    return lambda row, _: PartialSum(known(getattr(row, name)), row.incomplete.get(name, ""))


def known(number: Number | None) -> Number:
    """The number; unknown where it was never asked for."""
    return UNKNOWN if number is None else number


FIELDS: dict[str, Field] = {
    "layer": _text("Layer (type)", _name_and_type),
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
    "receptive_field": _reach("Receptive field", field_size, plain_field_size, "receptive_field"),
    "field_stride": _reach("Field stride", field_stride, plain_field_stride, "receptive_field_stride"),
    "field_padding": _reach("Field padding", field_padding, plain_field_padding, "receptive_field_padding"),
    "output_bytes": _number("Output bytes", lambda row, report: report.memory.output_bytes(row), bytes_text),
    "alive_bytes": _number("Alive", _alive, bytes_text),
    "weight_bytes": _number("Weight bytes", lambda row, report: report.memory.weights_of(row), bytes_text),
    "connected_to": _text("Connected to", _connections, _or_empty(_connections)),
}
# Words that stand for several columns.
PRESETS: dict[str, tuple[str, ...]] = {
    "cost": ("layer", "output_shape", "params", "percent", "macs", "flops", "flops_percent"),
    "field": ("layer", "output_shape", "receptive_field", "field_stride", "field_padding"),
    "memory": ("layer", "output_shape", "output_bytes", "alive_bytes", "weight_bytes"),
}


def columns_named(names: Sequence[str]) -> tuple[str, ...]:
    """The names checked, with presets written out; raises :class:`ConvcalcError` for one that there is not."""
    every = (*FIELDS, *PRESETS)
    choice = f"; choose among {listed(every, 'and')}"
    unknown = [name for name in names if name not in every]
    if unknown:
        raise ConvcalcError(
            Problem(codes.UNKNOWN_COLUMN, f"there is no column '{name}'{did_you_mean(name, every) or choice}")
            for name in unknown
        )
    return tuple(dict.fromkeys(column for name in names for column in PRESETS.get(name, (name,))))
