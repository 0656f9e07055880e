"""Compares the time of whole commands with a process that only imports the same packages.

The output of each process goes into a pipe.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.environments import ROOT, Environments
from benchmarks.measure import Measure
from benchmarks.timing import in_turn

RESNET = str(ROOT / "specs" / "resnet50.yaml")
CASES = (
    ("convcalc conv", ["conv", "--in", "6", "--k", "3", "--s", "2", "--pad", "same"], "import click", 1.4),
    (
        "convcalc summary resnet50.yaml --format json",
        ["summary", RESNET, "--format", "json"],
        "import click, yaml",
        1.5,
    ),
    ("convcalc summary resnet50.yaml", ["summary", RESNET], "import click, yaml, rich.console, rich.table", 1.7),
)


def measures(environments: Environments) -> Iterator[Measure]:
    """Measures each command."""
    runs = 1 if environments.quick else 41
    for name, arguments, imports, target in CASES:
        ours, other = in_turn([[*environments.convcalc, *arguments], [environments.own, "-c", imports]], runs)
        yield Measure(
            f"{name} compared with `python -c '{imports}'`",
            ours.seconds * 1000,
            other.seconds * 1000,
            "ms",
            target,
            profile=[environments.own, "-X", "importtime", *environments.script, *arguments],
        )
