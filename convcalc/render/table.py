"""The summary as a table: one row a layer, the totals under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from convcalc.analyse.flops import with_flops
from convcalc.analyse.report import LayerReport, Report
from convcalc.numbers import UNKNOWN, Number
from convcalc.problems import ConvcalcError, Problem, did_you_mean, listed
from convcalc.render.field import field_notes, field_padding, field_size, field_stride
from convcalc.render.grid import Column, Look, draw
from convcalc.render.text import arguments_text, bytes_text, number_text, percent_text, shapes_text, visible

Cell = Callable[[LayerReport, Report], str]


class Field(NamedTuple):
    """A column that can be asked for by name."""

    column: Column
    cell: Cell


def _name(row: LayerReport, report: Report) -> str:
    return f"{_indent(row)}{row.name}"


def _name_and_type(row: LayerReport, report: Report) -> str:
    return f"{_indent(row)}{row.name} ({row.class_name})"


def _indent(row: LayerReport) -> str:
    return "  " * (row.depth - 1) + "└ " if row.depth else ""


def _connections(row: LayerReport, report: Report) -> str:
    names = [source for call in row.calls for source in call.inputs]
    return ", ".join(name.removesuffix("[0][0]") for name in names) or "-"


def _trainable(row: LayerReport, report: Report) -> str:
    if row.params == 0:
        return "-"
    return "Y" if row.trainable else "N"


def _config(row: LayerReport, report: Report) -> str:
    return arguments_text(row.config)


def _output(row: LayerReport, report: Report) -> str:
    """The shapes of the last call; marked where the file says so and nothing else does."""
    return f"{shapes_text(row.output_shapes)}{' (recorded)' if row.calls[-1].recorded else ''}"


def _params(row: LayerReport, report: Report) -> str:
    """The parameters; marked where they are those of the weights that the file stores."""
    return f"{number_text(row.params, row.incomplete.get('params'))}{' (recorded)' if row.recorded else ''}"


def _output_bytes(row: LayerReport, report: Report) -> str:
    size = report.memory.output_bytes(row)
    return bytes_text(size.value, size.label)


def _alive(row: LayerReport, report: Report) -> str:
    """The most that is alive while the layer runs; a lower bound where some tensor's size is not known."""
    memory = report.memory
    return bytes_text(memory.at_layer.get(row.path, UNKNOWN), memory.incomplete.get("peak_activation_bytes"))


def _weight_bytes(row: LayerReport, report: Report) -> str:
    size = report.memory.weights_of(row)
    return bytes_text(size.value, size.label)


def _flops(row: LayerReport, report: Report) -> str:
    return number_text(_known(row.flops), row.incomplete.get("flops"))


def _known(number: Number | None) -> Number:
    return UNKNOWN if number is None else number


FIELDS: dict[str, Field] = {
    "layer": Field(Column("Layer (type)"), _name_and_type),
    "name": Field(Column("Layer"), _name),
    "type": Field(Column("Type", style="blue"), lambda row, _: row.class_name),
    "config": Field(Column("Config"), _config),
    "input_shape": Field(
        Column("Input shape"), lambda row, _: shapes_text(row.calls[-1].input_shapes) if row.calls[-1].inputs else "-"
    ),
    "output_shape": Field(Column("Output shape", style="cyan"), _output),
    "params": Field(Column("Params", right=True, style="green"), _params),
    "percent": Field(
        Column("Params %", right=True), lambda row, report: percent_text(row.params, report.totals.params)
    ),
    "trainable": Field(Column("Trainable"), _trainable),
    "macs": Field(
        Column("MACs", right=True, style="magenta"), lambda row, _: number_text(row.macs, row.incomplete.get("macs"))
    ),
    "flops": Field(Column("FLOPs", right=True, style="magenta"), _flops),
    "flops_percent": Field(
        Column("FLOPs %", right=True),
        lambda row, report: percent_text(_known(row.flops), _known(report.totals.flops)),
    ),
    "receptive_field": Field(Column("Receptive field", right=True), field_size),
    "field_stride": Field(Column("Field stride", right=True), field_stride),
    "field_padding": Field(Column("Field padding", right=True), field_padding),
    "output_bytes": Field(Column("Output bytes", right=True), _output_bytes),
    "alive_bytes": Field(Column("Alive", right=True), _alive),
    "weight_bytes": Field(Column("Weight bytes", right=True), _weight_bytes),
    "connected_to": Field(Column("Connected to"), _connections),
}
DEFAULT = ("layer", "output_shape", "params", "macs")
# Words that stand for several columns.
PRESETS: dict[str, tuple[str, ...]] = {
    "cost": ("layer", "output_shape", "params", "percent", "macs", "flops", "flops_percent"),
    "field": ("layer", "output_shape", "receptive_field", "field_stride", "field_padding"),
    "memory": ("layer", "output_shape", "output_bytes", "alive_bytes", "weight_bytes"),
}


