"""Broken specs: the whole error text of each, to the letter.

``tests/broken/NAME.yaml`` is a spec with something wrong, ``NAME.txt`` what is said of it. ``python -m tests.test_broken``
writes the texts anew; read the diff before you commit it, as a newcomer would: place, cause, cure.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from convcalc.analyse import infer
from convcalc.problems import ConvcalcError
from convcalc.read import parse

BROKEN = Path(__file__).parent / "broken"
NAMES = sorted(path.stem for path in BROKEN.glob("*.yaml"))


def said(name: str) -> str:
    """All that is said of a broken spec."""
    try:
        infer(parse(BROKEN / f"{name}.yaml"))
    except ConvcalcError as failed:
        return str(failed).replace(f"{BROKEN}/", "") + "\n"
    return "nothing\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_text(name: str) -> None:
    assert said(name) == (BROKEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_each_problem_has_its_place_and_is_told_once(name: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        infer(parse(BROKEN / f"{name}.yaml"))
    problems = failed.value.problems
    assert len({(problem.code, problem.mark) for problem in problems}) == len(problems)
    assert [problem.mark.line for problem in problems if problem.mark] == sorted(
        p.mark.line for p in problems if p.mark
    )
    assert all(problem.mark for problem in problems) or name == "empty"
    assert all("Traced(" not in problem.message for problem in problems)


def test_there_are_many() -> None:
    assert len(NAMES) >= 60


if __name__ == "__main__":
    for name in NAMES:
        (BROKEN / f"{name}.txt").write_text(said(name), encoding="utf-8")
