"""How far a run over many files has come: told on a terminal, never in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from time import monotonic
from typing import TypeVar

R = TypeVar("R")

_FEWEST = 5  # of fewer files nobody has to be told
_PAUSE = 0.1  # seconds between two words


_there = False  # whether the line stands at the foot of the terminal


def progress(names: Sequence[str], results: Iterable[R], quiet: bool = False) -> Iterator[R]:
    """The results as they come, one for each name. A line at the foot of the terminal says which it is about; it is gone before a
    result is written there, and at the end.
    """
    shown = not quiet and len(names) >= _FEWEST and sys.stderr.isatty()
    last = 0.0
    coming = iter(results)
    try:
        for number, name in enumerate(names, 1):
            if shown and monotonic() - last >= _PAUSE:
                _show(f"{number:,}/{len(names):,} {name}")
                last = monotonic()
            result = next(coming)
            if sys.stdout.isatty():
                clear()
            yield result
    finally:
        clear()


def clear() -> None:
    """Take the line away, so that something else can be written there."""
    global _there
    if _there:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
        _there = False


def _show(line: str) -> None:
    global _there
    from shutil import get_terminal_size

    from convcalc.base.text import visible

    clear()
    sys.stderr.write(visible(line)[: get_terminal_size().columns - 1])
    sys.stderr.flush()
    _there = True
