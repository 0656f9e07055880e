"""Asks Keras for the totals of programs with inner layers that are not built, or that are shared."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.live.code_judge import size
from tests.live.session import fresh
from tests.read.code import test_shared_parts as shared
from tests.read.code import test_unbuilt_layers as unbuilt

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore::UserWarning")]


def live_model(text: str) -> Any:
    fresh(free_memory=False)
    module = ModuleType("program")
    exec(compile(text, "program.py", "exec"), module.__dict__)
    return module.model


@pytest.mark.parametrize("name", unbuilt.PROGRAMS)
def test_unbuilt_layers(name: str) -> None:
    code, params = unbuilt.PROGRAMS[name]
    assert size(live_model(unbuilt.HEAD + code).weights) == params


@pytest.mark.parametrize("name", shared.PROGRAMS)
def test_shared_layers(name: str) -> None:
    code, params, trainable = shared.PROGRAMS[name]
    model = live_model(shared.HEAD + code)
    assert (size(model.weights), size(model.trainable_weights)) == (params, trainable)
