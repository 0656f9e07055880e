"""How far a run over many files has come: told on a terminal, never in a pipe."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import TypeVar

R = TypeVar("R")

_FEWEST = 5  # of fewer files nobody has to be told
_PAUSE = 0.1  # seconds between two words


def progress(names: Sequence[str], work: Callable[[str], R], quiet: bool = False) -> Iterator[R]:
    """What comes of the work on each name. A line at the foot of the terminal says which it is about; it is gone before a result
    is written there, and at the end.
    """
    shown = not quiet and len(names) >= _FEWEST and sys.stderr.isatty()
    last = 0.0
    try:
        for number, name in enumerate(names, 1):
            if shown and monotonic() - last >= _PAUSE:
                _say(f"{number:,}/{len(names):,} {name}")
                last = monotonic()
            result = work(name)
            if shown and sys.stdout.isatty():
                _clear()
            yield result
    finally:
        if shown:
            _clear()


def _say(line: str) -> None:
    from convcalc.render.text import visible

    _clear()
    sys.stderr.write(visible(line)[: shutil.get_terminal_size().columns - 1])
    sys.stderr.flush()


def _clear() -> None:
    sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()
