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
    except Exception:  # of some files, only the config can be loaded, which gives the same numbers
        try:
            model = keras.models.model_from_json(_config(kind, path))
        except Exception:
            return None
    return numbers(model)


def _config(kind: str, path: Path) -> str:
    """Returns the model's config as JSON. For an ``.h5`` file, this is the model's JSON file in the same folder.

    Keras refuses its own ``.h5`` files of models with some operations, such as Cast: it knows only layers there.
    """
    if kind == "keras":
        with zipfile.ZipFile(path) as archive:
            return archive.read("config.json").decode("utf-8")
    return path.with_suffix(".json").read_text(encoding="utf-8")
