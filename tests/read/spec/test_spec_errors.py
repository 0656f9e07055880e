"""Compares the error messages for each broken spec with the expected text.

``broken/NAME.yaml`` is a spec with errors, and ``NAME.txt`` is the expected text. ``python -m tests.regenerate.golden`` writes
these texts. Before you commit a changed text, check that it shows a new user the position, the cause and the cure.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import convcalc
from convcalc import infer
from convcalc.base.problems import ConvcalcError
from convcalc.read import parse
from tests.helpers.codes_used import codes_used
from tests.regenerate.golden import BROKEN, broken_names, said

NAMES = broken_names()


@pytest.mark.parametrize("name", NAMES)
def test_the_error_text_is_the_expected_one(name: str) -> None:
    assert said(name) == (BROKEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_each_problem_has_a_position_and_is_reported_once(name: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        infer(parse(BROKEN / f"{name}.yaml"))
    problems = failed.value.problems
    assert len({(problem.message, problem.mark) for problem in problems}) == len(problems)
    assert [problem.mark.line for problem in problems if problem.mark] == sorted(
        p.mark.line for p in problems if p.mark
    )
    assert all(problem.mark for problem in problems) or name == "empty"
    assert all("Traced(" not in problem.message for problem in problems)


# Error codes that a short YAML text cannot cause. Other tests cause these errors.
ELSEWHERE = {"encoding", "too-many-problems"}


def test_every_code_of_the_spec_reader_is_tested() -> None:
    package = Path(convcalc.__file__).parent
    binding = [package / "layers" / "arguments.py", package / "layers" / "registry.py"]
    known = set().union(*map(codes_used, [*(package / "read" / "spec").glob("*.py"), *binding]))
    shown = {code for name in NAMES for code in re.findall(r"error\[([a-z-]+)\]", said(name))}
    assert len(known) > 30
    assert known - shown == ELSEWHERE


def test_there_are_many_broken_specs() -> None:
    assert len(NAMES) >= 150
