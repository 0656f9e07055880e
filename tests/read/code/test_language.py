"""Tests that convcalc computes the same values as Python.

Each case in ``language.txt`` is a small program that computes ``result``. Python runs it, which gives the expected
value.
"""

from __future__ import annotations

from typing import Any

import pytest

from convcalc.read.code.file import follow
from convcalc.read.code.language.values import Instance, Unknown, first_unknown
from tests.helpers.language import language_cases

CASES = language_cases()


def plain(value: Any) -> Any:
    """Converts a value of a program to Python's value, so that both can be compared."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value)) if type(value) in (list, tuple) else list(map(plain, value))
    if isinstance(value, dict):
        return {plain(key): plain(part) for key, part in value.items()}
    if isinstance(value, Instance) and value.items is not None:
        return plain(value.items)
    return value


def result_of(code: str) -> Any:
    """Returns the variable ``result`` of a program."""
    return follow(code, "program.py").main.variables.get("result")


@pytest.mark.parametrize("case", CASES)
def test_a_construct_gives_what_python_gives(case: str) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CASES[case], "program.py", "exec", dont_inherit=True), names)  # runs only the cases in language.txt
    result = result_of(CASES[case])
    unknown = first_unknown(result)
    assert unknown is None, unknown.reason
    assert plain(result) == plain(names["result"])
    assert not isinstance(result, Unknown)
