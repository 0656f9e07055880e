"""What became of one model that was checked."""

from __future__ import annotations

from dataclasses import dataclass

from convcalc.analyse.report import Report
from convcalc.check.comparison import Comparison
from convcalc.problems import Problem


@dataclass(frozen=True, slots=True)
class Checked:
    """One model of a check: ``source`` is its file as it was given; ``report`` is None where it could not be read (then
    ``problems`` say why). ``comparison`` is with the record that it was held against, where there was one. ``seconds`` is how long it took.
    """

    source: str
    report: Report | None
    problems: tuple[Problem, ...] = ()
    comparison: Comparison | None = None
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything holds."""
        return self.report is not None and not any(problem.severity == "error" for problem in self.problems)
