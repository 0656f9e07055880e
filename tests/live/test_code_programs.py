"""Runs random programs, and compares their models with those that convcalc reads from their text.

``CONVCALC_PROGRAMS=300`` tries this many programs, ``CONVCALC_SEED=7`` begins with another seed, and ``CONVCALC_STYLE``
tries one style.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from random import Random
from types import ModuleType
from typing import Any

import pytest

from convcalc.analyse import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read.code.file import read_program
from tests.generators.code_programs import STYLES
from tests.live.code_judge import called, differences, recorded_calls
from tests.live.session import fresh

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore::UserWarning")]

COUNT = int(os.environ.get("CONVCALC_PROGRAMS", "60"))
SEED = int(os.environ.get("CONVCALC_SEED", "1"))
ONLY = os.environ.get("CONVCALC_STYLE")
GROUPS = 4


def disagreement(text: str) -> list[str] | None:
    """Returns the differences between convcalc's model and Keras's. None if Keras refuses the program."""
    fresh(free_memory=False)
    with recorded_calls() as calls:
        module = sys.modules["program"] = ModuleType("program")  # a dataclass needs the module of its class
        try:
            exec(compile(text, "program.py", "exec"), module.__dict__)
        except (ValueError, TypeError):  # Keras refuses the program
            if os.environ.get("CONVCALC_DEBUG"):
                traceback.print_exc()
            return None
        called(module.model)
        try:
            report = infer(read_program(text, "program.py", target="model"))
        except ConvcalcError as error:
            return [str(problem) for problem in error.problems]
        return differences(module.model, report, calls)


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_programs(group: int, tell: Callable[[str], Any]) -> None:
    tried = refused = 0
    failed: list[str] = []
    styles = [ONLY] if ONLY else sorted(STYLES)
    for number in range(group, COUNT, GROUPS):
        name = styles[number % len(styles)]
        text = STYLES[name](Random(f"{SEED} {number}"))
        found = disagreement(text)
        tried += 1
        refused += found is None
        if found:
            failed.append("\n  ".join([f"{name}, CONVCALC_SEED={SEED}, number {number}", *found[:6], text]))
    tell(f"programs of group {group}: {tried}, {refused} refused by Keras, {len(failed)} disagreements")
    assert not failed, "\n\n".join(failed)
    assert refused <= tried // 4
