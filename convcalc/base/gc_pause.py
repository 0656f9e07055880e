"""Pauses Python's cyclic garbage collector while many objects are created and few are freed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Above this number of new objects, a search takes longer than creating them did.
_MANY = 50_000


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pauses the search for cycles: it would visit the new objects many times and find nothing.

    If many objects were created, the search right after the pause is avoided too: the objects are moved to the oldest generation,
    which is searched rarely.
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
    """Makes searches rare, for a short process of our own: after 100,000 new objects instead of 700."""
    gc.set_threshold(100_000)


def skip_exit_collection() -> None:
    """Skips the searches that Python makes at exit, for a process that is about to end."""
    gc.freeze()
