"""Resets Keras within one process."""

from __future__ import annotations

import gc
from functools import cache


def fresh(free_memory: bool = True) -> None:
    """Resets Keras's automatic names. With ``free_memory``, also collects garbage.

    In a loop over small models, the collection takes longer than building a model. So callers request the collection
    only sometimes.
    """
    import keras

    _leave_alone()
    keras.utils.clear_session(free_memory)


@cache
def _leave_alone() -> None:
    gc.freeze()
