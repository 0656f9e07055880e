"""Shows a line with the progress of a command that reads many files. The line is shown only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from time import monotonic
from typing import TypeVar

R = TypeVar("R")

_FEWEST = 5  # the minimum number of files for which progress is shown
_PAUSE = 0.1  # seconds between two updates


_visible = False  # True while the line is on the terminal


def progress(names: Sequence[str], results: Iterable[R], quiet: bool = False) -> Iterator[R]:
    """Yields the results, one for each name, and shows the current name in the last line of the terminal.

    The line is removed before each result is written, and at the end.
    """
    shown = not quiet and len(names) >= _FEWEST and sys.stderr.isatty()
    last = 0.0
    remaining = iter(results)
    try:
        for number, name in enumerate(names, 1):
            if shown and monotonic() - last >= _PAUSE:
                _show(f"{number:,}/{len(names):,} {name}")
                last = monotonic()
            result = next(remaining)
            if sys.stdout.isatty():
                clear()
            yield result
    finally:
        clear()


def clear() -> None:
    """Removes the progress line, so that other text can be written in its place."""
    global _visible
    if _visible:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
        _visible = False


def _show(line: str) -> None:
    global _visible
    from shutil import get_terminal_size

    from convcalc.base.text import visible

    clear()
    sys.stderr.write(visible(line)[: get_terminal_size().columns - 1])
    sys.stderr.flush()
    _visible = True
