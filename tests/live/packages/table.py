"""Builds and compares the models of packages, and prints the results as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.live.packages.compare import Verdict, records, verdicts
from tests.live.packages.environment import installed, run


@dataclass
class Result:
    """The verdicts of one package.

    ``skipped`` says why the package was not tested. ``unbuilt`` lists the models that could not be built, each with the
    error. ``models`` counts the built models.
    """

    package: str
    skipped: str = ""
    unbuilt: list[str] = field(default_factory=list)
    models: dict[str, int] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def bad(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.word in ("wrong", "refused")]

    @property
    def failed(self) -> bool:
        return bool(self.bad or (not self.verdicts and not self.skipped))


def built_and_compared(
    package: str, entry: dict[str, Any], folder: Path, quick: bool = False, build: bool = True
) -> Result:
    """Installs the package, builds its models, and compares their files."""
    if build:
        place = installed(entry["install"])
        if isinstance(place, str):
            return Result(package, f"cannot be installed: {place}")
        ran = run(place, "tests.live.packages.record", entry["zoo"], str(folder), *(["quick"] if quick else []))
        if ran.returncode:
            lines = ran.stderr.strip().splitlines()
            return Result(package, unbuilt=[f"the builder stopped: {lines[-1] if lines else ran.returncode}"])
    result = Result(package, verdicts=list(verdicts(package, folder)))
    models: dict[str, int] = defaultdict(int)
    for record in records(folder):
        if "error" in record:
            result.unbuilt.append(f"{record['name']}: {record['error']}")
        else:
            models[f"{package}, graph kept" if record["name"].endswith("_flat") else package] += 1
    result.models = dict(models)
    return result


HEAD = "| package | file | models | exact | partial | wrong | refused | rows unknown | params unknown |"


def table(results: Iterable[Result]) -> str:
    """Returns the table. Below the table is one line for each wrong or refused file, and for each model that was not
    built.
    """
    lines = [HEAD, "|---|---|---:|---:|---:|---:|---:|---:|---:|"]
    below: list[str] = []
    whole: list[Verdict] = []
    for result in results:
        groups: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
        for verdict in result.verdicts:
            groups[verdict.package, verdict.kind].append(verdict)
        lines += [_line(*key, group) for key, group in sorted(groups.items())]
        whole += result.verdicts
        below += [
            f"{verdict.word}: {verdict.package} {verdict.file}: {'; '.join(verdict.notes[:3])}"
            for verdict in result.bad
        ]
        if result.skipped:
            below.append(f"skipped: {result.package}: {result.skipped}")
        below += [f"not built: {result.package} {text}" for text in result.unbuilt]
    lines.append(_line("all", "", whole))
    return "\n".join([*lines, *below])


def _line(package: str, kind: str, group: Sequence[Verdict]) -> str:
    words = [verdict.word for verdict in group]
    counts = [str(words.count(word)) for word in ("exact", "partial", "wrong", "refused")]
    rows = _share(sum(v.rows_unknown for v in group), sum(v.rows for v in group))
    params = _share(sum(v.params_unknown for v in group), sum(v.params for v in group))
    return f"| {package} | {kind} | {len(group)} | {' | '.join(counts)} | {rows} | {params} |"


def _share(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %" if total else "-"
