"""What Keras makes of the files that we write."""

from __future__ import annotations

from typing import Any

from convcalc.write.config import config_json
from convcalc.write.python import python_code
from tests.live.session import fresh


def loaded(report: Any) -> Any:
    """The model that Keras makes of our config."""
    import keras

    fresh()
    return keras.models.model_from_json(config_json(report))


def executed(report: Any) -> Any:
    """The model that our code makes, run as in a fresh process: code of ours, of a model that a test made."""
    fresh()
    found: dict[str, Any] = {}
    exec(compile(python_code(report), "written", "exec"), found)
    return found["model"]
