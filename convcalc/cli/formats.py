"""How ``convcalc summary`` writes reports: each format with the options that go with it.

A writer takes the reports as they are read, and gives its text in pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from convcalc.base import codes
from convcalc.base.problems import error, listed
from convcalc.base.structs import Struct
from convcalc.cli import warn

if TYPE_CHECKING:
    from convcalc.analyse import Study
    from convcalc.checking.insights import Insight
    from convcalc.keras_text.options import Options
    from convcalc.rendering.grid import TextStyle
    from convcalc.rendering.sheet import Sheet


class FormatRequest(Struct):
    """What the command line asks of a format. ``several`` says that more than one model is given; ``look`` is called by who draws."""

    several: bool
    look: Callable[[], TextStyle]
    columns: Sequence[str] | None = None
    depth: int = 0
    memory: bool = False
    insights: bool = False
    keras: Options | None = None

    def sheet(self, report: Study, plain: bool = False) -> Sheet:
        """The report as a sheet, with what stands out in the model among the notes where that is asked for."""
        from convcalc.rendering.table import summary_sheet

        sheet = summary_sheet(report, self.columns, self.depth, plain)
        if not self.insights:
            return sheet
        from dataclasses import replace

        from convcalc.rendering.insights import told

        return replace(sheet, notes=(*sheet.notes, *told(_insights(report))))


Writer: TypeAlias = "Callable[[Iterable[Study], FormatRequest], Iterator[str]]"


class Format(Struct):
    """A format's writer, the options that only some formats take, and whether it holds more than one model."""

    write: Writer
    takes: Collection[str]
    several: bool = True


def require_format(name: str, options: Iterable[str], several: bool) -> Format:
    """The format, if it takes the options that were given; else a clear error."""
    format = FORMATS[name]
    special = {option for each in FORMATS.values() for option in each.takes}
    for option in options:
        if option in special and option not in format.takes:
            others = listed([other for other, each in FORMATS.items() if option in each.takes])
            flag = f"--{option.replace('_', '-')}"
            raise error(codes.INVALID_VALUE, f"{flag} goes with --format {others}, not with {name}")
    if several and not format.several:
        raise error(codes.INVALID_VALUE, f"--format {name} draws one model: give one MODEL at a time")
    return format


def _table(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.rendering.table import table

    look = asked.look()
    for number, report in enumerate(reports):
        yield "\n" * (number > 0) + table(report, look, asked.columns, asked.depth)
        if asked.memory:
            from convcalc.rendering.memory import memory_text

            yield "\n" + memory_text(report, look)
        if asked.insights:
            from convcalc.rendering.insights import insights_text

            yield "\n" + insights_text(_insights(report), look)


def _keras(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.keras_text.print3 import keras_text

    yield from _apart(keras_text(report, asked.keras) for report in reports)


def _keras2(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.keras_text.print2 import keras2_text

    yield from _apart(keras2_text(report, asked.keras) for report in reports)


def _json(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.base.json_text import dumps

    data = [_data(report, asked) for report in reports]
    yield dumps(data if asked.several else data[0])


def _jsonl(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.base.json_text import line

    return (line(_data(report, asked)) for report in reports)


def _csv(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.rendering.csv import csv_text
    from convcalc.rendering.sheet import with_model

    for number, report in enumerate(reports):
        sheet = asked.sheet(report, plain=True)
        if asked.several:
            sheet = with_model(sheet, report.model.source or report.model.name)
        yield csv_text(sheet, header=number == 0)


def _markdown(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.rendering.markdown import markdown_text

    yield from _apart(markdown_text(asked.sheet(report)) for report in reports)


def _html(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.rendering.html import html_page

    yield html_page([asked.sheet(report) for report in reports])


def _latex(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.rendering.latex import PREAMBLE, latex_text

    yield PREAMBLE
    yield from _apart(latex_text(asked.sheet(report)) for report in reports)


def _mermaid(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.rendering.graph import graph
    from convcalc.rendering.mermaid import MOST_CHARACTERS, MOST_EDGES, mermaid_text

    for report in reports:
        drawing = graph(report, asked.depth)
        text = mermaid_text(drawing)
        if len(text) > MOST_CHARACTERS or len(drawing.edges) > MOST_EDGES:
            warn(
                "note: Mermaid refuses a graph of this size unless its maxTextSize and maxEdges are raised; dot does not"
            )
        yield text


def _dot(reports: Iterable[Study], asked: FormatRequest) -> Iterator[str]:
    from convcalc.rendering.dot import dot_text
    from convcalc.rendering.graph import graph

    return (dot_text(graph(report, asked.depth)) for report in reports)


def _apart(texts: Iterable[str]) -> Iterator[str]:
    """The texts, with an empty line before each but the first."""
    return ("\n" * (number > 0) + text for number, text in enumerate(texts))


def _data(report: Study, asked: FormatRequest) -> dict[str, Any]:
    """The JSON report, with what stands out where that is asked for."""
    found = {"insights": [each._asdict() for each in _insights(report)]} if asked.insights else {}
    from convcalc.report_json.write import report_data

    return {**report_data(report), **found}


def _insights(report: Study) -> tuple[Insight, ...]:
    from convcalc.checking.insights import insights

    return insights(report)


_SHEET = ("columns", "depth", "convention")
_KERAS = ("line_length", "positions", "expand_nested", "show_trainable", "layer_range")
_DATA = ("convention", "memory", "training", "insights")

FORMATS: dict[str, Format] = {
    "table": Format(_table, (*_SHEET, "memory", "training", "insights")),
    "keras": Format(_keras, _KERAS),
    "keras2": Format(_keras2, _KERAS),
    "json": Format(_json, _DATA),
    "jsonl": Format(_jsonl, _DATA),
    "csv": Format(_csv, _SHEET),
    "markdown": Format(_markdown, (*_SHEET, "insights")),
    "html": Format(_html, (*_SHEET, "insights")),
    "latex": Format(_latex, _SHEET),
    "mermaid": Format(_mermaid, ("depth",), several=False),
    "dot": Format(_dot, ("depth",)),
}
