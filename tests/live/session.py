"""A fresh start of Keras within one process."""

from __future__ import annotations

import gc
from functools import cache


def fresh() -> None:
    """Keras's automatic names begin anew. For that it collects garbage, which is quick where what was imported is left alone."""
    import keras

    _leave_alone()
    keras.backend.clear_session()


@cache
def _leave_alone() -> None:
    gc.freeze()
