"""The summary as a sheet, and the format ``table``. The sheet has a row for each layer, and the totals as notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from convcalc.analyse.report import LayerReport
from convcalc.analyse.selection import selected
from convcalc.analyse.study import Study
from convcalc.base.numbers import UNKNOWN, Number
from convcalc.base.selection import EVERYTHING, Selection
from convcalc.base.text import bytes_text, number_text
from convcalc.rendering.columns import FIELDS, columns_named, known
from convcalc.rendering.field import field_notes
from convcalc.rendering.output_format import SHEET_OPTIONS, ComparisonRequest, FormatRequest, OutputFormat
from convcalc.rendering.sheet import Column, Sheet
from convcalc.rendering.short import short_forms

if TYPE_CHECKING:
    from convcalc.differences.comparison import Comparison
    from convcalc.rendering.style import TextStyle

DEFAULT = ("layer", "output_shape", "params", "macs")
# The default columns for programs do not depend on the model. The name and the type of a layer are two columns.
PLAIN_DEFAULT = (*DEFAULT, "connected_to")
_SEPARATE = {"layer": ("name", "type")}


def table(
    report: Study,
    style: TextStyle,
    columns: Sequence[str] | None = None,
    depth: int = 0,
    selection: Selection = EVERYTHING,
) -> str:
    """Returns the summary as a table in text."""
    from convcalc.rendering.grid import draw_sheet

    return draw_sheet(summary_sheet(report, columns, depth, selection=selection), style)


def summary_sheet(
    report: Study,
    columns: Sequence[str] | None = None,
    depth: int = 0,
    plain: bool = False,
    selection: Selection = EVERYTHING,
) -> Sheet:
    """Returns the summary as a sheet.

    - ``columns`` are names of columns or presets. By default, the columns are the layer, the output shape, the
      parameters and the MACs. If the graph has branches, the connections are added.
    - ``depth`` is the number of levels of nested models that are shown.
    - ``selection`` are the rows that are shown.
    - ``plain`` is True for formats that programs read. Then numbers have no separators, the cell of an unknown number
      is empty, and the last column names the unknown numbers.
    """
    chosen = columns_named(columns) if columns else PLAIN_DEFAULT if plain else _default(report)
    if any(name.startswith("flops") for name in chosen) or selection.sort == "flops":
        report = report.with_flops()
    rows, selection_notes = selected(report, depth, selection)
    title = f'Model: "{report.model.name}"'
    if plain:
        return _plain(report, rows, chosen, depth, title)
    fields = [FIELDS[name] for name in chosen]
    cells = [[field.cell(row, report) for field in fields] for row in rows]
    hidden = [] if selection_notes else _hidden(len(report.layers) - len(rows), depth)
    notes = [*selection_notes, *_totals(report), *hidden]
    if "receptive_field" in chosen:
        notes += field_notes(rows, report)
    sheet = Sheet(title, chosen, [field.column for field in fields], cells, notes)
    return replace(sheet, short=lambda: short_forms(sheet, rows, {row.name for row in report.layers}))


def _default(report: Study) -> tuple[str, ...]:
    return DEFAULT if report.linear else (*DEFAULT, "connected_to")


def _plain(report: Study, rows: Sequence[LayerReport], chosen: Sequence[str], depth: int, title: str) -> Sheet:
    """Returns the sheet for programs. With nested models, the path and the depth of each layer are added."""
    names = tuple(dict.fromkeys(part for name in chosen for part in _SEPARATE.get(name, (name,))))
    fields = [FIELDS[name] for name in names]

    def cells(row: LayerReport) -> list[str]:
        path = [row.path, str(row.depth)] if depth else []
        labels = [(name, field.label(row, report)) for name, field in zip(names, fields)]
        incomplete = "; ".join(f"{name}={label}" for name, label in labels if label)
        return [*path, *(field.plain(row, report) for field in fields), incomplete]

    first = {"path": Column("Path"), "depth": Column("Depth", right=True)} if depth else {}
    columns = [*first.values(), *(field.column for field in fields), Column("Incomplete")]
    return Sheet(title, (*first, *names, "incomplete"), columns, [cells(row) for row in rows], _totals(report))


def _hidden(hidden: int, depth: int) -> list[str]:
    """Returns a note with the number of layers that are not shown."""
    single = hidden == 1
    note = f"{hidden:,} layer{'' if single else 's'} of nested models {'is' if single else 'are'} not shown"
    return [f" {note}: --depth {depth + 1} shows {'it' if single else 'them'}"] if hidden else []


def _total(what: str, number: str, size: Number) -> str:
    """Returns the line of a total. The size of an unknown number is unknown too, although some weights are known."""
    return f" {what} params: {number} ({bytes_text(UNKNOWN if number == '?' else size)})"


def _totals(report: Study) -> list[str]:
    totals = report.totals
    batch_sizes = {shape[0] for shape in report.input_shapes if shape}
    known_sizes = [size for size in batch_sizes if isinstance(size, int)]
    per = f"for a batch of {known_sizes[0]}" if known_sizes else "for one sample"
    incomplete = totals.incomplete
    non_trainable = number_text(totals.non_trainable_params, incomplete.get("params"))
    # If the number of non-trainable parameters is unknown, so is their size: the difference of the two sizes would be
    # wrong.
    non_trainable_bytes = UNKNOWN if non_trainable == "?" else totals.param_bytes - totals.trainable_bytes
    lines = [
        _total("Total", number_text(totals.params, incomplete.get("params")), totals.param_bytes),
        _total(
            "Trainable",
            number_text(totals.trainable_params, incomplete.get("trainable_params")),
            totals.trainable_bytes,
        ),
        _total("Non-trainable", non_trainable, non_trainable_bytes),
        f" MACs: {number_text(totals.macs, totals.incomplete.get('macs'))} ({per})",
    ]
    if report.convention:
        flops = number_text(known(totals.flops), incomplete.get("flops"))
        lines.append(f" FLOPs: {flops} ({per}; convention {report.convention})")
    return lines


def table_reports(reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """Yields each report as a table. If memory or insights are requested, they follow below the table."""
    text_style = request.text_style()
    for number, report in enumerate(reports):
        yield "\n" * (number > 0) + table(report, text_style, request.columns, request.depth, request.selection)
        if request.memory:
            from convcalc.rendering.memory import memory_text

            yield "\n" + memory_text(report, text_style)
        if request.insights:
            from convcalc.checking.insights import insights
            from convcalc.rendering.insights import insights_text

            yield "\n" + insights_text(insights(report), text_style)


def table_comparison(comparison: Comparison, request: ComparisonRequest) -> str:
    """Returns the comparison as a table."""
    from convcalc.rendering.diff import diff_sheet
    from convcalc.rendering.grid import draw_sheet

    return draw_sheet(diff_sheet(comparison, request.everything), request.text_style())


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