def columns_named(names: Sequence[str]) -> tuple[str, ...]:
    """The names checked, with presets written out; raises :class:`ConvcalcError` for one that there is not."""
    every = (*FIELDS, *PRESETS)
    known = f"; choose among {listed(every, 'and')}"
    unknown = [name for name in names if name not in every]
    if unknown:
        raise ConvcalcError(
            Problem("unknown-column", f"there is no column '{name}'{did_you_mean(name, every) or known}")
            for name in unknown
        )
    return tuple(dict.fromkeys(column for name in names for column in PRESETS.get(name, (name,))))


def table(report: Report, look: Look, columns: Sequence[str] | None = None, depth: int = 0) -> str:
    """The summary as text.

    ``columns`` names the columns, or presets; by default layer, output shape, parameters and MACs, and the connections where the
    graph branches. ``depth`` is how many levels of nested models are shown.
    """
    chosen = columns_named(columns) if columns else DEFAULT if report.linear else (*DEFAULT, "connected_to")
    if not report.convention and any(name.startswith("flops") for name in chosen):
        report = with_flops(report)
    rows = [row for row in report.layers if row.depth <= depth]
    cells = [[FIELDS[name].cell(row, report) for name in chosen] for row in rows]
    title = look.painted(look.signs(f'Model: "{visible(report.model.name)}"'), "bold")
    grid = draw([FIELDS[name].column for name in chosen], cells, look)
    hidden = len(report.layers) - len(rows)
    one = hidden == 1
    note = f"{hidden:,} layer{'' if one else 's'} of nested models {'is' if one else 'are'} not shown"
    notes = [f" {note}: --depth {depth + 1} opens {'it' if one else 'them'}"] if hidden else []
    if "receptive_field" in chosen:
        notes += field_notes(rows, report)
    return f"{title}\n{grid}" + "".join(f"{look.signs(line)}\n" for line in [*_totals(report), *notes])


def _totals(report: Report) -> list[str]:
    totals = report.totals
    batch = {shape[0] for shape in report.input_shapes if shape}
    known = [size for size in batch if isinstance(size, int)]
    per = f"for a batch of {known[0]}" if known else "for one sample"
    incomplete = totals.incomplete
    rest = number_text(totals.non_trainable_params, incomplete.get("params"))
    # Of a count that is not known, the bytes are not known either: no silent zero.
    rest_bytes = UNKNOWN if rest == "?" else totals.param_bytes - totals.trainable_bytes
    lines = [
        f" Total params: {number_text(totals.params, incomplete.get('params'))} ({bytes_text(totals.param_bytes)})",
        f" Trainable params: {number_text(totals.trainable_params, incomplete.get('trainable_params'))} "
        f"({bytes_text(totals.trainable_bytes)})",
        f" Non-trainable params: {rest} ({bytes_text(rest_bytes)})",
        f" MACs: {number_text(totals.macs, totals.incomplete.get('macs'))} ({per})",
    ]
    if report.convention:
        counted = number_text(_known(totals.flops), incomplete.get("flops"))
        lines.append(f" FLOPs: {counted} ({per}; convention {report.convention})")
    return lines
