"""Python's garbage collector, held off while much is made and little is thrown away."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# So many objects take longer to search than to make: they lie all over the memory.
_MANY = 50_000


@contextmanager
def gc_paused() -> Iterator[None]:
    """No search for cycles meanwhile: it would walk over all that was made, time and again, and find nothing.

    Nor is there one right behind it where much was made: that is then as old as what was searched many times, and waits for the
    next full search.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            if hasattr(gc, "freeze") and gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()  # into the oldest generation
            gc.enable()


def collect_rarely() -> None:
    """Of a process that is ours and ends soon: a search for cycles only after very much was made, not every 700 objects."""
    gc.set_threshold(100_000)


def skip_exit_collection() -> None:
    """Of a process that is about to end: what there is needs no last search for cycles, of which Python makes several."""
    gc.freeze()
