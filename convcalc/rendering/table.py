"""The summary as a sheet: one row a layer, the totals under it; and as a table, which draws that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from convcalc.analyse.report import LayerReport
from convcalc.analyse.study import Study
from convcalc.base.numbers import UNKNOWN
from convcalc.base.text import bytes_text, number_text
from convcalc.rendering.columns import FIELDS, columns_named, known
from convcalc.rendering.field import field_notes
from convcalc.rendering.output_format import SHEET_OPTIONS, ComparisonRequest, FormatRequest, OutputFormat
from convcalc.rendering.sheet import Column, Sheet

if TYPE_CHECKING:
    from convcalc.differences.comparison import Comparison
    from convcalc.rendering.grid import TextStyle

DEFAULT = ("layer", "output_shape", "params", "macs")
# Programs have a header that does not depend on the model, and what stands together for people in a column each.
PLAIN_DEFAULT = (*DEFAULT, "connected_to")
_APART = {"layer": ("name", "type")}


def table(report: Study, look: TextStyle, columns: Sequence[str] | None = None, depth: int = 0) -> str:
    """The summary as text: the sheet, drawn."""
    from convcalc.rendering.grid import drawn  # imported lazily: only this format needs Rich

    return drawn(summary_sheet(report, columns, depth), look)


def summary_sheet(report: Study, columns: Sequence[str] | None = None, depth: int = 0, plain: bool = False) -> Sheet:
    """The summary as data.

    ``columns`` names the columns, or presets; by default layer, output shape, parameters and MACs, and the connections where the
    graph branches. ``depth`` is how many levels of nested models are shown. ``plain`` is for programs: numbers without
    separators, what is not known as an empty cell and said in a last column.
    """
    chosen = columns_named(columns) if columns else PLAIN_DEFAULT if plain else _default(report)
    if any(name.startswith("flops") for name in chosen):
        report = report.with_flops()
    rows = [row for row in report.layers if row.depth <= depth]
    title = f'Model: "{report.model.name}"'
    if plain:
        return _plain(report, rows, chosen, depth, title)
    fields = [FIELDS[name] for name in chosen]
    cells = [[field.cell(row, report) for field in fields] for row in rows]
    notes = [*_totals(report), *_hidden(len(report.layers) - len(rows), depth)]
    if "receptive_field" in chosen:
        notes += field_notes(rows, report)
    return Sheet(title, chosen, [field.column for field in fields], cells, notes)


def _default(report: Study) -> tuple[str, ...]:
    return DEFAULT if report.linear else (*DEFAULT, "connected_to")


def _plain(report: Study, rows: Sequence[LayerReport], chosen: Sequence[str], depth: int, title: str) -> Sheet:
    """The sheet for programs; where nested models are opened, each row says where it stands."""
    names = tuple(dict.fromkeys(part for name in chosen for part in _APART.get(name, (name,))))
    fields = [FIELDS[name] for name in names]

    def cells(row: LayerReport) -> list[str]:
        place = [row.path, str(row.depth)] if depth else []
        labels = [(name, field.label(row, report)) for name, field in zip(names, fields)]
        incomplete = "; ".join(f"{name}={label}" for name, label in labels if label)
        return [*place, *(field.plain(row, report) for field in fields), incomplete]

    first = {"path": Column("Path"), "depth": Column("Depth", right=True)} if depth else {}
    columns = [*first.values(), *(field.column for field in fields), Column("Incomplete")]
    return Sheet(title, (*first, *names, "incomplete"), columns, [cells(row) for row in rows], _totals(report))


def _hidden(hidden: int, depth: int) -> list[str]:
    """The note on rows that are not shown."""
    one = hidden == 1
    note = f"{hidden:,} layer{'' if one else 's'} of nested models {'is' if one else 'are'} not shown"
    return [f" {note}: --depth {depth + 1} opens {'it' if one else 'them'}"] if hidden else []


def _totals(report: Study) -> list[str]:
    totals = report.totals
    batch = {shape[0] for shape in report.input_shapes if shape}
    stated = [size for size in batch if isinstance(size, int)]
    per = f"for a batch of {stated[0]}" if stated else "for one sample"
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
        counted = number_text(known(totals.flops), incomplete.get("flops"))
        lines.append(f" FLOPs: {counted} ({per}; convention {report.convention})")
    return lines


def table_reports(reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """Each report as a table, with memory and insights below it if they are requested."""
    text_style = request.text_style()
    for number, report in enumerate(reports):
        yield "\n" * (number > 0) + table(report, text_style, request.columns, request.depth)
        if request.memory:
            from convcalc.rendering.memory import memory_text

            yield "\n" + memory_text(report, text_style)
        if request.insights:
            from convcalc.checking.insights import insights
            from convcalc.rendering.insights import insights_text

            yield "\n" + insights_text(insights(report), text_style)


def table_comparison(comparison: Comparison, request: ComparisonRequest) -> str:
    """The comparison as a table."""
    from convcalc.rendering.diff import diff_sheet
    from convcalc.rendering.grid import drawn  # imported lazily: needs Rich

    return drawn(diff_sheet(comparison, request.everything), request.text_style())


FORMATS = (
    OutputFormat(
        "table",
        (".txt",),
        options=(*SHEET_OPTIONS, "memory", "training", "insights"),
        reports="convcalc.rendering.table:table_reports",
        comparison="convcalc.rendering.table:table_comparison",
        check_pieces="convcalc.rendering.checks:check_pieces",
    ),
)
