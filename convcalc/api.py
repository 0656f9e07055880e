"""The public Python interface: reports and comparisons that notebooks can display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convcalc import analyse, rendering
from convcalc.analyse.study import Study
from convcalc.differences import compare, comparison
from convcalc.model import Model

__all__ = ["Comparison", "Report", "diff", "infer", "render"]


@dataclass(frozen=True, repr=False)
class Report(Study):
    """Shapes, parameters and costs of a model. ``layers`` has a row for each layer, ``totals`` has the sums."""

    def as_dict(self) -> dict[str, Any]:
        """Returns the JSON report, version 1, as plain data. If the report has no FLOPs yet,
        they are counted by convcalc's own convention.

        Equal parts may share one object: make a deep copy before you change anything.
        """
        from convcalc.report_json.write import report_data

        return report_data(self)

    def __str__(self) -> str:
        """Returns the summary as a table."""
        return render(self)

    def _repr_html_(self) -> str:
        """Returns the summary as HTML, for notebooks."""
        from convcalc.rendering.html import html_fragment
        from convcalc.rendering.table import summary_sheet

        return html_fragment(summary_sheet(self))


@dataclass(frozen=True, repr=False)
class Comparison(comparison.Comparison):
    """The differences between two models: in each layer, and in the totals."""

    def __str__(self) -> str:
        """Returns the comparison as a table."""
        return rendering.render_comparison(self)

    def _repr_html_(self) -> str:
        """Returns the comparison as HTML, for notebooks."""
        from convcalc.rendering.diff import diff_sheet
        from convcalc.rendering.html import html_fragment

        return html_fragment(diff_sheet(self))


def infer(model: Model) -> Report:
    """Returns the shapes, parameters and costs of every layer.

    Raises :class:`ConvcalcError` with all problems of the model.
    """
    return Report.of(analyse.infer(model))


def diff(before: Report, after: Report, ignore_names: bool = False) -> Comparison:
    """Returns the differences between two models. With ``ignore_names``, the names of layers are not compared."""
    result = compare.diff(before, after, ignore_names)
    return Comparison(result.before, result.after, result.pairs, result.totals)


def render(report: Report, format: str = "table") -> str:
    """Returns the report as text in one of the output formats, without colour, and as wide as necessary.

    Raises :class:`ConvcalcError` for an unknown format.
    """
    return rendering.render(report, format)
