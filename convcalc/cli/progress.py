"""How far a run over many files has come: told on a terminal, never in a pipe."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

_FEWEST = 5  # of fewer files nobody has to be told
_PAUSE = 0.1  # seconds between two words


class Progress:
    """A line at the foot of the terminal; it is taken away before anything else is written there."""

    def __init__(self, total: int, shown: bool) -> None:
        self._total = total
        self._shown = shown and total >= _FEWEST and sys.stderr.isatty()
        self._written = 0.0
        self._there = False

    def over(self, names: Iterable[str]) -> Iterator[str]:
        """The names one after the other, each told before it comes."""
        for number, name in enumerate(names, 1):
            self._say(number, name)
            yield name
            self.clear()

    def clear(self) -> None:
        """Take the line away."""
        if self._there:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._there = False

    def _say(self, number: int, name: str) -> None:
        if not self._shown or monotonic() - self._written < _PAUSE:
            return
        from convcalc.render.text import visible

        line = f"{number:,}/{self._total:,} {visible(name)}"
        sys.stderr.write(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}")
        sys.stderr.flush()
        self._written, self._there = monotonic(), True


@contextmanager
def progress(names: Sequence[str], quiet: bool = False) -> Iterator[Iterator[str]]:
    """The names, with progress where there are many; the line is gone at the end, however that comes."""
    line = Progress(len(names), not quiet)
    try:
        yield line.over(names)
    finally:
        line.clear()
