"""What became of several models that were checked: as a table, as JSON, and the formats by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from convcalc.base.json_text import dumps, line
from convcalc.base.numbers import plain_number
from convcalc.base.structs import Struct
from convcalc.base.text import number_text
from convcalc.checking.check_model import CheckResult
from convcalc.rendering.sheet import Column, Sheet
from convcalc.rendering.sheets import SHEET_FORMATS
from convcalc.report_json import SCHEMA_VERSION
from convcalc.report_json.write import totals_with_memory


@dataclass(frozen=True)
class Format:
    """A format in two steps, so that models can be checked in several processes: ``part`` is what it has of one model, as plain
    data that one process can send to another; ``whole`` is the text that those make.
    """

    part: Callable[[CheckResult], Any]
    whole: Callable[[Sequence[Any]], str]

    def __call__(self, models: Sequence[CheckResult]) -> str:
        """The text on models that were checked here."""
        return self.whole([self.part(model) for model in models])


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


class _Line(Struct):
    """What formats of tables have of one model: its row, and the table of what differs from its record."""

    row: Sequence[str]
    passed: bool
    difference: Sheet | None


def checks_sheet(models: Sequence[CheckResult], plain: bool = False) -> Sheet:
    """One row a model, with the first of its problems. ``plain`` is for programs: numbers without separators, unknown ones
    empty, and a column that says which are not wholly known.
    """
    return _sheet([_line(model, plain) for model in models], plain)


def _sheet(lines: Sequence[_Line], plain: bool) -> Sheet:
    failed = sum(not line.passed for line in lines)
    note = f" {len(lines):,} checked, {len(lines) - failed:,} passed, {failed:,} failed"
    fields, columns = ((*_FIELDS, "incomplete"), (*_COLUMNS, Column("Incomplete"))) if plain else (_FIELDS, _COLUMNS)
    return Sheet("Checks", fields, columns, [line.row for line in lines], (note,))


def _line(model: CheckResult, plain: bool) -> _Line:
    difference = None
    if not model.passed and model.comparison is not None and not model.comparison.same:
        from convcalc.rendering.diff import diff_sheet

        difference = diff_sheet(model.comparison, plain=plain)
    return _Line(_plain_row(model) if plain else _row(model), model.passed, difference)


def _row(model: CheckResult) -> list[str]:
    report = model.report
    counts = ["?", "?", "?"]
    if report is not None:
        totals = report.totals
        params = number_text(totals.params, totals.incomplete.get("params"))
        counts = [f"{len(report.layers):,}", params, number_text(totals.macs, totals.incomplete.get("macs"))]
    return [status(model), model.source, *counts, f"{len(model.problems):,}", _first(model)]


def _plain_row(model: CheckResult) -> list[str]:
    report = model.report
    counts, incomplete = ["", "", ""], ""
    if report is not None:
        totals = report.totals
        known = [plain_number(number) for number in (totals.params, totals.macs)]
        counts = [str(len(report.layers)), *("" if number is None else str(number) for number in known)]
        labels = {name: totals.incomplete.get(name) for name in ("params", "macs")}
        incomplete = "; ".join(f"{name}={label}" for name, label in labels.items() if label)
    return [status(model), model.source, *counts, str(len(model.problems)), _first(model), incomplete]


def _first(model: CheckResult) -> str:
    return model.problems[0].message if model.problems else ""


def status(model: CheckResult) -> str:
    """``passed``; ``failed`` where something does not hold; ``error`` where the model could not be read."""
    return "error" if model.report is None else "passed" if model.passed else "failed"


def checks_dict(models: Sequence[CheckResult]) -> dict[str, Any]:
    """The checks for JSON. ``totals`` is null of a model that could not be read, ``comparison`` is there where one had a record."""
    return _dict([model_dict(model) for model in models])


def _dict(models: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "passed": all(model["passed"] for model in models), "models": models}


def model_dict(model: CheckResult) -> dict[str, Any]:
    """One model's part."""
    return {
        "source": model.source,
        "passed": model.passed,
        "status": status(model),
        "layers": None if model.report is None else len(model.report.layers),
        "totals": None if model.report is None else totals_with_memory(model.report),
        "problems": [problem.as_dict() for problem in model.problems],
        **({} if model.comparison is None else {"comparison": model.comparison.as_dict()}),
    }


def _table(lines: Sequence[_Line]) -> str:
    from convcalc.rendering.grid import TextStyle, drawn  # imported lazily: only this format needs Rich

    return drawn(_sheet(lines, plain=False), TextStyle())


def _json(models: Sequence[dict[str, Any]]) -> str:
    return dumps(_dict(models))


def _json_line(model: CheckResult) -> str:
    """One model a line."""
    return line(model_dict(model))


def _github(model: CheckResult) -> str:
    from convcalc.rendering.github import commands

    return commands(model)


def _sarif_part(model: CheckResult) -> Any:
    from convcalc.rendering.sarif import findings

    return findings(model)


def _sarif(models: Sequence[Any]) -> str:
    from convcalc.rendering.sarif import sarif

    return sarif(models)


def _junit_part(model: CheckResult) -> Any:
    from convcalc.rendering.junit import suite

    return suite(model)


def _junit(suites: Sequence[Any]) -> str:
    from convcalc.rendering.junit import junit

    return junit(suites)


def _of_sheets(format: str) -> Format:
    """A format of tables: the checks, and behind them what differs from each record that does not hold."""
    plain = format == "csv"

    def whole(lines: Sequence[_Line]) -> str:
        differences = (line.difference for line in lines if line.difference is not None)
        return SHEET_FORMATS[format]([_sheet(lines, plain), *differences])

    return Format(lambda model: _line(model, plain), whole)


# A format's module is imported when the format is asked for.
CHECK_FORMATS: dict[str, Format] = {
    "table": Format(lambda model: _line(model, plain=False), _table),
    "json": Format(model_dict, _json),
    "jsonl": Format(_json_line, "".join),
    **{format: _of_sheets(format) for format in SHEET_FORMATS},
    "github": Format(_github, "".join),
    "sarif": Format(_sarif_part, _sarif),
    "junit": Format(_junit_part, _junit),
}
