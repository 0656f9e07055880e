"""Measures the check of a thousand models in one call.

One process is compared with a process that only reads the models. All cores are compared with one core.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.environments import ROOT, WORK, Environments
from benchmarks.measure import Measure
from benchmarks.timing import in_turn


def measures(environments: Environments) -> Iterator[Measure]:
    """Measures the check of many copies of the specs. Each copy has its own name."""
    count, runs = (8, 1) if environments.quick else (1000, 3)
    files = [str(path) for path in copies(count)]
    check = [*environments.convcalc, "check", "--quiet", *files]
    alone = [*check, "--jobs", "1"]
    ours, one, other = in_turn([check, alone, environments.child("convcalc", "parse", *files)], runs)
    profile = [
        environments.own,
        "-m",
        "cProfile",
        "-s",
        "tottime",
        *environments.script,
        "check",
        "--quiet",
        *files[:100],
        "--jobs",
        "1",
    ]
    what = f"check on {count:,} files"
    yield Measure(
        f"{what} in one process compared with only reading them", one.seconds, other.seconds, "s", profile=profile
    )
    yield Measure(f"{what} on all cores compared with one process", ours.seconds, one.seconds, "s", faster=True)


def copies(count: int) -> Iterator[Path]:
    """Writes ``count`` specs, which are copies of the project's specs."""
    folder = WORK / "many"
    folder.mkdir(parents=True, exist_ok=True)
    specs = _specs()
    for number in range(count):
        source = specs[number % len(specs)]
        text = source.read_text()
        name = f"{source.stem}_{number}"
        renamed, result = re.subn(r"(?m)^name:.*$", f"name: {name}", text, count=1)
        path = folder / f"{name}.yaml"
        path.write_text(renamed if result else f"name: {name}\n{text}")
        yield path


def _specs() -> list[Path]:
    return sorted((ROOT / "specs").glob("*.yaml"))
