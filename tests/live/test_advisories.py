"""The harmless models of the advisories with the installed Keras, and the names of Keras's functions."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convcalc.audit.keras_functions import FUNCTIONS
from convcalc.audit.rules import RULES
from tests.audit.advisories import CASES
from tests.live.advisories import LOADER, written
from tests.regenerate.advisories import RESULTS

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.keras


def test_the_newest_keras_does_what_the_page_says(tmp_path: Path) -> None:
    models = {result["name"]: result for result in json.loads(RESULTS.read_text(encoding="utf-8"))["models"]}
    paths = written(tmp_path)
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(
        [sys.executable, str(LOADER), *map(str, paths.values())],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"model"')]
    told = {Path(line["model"]): line["what"] for line in lines}
    assert {name: told[path] for name, path in paths.items()} == {name: models[name]["newest"] for name in CASES}


def test_the_functions_of_keras_are_listed() -> None:
    for part, names in FUNCTIONS.items():
        module = getattr(keras, part)
        known = {name for name in dir(module) if inspect.isfunction(getattr(module, name))}
        assert known - {"get", "serialize", "deserialize"} <= set(names), part


def test_the_functions_that_keras_refuses_are_no_parts_of_models() -> None:
    from keras.src.saving.serialization_lib import NON_MODELING_APIS

    from convcalc.audit.references import function_verdict

    for name in NON_MODELING_APIS:
        module, _, function = name.rpartition(".")
        verdict = function_verdict(function, module)
        assert verdict is not None and verdict.rule in RULES, name
