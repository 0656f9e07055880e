"""Runs changes, and counts the results by kind of change and by record."""

from __future__ import annotations

from collections import Counter
from random import Random

from convcalc.base.problems import ConvcalcError
from tests.model_changes.bases import bases, config
from tests.model_changes.changes import changed
from tests.model_changes.judge import RECORDS, Judge, study


class Tally:
    """The results: changes by kind, those that make no valid model, and for each record what it showed."""

    def __init__(self) -> None:
        self.models = 0
        self.changes: Counter[str] = Counter()
        self.invalid: Counter[str] = Counter()
        self.caught: Counter[tuple[str, str]] = Counter()
        self.unseen: Counter[tuple[str, str]] = Counter()
        self.wrong: list[str] = []

    def __str__(self) -> str:
        return (
            f"{self.changes.total():,} changes of {self.models} models; {self.invalid.total():,} make no valid model; "
            f"{self.caught.total():,} checks failed as they must, {self.unseen.total():,} passed because the record "
            f"cannot show the change; {len(self.wrong)} wrong"
        )

    def table(self) -> str:
        """Returns a table in Markdown: for each kind of change, how many of the changes each record shows."""
        lines = [f"| change | {' | '.join(RECORDS)} |", f"|---|{'---|' * len(RECORDS)}"]
        for kind in sorted(self.changes):
            cells = []
            for record in RECORDS:
                shown, hidden = self.caught[kind, record], self.unseen[kind, record]
                cells.append(f"{shown} of {shown + hidden}" if shown + hidden else "–")
            lines.append(f"| {kind} | {' | '.join(cells)} |")
        return "\n".join(lines)


def run(changes: int, models: int, seed: int) -> Tally:
    """Makes a number of changes of a number of models."""
    tally = Tally()
    for number, base in enumerate(bases(models, seed)):
        tally.models += 1
        original = config(base)
        judge, random = Judge(original), Random(f"{seed} {base.name}")
        for _ in range(changes * (number + 1) // models - changes * number // models):
            change = judge.classed(changed(original, random))
            tally.changes[change.kind] += 1
            try:
                report = study(change.config)
            except ConvcalcError:
                tally.invalid[change.kind] += 1
                continue
            except Exception as crash:
                tally.wrong.append(f"{base.name}: {change.kind}: {change.what}: {type(crash).__name__}: {crash}")
                continue
            for verdict in judge.verdicts(change, report):
                if verdict.wrong:
                    what = f"{base.name}: {change.kind} of {', '.join(sorted(change.layers))}: {change.what}"
                    tally.wrong.append(f"{what}: {verdict.record}: {verdict.wrong}")
                else:
                    counts = tally.caught if verdict.shows else tally.unseen
                    counts[change.kind, verdict.record] += 1
    return tally
