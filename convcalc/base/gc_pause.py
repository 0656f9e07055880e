"""Makes Python's cyclic garbage collector run rarely, because it is slow and almost all objects stay in use."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# If a pause ends with more new objects than this, they are moved to the oldest generation.
_MANY = 50_000


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pauses the garbage collector in a ``with`` block or a decorated function.

    If many objects were created, they are moved to the oldest generation, which is collected rarely. This
    avoids a slow collection after the pause.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            if hasattr(gc, "freeze") and gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()  # moves the objects to the oldest generation
            gc.enable()


def collect_rarely() -> None:
    """Lets the garbage collector run after 100,000 new objects instead of 700, for the processes of the command line."""
    gc.set_threshold(100_000)


def skip_exit_collection() -> None:
    """Skips the garbage collections when the process ends."""
    gc.freeze()
