"""Compares convcalc with Keras on TensorFlow.

Both read the same Keras config, and print a summary of ResNet50 in a new process.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.environments import WORK, Environments
from benchmarks.measure import Measure
from benchmarks.startup import RESNET
from benchmarks.timing import Failed, in_turn, run


def measures(environments: Environments) -> Iterator[Measure]:
    """Measures the time and the peak memory."""
    WORK.mkdir(exist_ok=True)
    config = str(WORK / "resnet50.json")
    ours = [*environments.convcalc, "summary", config]
    profile = [environments.own, "-m", "cProfile", "-s", "tottime", *environments.script, "summary", config]
    try:
        run(environments.child("keras", "keras_config", config))
    except Failed as failed:
        # Without Keras, convcalc is still measured, on a config that convcalc writes.
        run([*environments.convcalc, "convert", RESNET, "-o", config])
        run(ours)
        for what in ("time", "memory"):
            yield Measure(f"ResNet50's Keras JSON to a table: {what}", missing=str(failed)[:200])
        return
    mine, theirs = in_turn([ours, environments.child("keras", "keras_summary", config)], 1 if environments.quick else 7)
    name = "ResNet50's Keras JSON to a table compared with model_from_json() and summary()"
    yield Measure(f"{name}: time", mine.seconds, theirs.seconds, "s", 30, True, profile)
    yield Measure(f"{name}: memory", mine.memory / 2**20, theirs.memory / 2**20, "MB", 10, True, profile)
