"""Builds and compares the models of packages, and prints the results as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.live.packages.compare import Verdict, records, verdicts
from tests.live.packages.environment import Unavailable, build


@dataclass
class Result:
    """The verdicts of one run.

    ``is_package`` is False if the models are not those of a package, but of a version of Keras. ``skipped`` says why the
    run was left out. ``unbuilt`` lists the models that could not be built or saved, each with the error. ``models`` counts the
    models with at least one file.
    """

    name: str
    package: str
    is_package: bool = True
    skipped: str = ""
    unbuilt: list[str] = field(default_factory=list)
    models: int = 0
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def bad(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.word in ("wrong", "refused")]

    @property
    def failed(self) -> bool:
        return bool(self.bad or (not self.verdicts and not self.skipped))


def built_and_compared(
    name: str, entry: dict[str, Any], folder: Path, quick: bool = False, building: bool = True, resume: bool = False
) -> Result:
    """Installs what a run needs, builds its models, and compares their files."""
    result = Result(name, entry["package"], entry.get("is_package", True))
    if building:
        try:
            error = build(entry, folder, quick, resume)
        except Unavailable as reason:
            result.skipped = str(reason)
            return result
        if error:
            result.unbuilt.append(f"the builder stopped: {error}")
    result.verdicts = list(verdicts(name, folder))
    for record in records(folder):
        if "error" in record:
            result.unbuilt.append(f"{record['name']}: {record['error']}")
        elif not record["files"]:
            result.unbuilt.append(f"{record['name']}: cannot be saved: {next(iter(record['unsaved'].values()))}")
        elif not record["name"].endswith("_flat"):
            result.models += 1
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
        below += [
            f"as Keras {verdict.newer_version} reads it: {verdict.package} {verdict.file}: {'; '.join(verdict.newer[:3])}"
            for verdict in result.verdicts
            if verdict.newer
        ]
        if result.skipped:
            below.append(f"skipped: {result.name}: {result.skipped}")
        below += [f"not built: {result.name} {text}" for text in result.unbuilt]
    lines.append(_line("all", "", whole))
    return "\n".join([*lines, *below])


def total(results: Sequence[Result]) -> str:
    """Returns the totals of all runs."""
    run = [result for result in results if not result.skipped]
    files = [verdict for result in run for verdict in result.verdicts]
    words = [verdict.word for verdict in files]
    with_weights = [verdict for verdict in files if verdict.total_is_exact is not None]
    exact = sum(bool(verdict.total_is_exact) for verdict in with_weights)
    rows = _share(sum(verdict.rows_unknown for verdict in files), sum(verdict.rows for verdict in files))
    return "\n".join(
        [
            f"{sum(result.models for result in run)} models of {len({r.package for r in run if r.is_package})} packages "
            f"in {len(run)} runs ({len(results) - len(run)} skipped): {len(files)} files",
            ", ".join(f"{words.count(word)} {word}" for word in ("exact", "partial", "wrong", "refused")),
            f"{rows} of the rows unknown",
            f"exact total for {exact} of {len(with_weights)} files with weights",
            f"{sum(bool(verdict.newer) for verdict in files)} files of older versions read as the installed Keras does, "
            "where this differs from the older version",
        ]
    )


def _line(package: str, kind: str, group: Sequence[Verdict]) -> str:
    words = [verdict.word for verdict in group]
    counts = [str(words.count(word)) for word in ("exact", "partial", "wrong", "refused")]
    rows = _share(sum(v.rows_unknown for v in group), sum(v.rows for v in group))
    params = _share(sum(v.params_unknown for v in group), sum(v.params for v in group))
    return f"| {package} | {kind} | {len(group)} | {' | '.join(counts)} | {rows} | {params} |"


def _share(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %" if total else "-"
