"""For tests: a model held to its record and to a budget, in pytest or any other runner."""

from __future__ import annotations

import os
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcalc.base import codes

if TYPE_CHECKING:
    from convcalc.analyse import Study
    from convcalc.stored import Snapshot

__all__ = ["RECORD", "assert_summary"]

RECORD = "CONVCALC_RECORD"
"""The environment variable that, set to 1, has records written anew instead of compared with."""


def assert_summary(
    model: Any,
    record: str | PathLike[str] | None = None,
    *,
    ignore_names: bool = False,
    budget: Mapping[str, int | str] | None = None,
    allow_incomplete: bool = False,
) -> None:
    """Raise AssertionError, with all that differs, unless ``model`` agrees with its ``record`` and holds its ``budget``.

    ``model`` is the path of a model file, a Model, a Report, or a Keras model (what has ``to_json()``). ``record`` is the path of
    a text that Keras printed, of a JSON report or of another model file; or such a text itself, of several lines. A budget goes
    from names of totals to the most that they may be, as ``{"params": "5M"}``.

    With CONVCALC_RECORD=1 in the environment, the record is written (.txt or .json) instead of compared with.
    """
    __tracebackhide__ = True  # pytest shows the test's own line
    from convcalc.base.text import visible
    from convcalc.checking.budget import effective_limits, limits_of
    from convcalc.checking.check_model import check_model

    report = _reported(model)
    source = report.model.source or report.model.name
    limits = effective_limits(report.model, options=limits_of(budget or {}, "budget"))
    found = check_model(source, report, limits, _recorded(report, record), ignore_names, allow_incomplete)
    if not found.passed:
        lines = "\n".join(map(str, found.problems)).split("\n")
        raise AssertionError("\n".join(map(visible, [f"{source} does not hold:", *lines])))


def _reported(model: Any) -> Study:
    """The report of what stands for a model. Keras is not asked for more than its config."""
    from convcalc.api import Report, infer
    from convcalc.model import Model
    from convcalc.read import load, read

    if isinstance(model, Report):
        return model
    if isinstance(model, Model):
        return infer(model)
    if hasattr(model, "to_json"):
        return infer(read(model.to_json().encode("utf-8"), str(getattr(model, "name", "model"))))
    return infer(load(model))


def _recorded(report: Study, record: str | PathLike[str] | None) -> Snapshot | None:
    """The record to compare with; None where there is nothing to compare, as it is written from this report."""
    from convcalc.base.problems import error
    from convcalc.snapshot.load import load_snapshot, snapshot_in
    from convcalc.write import write_whole

    if record is None:
        return None
    place = fspath(record)
    if "\n" in place:
        return snapshot_in(place, "the record")
    path = Path(place)
    if os.environ.get(RECORD) == "1" and _is_ours(path):
        from convcalc.snapshot.write import snapshot_text

        write_whole(path, snapshot_text(report, path.suffix))
        return None
    if not path.exists():
        raise error(
            codes.NO_RECORD, f"{place}: there is no such record; run the test with {RECORD}=1 to have it written"
        )
    return load_snapshot(place)


def _is_ours(path: Path) -> bool:
    """Whether a record can be written there: not over a model, which others are held to as well."""
    if not path.exists():
        return True
    return path.suffix == ".txt" or (path.suffix == ".json" and '"schema_version"' in path.read_text(encoding="utf-8"))
