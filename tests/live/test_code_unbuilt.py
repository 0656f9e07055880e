"""Asks Keras for the totals of programs whose custom layers build some of the layers inside them."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.live.code_judge import size
from tests.live.session import fresh
from tests.read.code.test_unbuilt_layers import HEAD, PROGRAMS

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore::UserWarning")]


@pytest.mark.parametrize("name", PROGRAMS)
def test_totals(name: str) -> None:
    code, params = PROGRAMS[name]
    fresh(free_memory=False)
    module = ModuleType("program")
    exec(compile(HEAD + code, "program.py", "exec"), module.__dict__)
    assert size(module.model.weights) == params
