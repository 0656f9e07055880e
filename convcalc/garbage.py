"""Python's garbage collector, held off while much is made and little is thrown away."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for cycles meanwhile: it would walk over all that was made, time and again, and find nothing."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def seldom() -> None:
    """Of a process that is ours and ends soon: a search for cycles only after very much was made, not every 700 objects."""
    gc.set_threshold(100_000)


def no_more() -> None:
    """Of a process that is about to end: what there is needs no last search for cycles, of which Python makes several."""
    gc.freeze()
