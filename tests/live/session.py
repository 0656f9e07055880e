"""A fresh start of Keras within one process."""

from __future__ import annotations

import gc
from functools import cache


def fresh(free_memory: bool = True) -> None:
    """Keras's automatic names begin anew. Garbage is collected for that, which is quick where what was imported is left alone; in
    a loop over small models it still takes longer than they do, and is wanted now and then only.
    """
    import keras

    _leave_alone()
    keras.utils.clear_session(free_memory)


@cache
def _leave_alone() -> None:
    gc.freeze()
