"""Compares the time for drawing ten thousand rows with Rich's time for the same cells and style."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.environments import Environments
from benchmarks.measure import Measure
from benchmarks.timing import answers


def measures(environments: Environments) -> Iterator[Measure]:
    """Measures both programs alternately in one process. This process also checks that both texts are equal."""
    rows, runs = (100, 1) if environments.quick else (10_000, 3)
    command = environments.child("convcalc", "draw", rows, 1 if environments.quick else 5)
    (took,) = answers([command], runs)
    profile = [environments.own, "-m", "cProfile", "-s", "tottime", *command[1:], "ours"]
    name = f"drawing {rows:,} rows compared with rich.table.Table with the same text"
    yield Measure(name, took["ours"] * 1000, took["rich"] * 1000, "ms", 5, True, profile)
