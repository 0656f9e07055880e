"""What became of several models that were checked: as a table, as JSON, and the formats by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from convcalc.analyse.report import SCHEMA_VERSION, Report
from convcalc.check.checked import Checked
from convcalc.numbers import Number
from convcalc.render.grid import Look
from convcalc.render.json import dumps
from convcalc.render.sheet import Column, Sheet, drawn
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


def checks_sheet(models: Sequence[Checked]) -> Sheet:
    """One row a model, with the first of its problems."""
    failed = sum(not model.passed for model in models)
    note = f" {len(models):,} checked, {len(models) - failed:,} passed, {failed:,} failed"
    return Sheet("Checks", _FIELDS, _COLUMNS, [_row(model) for model in models], (note,))


def _row(model: Checked) -> list[str]:
    counts = ["?", "?", "?"] if model.report is None else _counts(model.report)
    first = model.problems[0].message if model.problems else ""
    return [status(model), model.source, *counts, f"{len(model.problems):,}", first]


def status(model: Checked) -> str:
    """``passed``; ``failed`` where something does not hold; ``error`` where the model could not be read."""
    return "error" if model.report is None else "passed" if model.passed else "failed"


def _counts(report: Report) -> list[str]:
    totals = report.totals
    sums: dict[str, Number] = {"params": totals.params, "macs": totals.macs}
    return [
        f"{len(report.layers):,}",
        *(number_text(number, totals.incomplete.get(name)) for name, number in sums.items()),
    ]


def checks_dict(models: Sequence[Checked]) -> dict[str, Any]:
    """The checks for JSON. Of a model that could not be read, ``totals`` is null;"""
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
    }


def _table(models: Sequence[Checked]) -> str:
    return drawn(checks_sheet(models), Look())


def _json(models: Sequence[Checked]) -> str:
    return dumps(checks_dict(models))


def _jsonl(models: Sequence[Checked]) -> str:
    """One model a line."""
    return "".join(f"{json.dumps(model_dict(model), ensure_ascii=False)}\n" for model in models)


def _github(models: Sequence[Checked]) -> str:
    from convcalc.render.github import github

    return github(models)


def _sarif(models: Sequence[Checked]) -> str:
    from convcalc.render.sarif import sarif

    return sarif(models)


def _junit(models: Sequence[Checked]) -> str:
    from convcalc.render.junit import junit

    return junit(models)


# A format's module is imported when the format is asked for.
CHECK_FORMATS: dict[str, Format] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "github": _github,
    "sarif": _sarif,
    "junit": _junit,
}
