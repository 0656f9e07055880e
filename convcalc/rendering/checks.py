"""The results of checks, in three forms: tables, data for JSON, and lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from convcalc.base import codes
from convcalc.base.numbers import plain_number
from convcalc.base.structs import Struct
from convcalc.base.text import number_text, visible
from convcalc.checking.check_model import CheckResult
from convcalc.rendering.output_format import Piece
from convcalc.rendering.sheet import Column, Sheet
from convcalc.report_json import SCHEMA_VERSION
from convcalc.report_json.write import totals_with_memory

if TYPE_CHECKING:
    from convcalc.rendering.style import TextStyle

_FIELDS = ("status", "model", "layers", "params", "macs", "problems", "first_problem")
_COLUMNS = (
    Column("Status"),
    Column("Model"),
    Column("Layers", right=True),
    Column("Params", right=True, style="green"),
    Column("MACs", right=True, style="magenta"),
    Column("Problems", right=True),
    Column("First problem"),
)


class CheckLine(Struct):
    """The row for one model in a table of checks.

    ``difference`` is a table of the differences between the model and its record; None if there are none.
    """

    row: Sequence[str]
    passed: bool
    difference: Sheet | None


def _sheet(lines: Sequence[CheckLine], plain: bool) -> Sheet:
    """Returns a sheet with one row for each model. Each row shows the first problem of its model.

    ``plain`` is True for formats that programs read. Then numbers have no separators, and the cell of an unknown number
    is empty. The last column names the numbers that are unknown or lower bounds.
    """
    failed = sum(not line.passed for line in lines)
    note = f" {len(lines):,} checked, {len(lines) - failed:,} passed, {failed:,} failed"
    fields, columns = ((*_FIELDS, "incomplete"), (*_COLUMNS, Column("Incomplete"))) if plain else (_FIELDS, _COLUMNS)
    return Sheet("Checks", fields, columns, [line.row for line in lines], (note,))


def check_line(result: CheckResult, plain: bool) -> CheckLine:
    """Returns the row of one model. If the check failed, the row has the differences between the model and its record."""
    difference = None
    if not result.passed and result.comparison is not None and not result.comparison.same:
        from convcalc.rendering.diff import diff_sheet

        difference = diff_sheet(result.comparison, plain=plain)
    return CheckLine(_plain_row(result) if plain else _row(result), result.passed, difference)


def _row(result: CheckResult) -> list[str]:
    report = result.report
    counts = ["?", "?", "?"]
    if report is not None:
        totals = report.totals
        params = number_text(totals.params, totals.incomplete.get("params"))
        counts = [f"{len(report.layers):,}", params, number_text(totals.macs, totals.incomplete.get("macs"))]
    return [status(result), result.source, *counts, f"{len(result.problems):,}", _first(result)]


def _plain_row(result: CheckResult) -> list[str]:
    report = result.report
    counts, incomplete = ["", "", ""], ""
    if report is not None:
        totals = report.totals
        known = [plain_number(number) for number in (totals.params, totals.macs)]
        counts = [str(len(report.layers)), *("" if number is None else str(number) for number in known)]
        labels = {name: totals.incomplete.get(name) for name in ("params", "macs")}
        incomplete = "; ".join(f"{name}={label}" for name, label in labels.items() if label)
    return [status(result), result.source, *counts, str(len(result.problems)), _first(result), incomplete]


def _first(result: CheckResult) -> str:
    """Returns the message of the first error; of the first warning if there is no error."""
    ordered = sorted(result.problems, key=lambda problem: problem.severity != "error")
    return ordered[0].message if ordered else ""


def status(result: CheckResult) -> str:
    """Returns ``passed``, ``failed``, or ``error`` if the file could not be read."""
    return "error" if result.is_unread else "passed" if result.passed else "failed"


def checks_data(models: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns the JSON object of all checks. ``models`` are the JSON objects of the models."""
    return {"schema_version": SCHEMA_VERSION, "passed": all(model["passed"] for model in models), "models": models}


def model_dict(result: CheckResult) -> dict[str, Any]:
    """Returns the JSON object of one model.

    ``totals`` is null if the file could not be read. ``comparison`` exists only if the model was compared with a
    record.
    """
    return {
        "source": result.source,
        "passed": result.passed,
        "status": status(result),
        "layers": None if result.report is None else len(result.report.layers),
        "totals": None if result.report is None else totals_with_memory(result.report),
        "problems": [problem.as_dict() for problem in result.problems],
        **({} if result.comparison is None else {"comparison": result.comparison.as_dict()}),
    }


def check_sheets(lines: Sequence[CheckLine], plain: bool) -> list[Sheet]:
    """Returns a sheet of all checks, followed by one sheet for each failed model that differs from its record."""
    return [_sheet(lines, plain), *(line.difference for line in lines if line.difference is not None)]


def check_pieces(result: CheckResult, text_style: TextStyle) -> Iterator[Piece]:
    """Yields the text about one model: one line if it passed, otherwise a line on standard error for each problem.

    For a model that differs from its record, only the first difference is a line. A table shows all differences.
    """
    report, comparison = result.report, result.comparison
    if report is None:
        for problem in result.problems:
            yield Piece(str(problem), to_stderr=True)
    elif result.passed:
        record = f" (matches {comparison.before.source})" if comparison else ""
        params = number_text(report.totals.params, report.totals.incomplete.get("params"))
        layers = "1 layer" if len(report.layers) == 1 else f"{len(report.layers)} layers"
        ok = text_style.painted("OK", "bold green")
        yield Piece(f"{result.source}: {layers}, {params} parameters: {ok}{record}\n")
    else:
        differences = [problem for problem in result.problems if problem.code == codes.RECORD_DIFFERS]
        others = [problem for problem in result.problems if problem.code != codes.RECORD_DIFFERS]
        for problem in [*others, *differences[:1]]:
            yield Piece(f"{'' if problem.mark else f'{visible(result.source)}: '}{problem}", to_stderr=True)
        if comparison is not None and differences:
            from convcalc.rendering.diff import diff_sheet
            from convcalc.rendering.grid import draw_sheet

            yield Piece(draw_sheet(diff_sheet(comparison), text_style))
