"""Controls Python's cyclic garbage collector while many objects are created and few are freed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# If more new objects than this exist, they are moved to the oldest generation, because a collection would take long.
_MANY = 50_000


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pauses the garbage collector: it would visit the new objects many times and find no garbage.

    If many objects were created, the objects are also moved to the oldest generation, which is collected rarely. This
    avoids a collection right after the pause.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            if hasattr(gc, "freeze") and gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()  # moves the objects into the oldest generation
            gc.enable()


def collect_rarely() -> None:
    """Lets the garbage collector run after 100,000 new objects instead of 700. Used only in convcalc's own short
    processes.
    """
    gc.set_threshold(100_000)


def skip_exit_collection() -> None:
    """Skips Python's collections at exit, for a process that is about to end."""
    gc.freeze()
