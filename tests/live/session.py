"""Resets Keras within one process."""

from __future__ import annotations

import gc
from functools import cache


def fresh(free_memory: bool = True) -> None:
    """Resets Keras's automatic names, and collects garbage.

    The collection is quick because it ignores the objects of imported modules. But in a loop over small models, the
    collection still takes longer than building the models. So callers request it only sometimes.
    """
    import keras

    _leave_alone()
    keras.utils.clear_session(free_memory)


@cache
def _leave_alone() -> None:
    gc.freeze()
