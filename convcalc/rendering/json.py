"""The formats ``json`` and ``jsonl``. ``jsonl`` has one line for each model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from convcalc.base.json_text import dumps, line
from convcalc.rendering.output_format import DATA_OPTIONS, ComparisonRequest, FormatRequest, OutputFormat
from convcalc.report_json.write import report_data

if TYPE_CHECKING:
    from convcalc.analyse.study import Study
    from convcalc.checking.check_model import CheckResult
    from convcalc.differences.comparison import Comparison


def json_reports(reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """Yields the reports as JSON: one object for a single model, or a list of objects for several models."""
    data = [_data(report, request) for report in reports]
    yield dumps(data if request.several else data[0])


def jsonl_reports(reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """Yields one line of JSON for each report."""
    return (line(_data(report, request)) for report in reports)


def _data(report: Study, request: FormatRequest) -> dict[str, Any]:
    """Returns the JSON report, with the insights if they are requested."""
    data = report_data(report)
    if request.insights:
        from convcalc.checking.insights import insights

        data = {**data, "insights": [insight._asdict() for insight in insights(report)]}
    return data


def json_comparison(comparison: Comparison, request: ComparisonRequest) -> str:
    """Returns the comparison as one JSON object."""
    return dumps(comparison.as_dict())


def jsonl_comparison(comparison: Comparison, request: ComparisonRequest) -> str:
    """Returns the comparison as JSON on one line."""
    return line(comparison.as_dict())


def json_checks(models: Sequence[dict[str, Any]]) -> str:
    """Returns the checks of all models as one JSON object."""
    from convcalc.rendering.checks import checks_data

    return dumps(checks_data(models))


def jsonl_check_result(result: CheckResult) -> str:
    """Returns the check result of one model as one line of JSON."""
    from convcalc.rendering.checks import model_dict

    return line(model_dict(result))


def jsonl_checks(lines: Sequence[str]) -> str:
    """Returns the results of all models, each on one line."""
    return "".join(lines)


FORMATS = (
    OutputFormat(
        "json",
        (".json",),
        machine=True,
        options=DATA_OPTIONS,
        reports="convcalc.rendering.json:json_reports",
        comparison="convcalc.rendering.json:json_comparison",
        check_result="convcalc.rendering.checks:model_dict",
        checks="convcalc.rendering.json:json_checks",
    ),
    OutputFormat(
        "jsonl",
        (".jsonl",),
        machine=True,
        options=DATA_OPTIONS,
        reports="convcalc.rendering.json:jsonl_reports",
        comparison="convcalc.rendering.json:jsonl_comparison",
        check_result="convcalc.rendering.json:jsonl_check_result",
        checks="convcalc.rendering.json:jsonl_checks",
    ),
)
