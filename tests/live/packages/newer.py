"""Loads a file of an older version of Keras 3 with the installed Keras, and records its numbers."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from tests.live.packages.record import numbers


def newer_record(record: dict[str, Any], kind: str, path: Path) -> dict[str, Any] | None:
    """Returns the numbers that the installed Keras gives for a file.

    Returns None if this version of Keras saved the file, or if it cannot load the file.
    """
    import keras

    if record["keras"] == keras.__version__:
        return None
    keras.utils.clear_session()
    try:
        if kind == "json":
            model = keras.models.model_from_json(path.read_text(encoding="utf-8"))
        else:
            model = keras.saving.load_model(path, compile=False, safe_mode=False)
    except Exception:
        if kind != "keras":
            return None
        try:  # the weights or the vocabulary cannot be loaded; the config gives the same numbers
            with zipfile.ZipFile(path) as archive:
                model = keras.models.model_from_json(archive.read("config.json").decode("utf-8"))
        except Exception:
            return None
    return numbers(model)
