"""Renderers: a report to text. Every format is a function of the report and the look; none walks a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from convcalc.base import codes
from convcalc.base.problems import did_you_mean, error, listed

if TYPE_CHECKING:
    from convcalc.analyse.study import Study

Renderer: TypeAlias = "Callable[[Study], str]"


def _table(report: Study) -> str:
    from convcalc.rendering.grid import TextStyle
    from convcalc.rendering.table import table

    return table(report, TextStyle(), depth=0)


def _json(report: Study) -> str:
    from convcalc.report_json.write import report_json

    return report_json(report)


def _keras(report: Study) -> str:
    from convcalc.keras_text.print3 import keras_text

    return keras_text(report)


def _keras2(report: Study) -> str:
    from convcalc.keras_text.print2 import keras2_text

    return keras2_text(report)


def _jsonl(report: Study) -> str:
    from convcalc.base.json_text import line
    from convcalc.report_json.write import report_data

    return line(report_data(report))


def _of_sheet(format: str) -> Renderer:
    """A format of tables; programs read CSV."""

    def text(report: Study) -> str:
        from convcalc.rendering.sheets import SHEET_FORMATS
        from convcalc.rendering.table import summary_sheet

        return SHEET_FORMATS[format]([summary_sheet(report, plain=format == "csv")])

    return text


def _mermaid(report: Study) -> str:
    from convcalc.rendering.graph import graph
    from convcalc.rendering.mermaid import mermaid_text

    return mermaid_text(graph(report))


def _dot(report: Study) -> str:
    from convcalc.rendering.dot import dot_text
    from convcalc.rendering.graph import graph

    return dot_text(graph(report))


# A format's module is imported when the format is asked for.
FORMATS: dict[str, Renderer] = {
    "table": _table,
    "keras": _keras,
    "keras2": _keras2,
    "json": _json,
    "jsonl": _jsonl,
    **{format: _of_sheet(format) for format in ("csv", "markdown", "html", "latex")},
    "mermaid": _mermaid,
    "dot": _dot,
}


def render(report: Study, format: str = "table") -> str:
    """The report as text in one of :data:`FORMATS`, without colour and as wide as it needs."""
    if format not in FORMATS:
        hint = did_you_mean(format, FORMATS) or f"; known are {listed(FORMATS, 'and')}"
        raise error(codes.UNKNOWN_FORMAT, f"there is no format '{format}'{hint}")
    return FORMATS[format](report)
