"""What became of several models that were checked: as a table, as JSON, and the formats by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from convcalc.analyse.report import SCHEMA_VERSION
from convcalc.check.checked import Checked
from convcalc.numbers import plain_number
from convcalc.render.json import dumps, line
from convcalc.render.sheet import Column, Sheet, drawn
from convcalc.render.sheets import SHEET_FORMATS
from convcalc.render.text import number_text

Format: TypeAlias = "Callable[[Sequence[Checked]], str]"

STDIN = ("-", "<stdin>")  # a source that is no file
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


def checks_sheet(models: Sequence[Checked], plain: bool = False) -> Sheet:
    """One row a model, with the first of its problems. ``plain`` is for programs: numbers without separators, unknown ones
    empty, and a column that says which are not wholly known.
    """
    failed = sum(not model.passed for model in models)
    note = f" {len(models):,} checked, {len(models) - failed:,} passed, {failed:,} failed"
    if plain:
        fields, columns = (*_FIELDS, "incomplete"), (*_COLUMNS, Column("Incomplete"))
        return Sheet("Checks", fields, columns, [_plain_row(model) for model in models], (note,))
    return Sheet("Checks", _FIELDS, _COLUMNS, [_row(model) for model in models], (note,))


def _sheets(models: Sequence[Checked], plain: bool) -> list[Sheet]:
    from convcalc.render.diff import diff_sheet

    comparisons = (model.comparison for model in models if not model.passed)
    differing = (each for each in comparisons if each is not None and not each.same)
    return [checks_sheet(models, plain), *(diff_sheet(each, plain=plain) for each in differing)]


def _row(model: Checked) -> list[str]:
    report = model.report
    counts = ["?", "?", "?"]
    if report is not None:
        totals = report.totals
        params = number_text(totals.params, totals.incomplete.get("params"))
        counts = [f"{len(report.layers):,}", params, number_text(totals.macs, totals.incomplete.get("macs"))]
    return [status(model), model.source, *counts, f"{len(model.problems):,}", _first(model)]


def _plain_row(model: Checked) -> list[str]:
    report = model.report
    counts, incomplete = ["", "", ""], ""
    if report is not None:
        totals = report.totals
        known = [plain_number(number) for number in (totals.params, totals.macs)]
        counts = [str(len(report.layers)), *("" if number is None else str(number) for number in known)]
        labels = {name: totals.incomplete.get(name) for name in ("params", "macs")}
        incomplete = "; ".join(f"{name}={label}" for name, label in labels.items() if label)
    return [status(model), model.source, *counts, str(len(model.problems)), _first(model), incomplete]


def _first(model: Checked) -> str:
    return model.problems[0].message if model.problems else ""


def status(model: Checked) -> str:
    """``passed``; ``failed`` where something does not hold; ``error`` where the model could not be read."""
    return "error" if model.report is None else "passed" if model.passed else "failed"


def checks_dict(models: Sequence[Checked]) -> dict[str, Any]:
    """The checks for JSON. ``totals`` is null of a model that could not be read, ``comparison`` is there where one had a record."""
    return {
        "schema_version": SCHEMA_VERSION,
        "passed": all(model.passed for model in models),
        "models": [model_dict(model) for model in models],
    }


def model_dict(model: Checked) -> dict[str, Any]:
    """One model's part."""
    return {
        "source": model.source,
        "passed": model.passed,
        "status": status(model),
        "layers": None if model.report is None else len(model.report.layers),
        "totals": None if model.report is None else model.report.totals_with_memory(),
        "problems": [problem.as_dict() for problem in model.problems],
        **({} if model.comparison is None else {"comparison": model.comparison.as_dict()}),
    }


def _table(models: Sequence[Checked]) -> str:
    from convcalc.render.grid import Look

    return drawn(checks_sheet(models), Look())


def _json(models: Sequence[Checked]) -> str:
    return dumps(checks_dict(models))


def _jsonl(models: Sequence[Checked]) -> str:
    """One model a line."""
    return "".join(line(model_dict(model)) for model in models)


def _github(models: Sequence[Checked]) -> str:
    from convcalc.render.github import github

    return github(models)


def _sarif(models: Sequence[Checked]) -> str:
    from convcalc.render.sarif import sarif

    return sarif(models)


def _junit(models: Sequence[Checked]) -> str:
    from convcalc.render.junit import junit

    return junit(models)


def _of_sheets(format: str) -> Format:
    """A format of tables: the checks, and behind them what differs from each record that does not hold."""

    def text(models: Sequence[Checked]) -> str:
        return SHEET_FORMATS[format](_sheets(models, plain=format == "csv"))

    return text


# A format's module is imported when the format is asked for.
CHECK_FORMATS: dict[str, Format] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    **{format: _of_sheets(format) for format in SHEET_FORMATS},
    "github": _github,
    "sarif": _sarif,
    "junit": _junit,
}
