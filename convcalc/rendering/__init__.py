"""Output formats: functions that write reports, checks and comparisons as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcalc.base import codes
from convcalc.base.problems import did_you_mean, error, listed

if TYPE_CHECKING:
    from convcalc.analyse.study import Study
    from convcalc.differences.comparison import Comparison


def render(report: Study, format: str = "table") -> str:
    """Returns the report as text in one of the output formats. The text has no colour, and its width is not limited."""
    from convcalc.rendering.formats import REPORT_FORMATS, FormatRequest, write_reports

    if format not in REPORT_FORMATS:
        hint = did_you_mean(format, REPORT_FORMATS) or f"; the formats are {listed(REPORT_FORMATS, 'and')}"
        raise error(codes.UNKNOWN_FORMAT, f"there is no format '{format}'{hint}")
    return "".join(write_reports(REPORT_FORMATS[format], [report], FormatRequest()))


def render_comparison(comparison: Comparison) -> str:
    """Returns the comparison as a table, without colour."""
    from convcalc.rendering.formats import COMPARISON_FORMATS, ComparisonRequest, write_comparison

    return write_comparison(COMPARISON_FORMATS["table"], comparison, ComparisonRequest())
