"""Runs one target in its own process: ``python -m tests.fuzz.worker TARGET FINDS [libFuzzer's options]``.

Failing cases do not end the run. They are written to the directory FINDS: one file for each line of code that raised an
exception.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from random import Random
from types import FrameType, TracebackType
from typing import Any

import atheris

with atheris.instrument_imports(include=["convcalc"]):
    import convcalc

    # All modules are imported here, so that all are instrumented, and no case spends its time on imports.
    for module in walk_packages(convcalc.__path__, "convcalc."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    from tests.fuzz.targets import TARGETS

SECONDS = 5  # maximum processor time of one case
ROOM = 2**30  # bytes that a worker may allocate while it runs cases


class TooSlow(BaseException):
    """Raised when a case takes too long. Not an Exception, because readers of damaged files may catch every Exception."""


def main(name: str, finds: Path, options: list[str]) -> None:
    """Fuzzes one target."""
    target = TARGETS[name]
    target.seeds()

    def one(data: bytes) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            target.run(data)
        except (Exception, TooSlow) as found:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            _keep(finds, name, data, found)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if target.mutate is not None and random.random() < 0.7:
            changed = target.mutate(data, random)
            if changed is not None and len(changed) <= most:
                return changed
        return atheris.Mutate(data, most)

    signal.signal(signal.SIGVTALRM, _slow)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
    atheris.Setup([name, *options], one, custom_mutator=mutate)
    atheris.Fuzz()


def _slow(number: int, frame: FrameType | None) -> None:
    raise TooSlow(f"more than {SECONDS} s of processor time")


def _keep(finds: Path, name: str, data: bytes, found: BaseException) -> None:
    place = _place(found.__traceback__)
    path = finds / f"{name}-{type(found).__name__}-{place}"
    if not path.exists() or path.stat().st_size > len(data):
        path.write_bytes(data)
        said = "".join(traceback.format_exception(found))
        path.with_name(f"{path.name}.txt").write_text(said[-5_000:], encoding="utf-8", errors="backslashreplace")


def _place(trace: TracebackType | None) -> str:
    """Returns the innermost line of the project's code in a traceback, e.g. ``window.slide.12``."""
    frames = [
        f"{Path(frame.filename).stem}.{frame.name}.{frame.lineno}"
        for frame in traceback.extract_tb(trace)
        if "/convcalc/" in frame.filename or "/tests/" in frame.filename
    ]
    return frames[-1] if frames else "nowhere"


if __name__ == "__main__":
    arguments: list[Any] = sys.argv[1:]
    main(arguments[0], Path(arguments[1]), arguments[2:])
