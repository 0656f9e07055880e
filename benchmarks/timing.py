"""Runs commands in turn, and returns the medians of their measurements.

Other load on the machine then affects all commands. Single slow runs do not change a median.
"""

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
    """Raised when a command fails. The message contains the last lines of the command's output."""


class Took(NamedTuple):
    """The wall time in seconds and the peak memory in bytes: of one process, or the medians of several processes."""

    seconds: float
    memory: float


def run(command: Command, env: Mapping[str, str] | None = None) -> tuple[Took, str]:
    """Runs a command with its output in a pipe. Returns the measurement and the output of the command.

    Raises :class:`Failed` if the command fails.
    """
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_environment(env)) as process:
        assert process.stdout is not None
        output = process.stdout.read().decode(errors="replace")
        # The kernel reports at least this process's memory for the child, so this process must stay small.
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
    """Returns the medians of each command. The commands run in turn, ``runs`` times each.

    Before that, each command runs once without being measured.
    """
    for command in commands:
        run(command)
    took = [[run(command)[0] for command in commands] for _ in range(runs)]
    return [Took(*(statistics.median(numbers) for numbers in zip(*each))) for each in zip(*took)]


def answers(commands: Sequence[Command], runs: int) -> list[dict[str, Any]]:
    """Runs scripts that measure themselves, and returns the median of each number over all runs.

    The last line of a script's output is a line of JSON with its results.
    """
    said = [[answer(command) for command in commands] for _ in range(runs)]
    return [{key: _median([one[key] for one in each]) for key in each[0]} for each in zip(*said)]


def answer(command: Command) -> dict[str, Any]:
    """Runs a script that measures itself once, and returns its results."""
    _, output = run(command)
    result: dict[str, Any] = json.loads(output.rstrip().rpartition("\n")[2])
    return result


def _median(values: Sequence[Any]) -> Any:
    return statistics.median(values) if isinstance(values[0], (int, float)) else values[0]
