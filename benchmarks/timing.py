"""Runs commands in turn and measures them. Medians are used, so other load on the machine affects all commands alike."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Command = Sequence[str]


class Failed(Exception):
    """A command that failed, with the last lines of its output."""


class Took(NamedTuple):
    """One process, or the medians of several: wall time in seconds, and peak memory in bytes."""

    seconds: float
    memory: float


def run(command: Command, env: Mapping[str, str] | None = None) -> tuple[Took, str]:
    """Run a command with its output in a pipe; returns its times and its output. Raises :class:`Failed`."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_environment(env)) as process:
        assert process.stdout is not None
        output = process.stdout.read().decode(errors="replace")
        # The kernel counts the memory of the forking process as that of the child, so this process stays small.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"{' '.join(command)[:200]}: exit code {process.returncode}: {output.strip()[-600:]}")
    return Took(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)), output


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONHASHSEED": "0"}
    return {**os.environ, **quiet, **(more or {})}


def in_turn(commands: Sequence[Command], runs: int) -> list[Took]:
    """The medians of each command, run in turn so many times, after one uncounted run each."""
    for command in commands:
        run(command)
    took = [[run(command)[0] for command in commands] for _ in range(runs)]
    return [Took(*(statistics.median(numbers) for numbers in zip(*each))) for each in zip(*took)]


def answers(commands: Sequence[Command], runs: int) -> list[dict[str, Any]]:
    """The results of children that measure themselves, a line of JSON at the end: the median of each number over all runs."""
    said = [[answer(command) for command in commands] for _ in range(runs)]
    return [{key: _median([one[key] for one in each]) for key in each[0]} for each in zip(*said)]


def answer(command: Command) -> dict[str, Any]:
    """The result of one child."""
    _, output = run(command)
    result: dict[str, Any] = json.loads(output.rstrip().rpartition("\n")[2])
    return result


def _median(values: Sequence[Any]) -> Any:
    return statistics.median(values) if isinstance(values[0], (int, float)) else values[0]
