"""Checks one model against its expectations, its budget and its record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.problems import Problem
from convcalc.checking.budget import Limit, check_budget
from convcalc.checking.expectations import check_expectations
from convcalc.differences.comparison import Comparison
from convcalc.model import Model
from convcalc.stored import Snapshot


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of checking one model.

    Attributes:
        source: The file, as the user named it.
        report: The report; None if the file could not be read.
        problems: Failed checks and warnings; without a report, the reasons why the file could not be read.
        comparison: The differences from the record; None if there is no record.
        seconds: The duration.
        has_fault: True if the report is missing because the code has a fault, not because the file cannot be read.
    """

    source: str
    report: Study | None
    problems: tuple[Problem, ...] = ()
    comparison: Comparison | None = None
    seconds: float = 0.0
    has_fault: bool = False

    @property
    def is_unread(self) -> bool:
        """True if the file could not be read."""
        return self.report is None and not self.has_fault

    @property
    def has_wrong_expectation(self) -> bool:
        """True if an expectation in the spec has a value that no model can have, such as -1 parameters."""
        return self.report is not None and any(problem.code == codes.INVALID_VALUE for problem in self.problems)

    @property
    def passed(self) -> bool:
        """True if the file could be read and there is no error."""
        return self.report is not None and not any(problem.severity == "error" for problem in self.problems)


def check_model(
    source: str,
    report: Study,
    limits: Mapping[str, Limit],
    record: Snapshot | None = None,
    ignore_names: bool = False,
    allow_incomplete: bool = False,
) -> CheckResult:
    """Checks a report against the expectations in its spec, against limits, and against a record.

    With ``allow_incomplete``, numbers that are unknown or lower bounds pass if they do not contradict the limit or the record.

    The warnings of the report itself are not repeated.
    """
    problems = [*check_expectations(report), *check_budget(report, limits, allow_incomplete)]
    comparison = None
    if record is not None:
        from convcalc.checking.against_snapshot import compare_with_snapshot

        comparison, differences = compare_with_snapshot(report, record, ignore_names, allow_incomplete)
        problems += differences
    return CheckResult(source, report, tuple(_placed(problems, report.model)), comparison)


def _placed(problems: Iterable[Problem], model: Model) -> Iterator[Problem]:
    """Yields the problems. For Python code, a problem without a position gets the position of the model in the code."""
    made_at = model.place.made_at if model.place is not None else None
    for problem in problems:
        yield problem if problem.mark is not None else problem._replace(mark=made_at)
