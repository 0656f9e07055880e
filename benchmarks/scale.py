"""Compares the time per layer in large models (up to a million layers) and in a small model. Also measures memory."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.environments import Environments
from benchmarks.measure import Measure
from benchmarks.models import KINDS, large_model
from benchmarks.timing import Failed, answer

SMALL, AT_MEMORY = 1000, 10_000
# A million layers of every type of model take an hour. Without --full, only the chain has a million layers.
LARGE = {"chain": 1_000_000}


def measures(environments: Environments, full: bool = False) -> Iterator[Measure]:
    """Measures each type of model, as a spec and as a Keras config."""
    for kind in KINDS:
        for ending in ("yaml", "json"):
            if environments.quick:
                yield from _times(environments, kind, ending, 48, [96])
                yield from _memory(environments, kind, ending, 48) if kind == "chain" else ()
                continue
            large = 1_000_000 if full else LARGE.get(kind, 100_000)
            sizes = [size for size in (10_000, 100_000, 1_000_000) if size <= large]
            yield from _times(environments, kind, ending, SMALL, sizes)
            yield from _memory(environments, kind, ending, AT_MEMORY)


def _times(environments: Environments, kind: str, ending: str, small: int, sizes: list[int]) -> Iterator[Measure]:
    """Yields the time per layer for each size, compared with the small model.

    The small model is measured again for each size, under a similar load of the machine.
    """
    for size in sizes:
        name = f"{kind} of {size:,} layers ({ending}), time per layer compared with {small:,} layers"
        commands = [
            environments.child(
                "convcalc", "scale", "time", large_model(kind, ending, each), 1 if environments.quick else 20
            )
            for each in (small, size)
        ]
        try:
            few, many = map(answer, commands)
        except Failed as failed:
            yield Measure(name, target=1.5, missing=str(failed)[-200:])
            continue
        profile = [environments.own, "-m", "cProfile", "-s", "tottime", *commands[1][1:]] if size <= 100_000 else ()
        for what in ("read", "infer"):
            target = 1.5 if size == sizes[-1] else None
            yield Measure(f"{name}: {what}", many[what] * 1e6, few[what] * 1e6, "µs", target, profile=profile)


def _memory(environments: Environments, kind: str, ending: str, size: int) -> Iterator[Measure]:
    """Yields the memory per layer of the model and of the report, without the memory of the parsed file."""
    name = f"{kind} of {size:,} layers ({ending}), memory per layer"
    result = answer(environments.child("convcalc", "scale", "memory", large_model(kind, ending, size)))
    yield Measure(f"{name}: model and report", result["model"] + result["report"], unit="bytes", target=1024)
    yield Measure(f"{name}: the model", result["model"], unit="bytes")
    yield Measure(f"{name}: the report", result["report"], unit="bytes")
    yield Measure(f"{name}: the parsed file", result["file"], unit="bytes")
