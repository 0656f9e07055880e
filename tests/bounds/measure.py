"""Runs commands on a file, each in its own process with limits, and returns what each took."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.helpers.fork_server import run_measured

SECONDS = 5  # the promised limit of processor time, beyond the start and the import of modules
BYTES = 300 * 2**20  # the promised limit of memory, beyond that after the import of all modules
LARGEST = 50_000_000  # the largest file for which both are promised, in bytes
# A process is ended at these limits, so that a hostile file cannot stop the measurement. They are above the promised
# ones: the result must show by how much a file misses them.
_LIMITS = {"RLIMIT_CPU": 3 * SECONDS, "RLIMIT_AS": 2 * 2**30, "RLIMIT_CORE": 0}
_SPEC = "input: [3]\nlayers:\n- Dense: 4\n"

MODEL_COMMANDS = (
    "summary FILE --memory --insights",
    "check FILE --verify",
    "audit FILE",
    "diff FILE base.yaml",
    "convert FILE -o out.json",
)
RECORD_COMMANDS = ("check base.yaml --against FILE", "summary FILE")
SETTINGS_COMMANDS = ("check base.yaml",)


class Taken(NamedTuple):
    """What one command took."""

    command: str
    file: str
    seconds: float
    bytes: int
    code: int
    error: str

    @property
    def problem(self) -> str:
        """What is wrong: a crash, an internal error or a limit that is missed; "" if nothing is."""
        if self.code not in (0, 1, 2):
            return f"ended with {self.code}"
        if "internal]" in self.error or "Traceback" in self.error:
            return "an internal error"
        if self.seconds > SECONDS:
            return f"more than {SECONDS} s"
        return f"more than {BYTES >> 20} MB" if self.bytes > BYTES else ""

    def __str__(self) -> str:
        return f"{self.seconds:6.2f} s {self.bytes / 2**20:7.0f} MB  code {self.code:>3}  {self.file}: {self.command}"


def measured(folder: Path, file: str, commands: tuple[str, ...]) -> Iterator[Taken]:
    """Runs commands in a folder. ``FILE`` in a command is the file's path from the folder."""
    (folder / "base.yaml").write_text(_SPEC, encoding="utf-8")
    for command in commands:
        arguments = [file if word == "FILE" else word for word in command.split()]
        ran = run_measured(arguments, folder=folder, limits=_LIMITS)
        yield Taken(command, file, ran.seconds, ran.bytes, ran.done.returncode, ran.done.stderr)
