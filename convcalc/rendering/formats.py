"""The registry of output formats, and functions that write reports, checks and comparisons in any format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from convcalc.base import codes
from convcalc.base.lazy import resolve
from convcalc.base.problems import error, listed
from convcalc.rendering.format_index import INDEX
from convcalc.rendering.output_format import ComparisonRequest, FormatRequest, OutputFormat, Piece

if TYPE_CHECKING:
    from convcalc.analyse.study import Study
    from convcalc.checking.check_model import CheckResult
    from convcalc.differences.comparison import Comparison
    from convcalc.rendering.sheet import Sheet
    from convcalc.rendering.style import TextStyle

__all__ = [
    "CHECK_FORMATS",
    "COMPARISON_FORMATS",
    "ENDINGS",
    "FORMATS",
    "REPORT_FORMATS",
    "ComparisonRequest",
    "FormatRequest",
    "OutputFormat",
    "Piece",
    "check_payload",
    "require_options",
    "write_checks",
    "write_comparison",
    "write_reports",
]

FORMATS: dict[str, OutputFormat] = {format.name: format for format in INDEX}
# The formats of each command (summary, check, diff), by name.
REPORT_FORMATS = {name: format for name, format in FORMATS.items() if format.writes_reports}
CHECK_FORMATS = {name: format for name, format in FORMATS.items() if format.writes_checks}
COMPARISON_FORMATS = {name: format for name, format in FORMATS.items() if format.writes_comparisons}
# Maps the ending of a file's name to the name of a format, such as .md to markdown.
ENDINGS = {ending: format.name for format in INDEX for ending in format.endings}


def require_options(format: OutputFormat, options: Iterable[str], several: bool) -> None:
    """Raises :class:`ConvcalcError` for options of ``convcalc summary`` that the format does not accept.

    Also raises it for several models, if the format accepts only one.
    """
    special = {option for known in REPORT_FORMATS.values() for option in known.options}
    for option in options:
        if option in special and option not in format.options:
            accepting = listed([name for name, known in REPORT_FORMATS.items() if option in known.options])
            flag = f"--{option.replace('_', '-')}"
            raise error(codes.INVALID_VALUE, f"{flag} works with --format {accepting}, not with {format.name}")
    if several and not format.several:
        raise error(codes.INVALID_VALUE, f"--format {format.name} can draw only one model: pass one MODEL")


def write_reports(format: OutputFormat, reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """Yields the text of the reports, in pieces."""
    if format.reports:
        yield from resolve(format.reports)(reports, request)
    else:
        yield from resolve(format.sheets)(_report_sheets(format, reports, request))


def _report_sheets(format: OutputFormat, reports: Iterable[Study], request: FormatRequest) -> Iterator[Sheet]:
    from convcalc.rendering.sheet import with_model

    for report in reports:
        sheet = _report_sheet(format, report, request)
        one_table = format.machine and request.several
        yield with_model(sheet, report.model.source or report.model.name) if one_table else sheet


def _report_sheet(format: OutputFormat, report: Study, request: FormatRequest) -> Sheet:
    """Returns the report as a sheet. If insights are requested, the notes of the sheet contain them."""
    from convcalc.rendering.table import summary_sheet

    sheet = summary_sheet(report, request.columns, request.depth, format.machine, request.selection)
    if not request.insights:
        return sheet
    from dataclasses import replace

    from convcalc.checking.insights import insights
    from convcalc.rendering.insights import insight_lines

    return replace(sheet, notes=(*sheet.notes, *insight_lines(insights(report))))


def write_comparison(format: OutputFormat, comparison: Comparison, request: ComparisonRequest) -> str:
    """Returns the text of a comparison."""
    if format.comparison:
        text: str = resolve(format.comparison)(comparison, request)
        return text
    from convcalc.rendering.diff import diff_sheet

    return "".join(resolve(format.sheets)([diff_sheet(comparison, request.everything, format.machine)]))


def check_payload(format: OutputFormat, result: CheckResult, text_style: TextStyle) -> Any:
    """Returns the data that a format needs for the result of one checked model. The data can be sent to another
    process.
    """
    if format.check_pieces:
        return tuple(resolve(format.check_pieces)(result, text_style))
    if format.check_result:
        return resolve(format.check_result)(result)
    from convcalc.rendering.checks import check_line

    return check_line(result, format.machine)


def write_checks(format: OutputFormat, payloads: Iterable[Any]) -> Iterator[Piece]:
    """Yields the text of all checks. ``payloads`` contains the result of :func:`check_payload` for each model."""
    if format.check_pieces:
        for pieces in payloads:
            yield from pieces
        return
    everything = tuple(payloads)
    checks: Callable[[Sequence[Any]], str] = resolve(format.checks) if format.checks else _checks_in_sheets(format)
    yield Piece(checks(everything))


def _checks_in_sheets(format: OutputFormat) -> Callable[[Sequence[Any]], str]:
    from convcalc.rendering.checks import check_sheets

    def text(lines: Sequence[Any]) -> str:
        sheets = check_sheets(lines, format.machine)
        return "".join(resolve(format.sheets)(sheets[:1] if format.machine else sheets))

    return text
