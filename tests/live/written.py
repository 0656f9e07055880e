"""Creates Keras models from the configs and the Python code that convcalc writes."""

from __future__ import annotations

import re
from typing import Any

from convcalc.write.config import config_json
from convcalc.write.python import python_code
from tests.live.session import fresh


def loaded(report: Any) -> Any:
    """Returns the model that Keras creates from the config that convcalc writes."""
    import keras

    fresh()
    return keras.models.model_from_json(config_json(report))


def with_supplied_classes(code: str) -> str:
    """Does what written code asks its user to do: imports the custom classes, and deletes the line that stops it."""
    code = re.sub(r"(?m)^raise NotImplementedError\(.*$", "", code)
    return re.sub(r"(?m)^# (from \S+ import .+)$", r"\1", code)


def executed(report: Any) -> Any:
    """Runs convcalc's Python code, and returns the model that it creates.

    Automatic names begin again, as in a new process. The code can use the custom classes of a test.
    """
    fresh()
    result: dict[str, Any] = {}
    exec(compile(with_supplied_classes(python_code(report)), "written", "exec"), result)
    return result["model"]
