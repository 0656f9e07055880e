"""One model checked against everything that it should be: its expectations, a budget, a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convcalc.analyse.study import Study
from convcalc.base.problems import Problem
from convcalc.checking.budget import Limit, check_budget
from convcalc.checking.expectations import check_expectations
from convcalc.differences.comparison import Comparison
from convcalc.stored import Snapshot


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One model of a check: ``source`` is its file as it was given; ``report`` is None where it could not be read (then
    ``problems`` say why). ``comparison`` is with the record that it was held against, where there was one. ``seconds`` is how long it took.
    """

    source: str
    report: Study | None
    problems: tuple[Problem, ...] = ()
    comparison: Comparison | None = None
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything holds."""
        return self.report is not None and not any(problem.severity == "error" for problem in self.problems)


def check_model(
    source: str,
    report: Study,
    limits: Mapping[str, Limit],
    record: Snapshot | None = None,
    ignore_names: bool = False,
    allow_incomplete: bool = False,
) -> CheckResult:
    """What becomes of a report that is held to its spec's expectations, to limits, and to a record where there is one.

    What was found on the way to the report (its warnings) is not repeated.
    """
    problems = [*check_expectations(report), *check_budget(report, limits, allow_incomplete)]
    comparison = None
    if record is not None:
        from convcalc.checking.against_snapshot import compare_with_snapshot

        comparison, differences = compare_with_snapshot(report, record, ignore_names)
        problems += differences
    return CheckResult(source, report, tuple(problems), comparison)
