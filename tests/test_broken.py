"""Broken specs: the whole error text of each, to the letter.

``tests/broken/NAME.yaml`` is a spec with something wrong, ``NAME.txt`` what is said of it. ``python -m tests.golden`` writes
the texts anew; read the diff before you commit it, as a newcomer would: place, cause, cure.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import convcalc
from convcalc.analyse import infer
from convcalc.problems import ConvcalcError
from convcalc.read import parse
from tests.golden import BROKEN, broken_names, said

NAMES = broken_names()


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_text(name: str) -> None:
    assert said(name) == (BROKEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_each_problem_has_its_place_and_is_told_once(name: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        infer(parse(BROKEN / f"{name}.yaml"))
    problems = failed.value.problems
    assert len({(problem.message, problem.mark) for problem in problems}) == len(problems)
    assert [problem.mark.line for problem in problems if problem.mark] == sorted(
        p.mark.line for p in problems if p.mark
    )
    assert all(problem.mark for problem in problems) or name == "empty"
    assert all("Traced(" not in problem.message for problem in problems)


# Codes that no table of short YAML texts can show.
ELSEWHERE = {"encoding", "too-many-problems"}


def codes(path: Path) -> set[str]:
    """The codes of the problems that a module can find: words without blanks that are given to what makes a problem."""
    makers = {"report", "fail", "error", "Refusal", "Problem", "refusal"}
    return {
        argument.value
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in makers
        for argument in call.args
        if isinstance(argument, ast.Constant) and re.fullmatch(r"[a-z]+(-[a-z]+)*", str(argument.value))
    }


def test_every_code_of_the_reader_is_in_the_table() -> None:
    package = Path(convcalc.__file__).parent
    binding = [package / "layers" / "arguments.py", package / "layers" / "registry.py"]
    files = {
        "calls.py",
        "config.py",
        "container.py",
        "hdf5.py",
        "legacy.py",
        "serialized.py",
        "weights.py",
        "project.py",
        "git.py",
    }  # Keras's own files: tests/test_damaged.py; a project's and git's: tests/test_project.py, tests/test_diff.py
    readers = [path for path in (package / "read").glob("*.py") if path.name not in files]
    known = set().union(*map(codes, [*readers, *binding]))
    shown = {code for name in NAMES for code in re.findall(r"error\[([a-z-]+)\]", said(name))}
    assert len(known) > 30
    assert known - shown == ELSEWHERE


def test_there_are_many() -> None:
    assert len(NAMES) >= 150
