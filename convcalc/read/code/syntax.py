"""Parses Python source text, without running it, and explains why a text is not valid."""

from __future__ import annotations

import ast
import re
import warnings

from convcalc.base import codes
from convcalc.base.problems import Mark, Problem, Source, error

# Statements and literals of Python 2, and their form in Python 3.
_PYTHON_2 = (
    (re.compile(r"^\s*print\b(?!\s*\()"), "print(…)"),
    (re.compile(r"^\s*exec\s+[^(=\s]"), "exec(…)"),
    (re.compile(r"^\s*except\s+[\w.()\s,]+,\s*\w+\s*:"), "except ERROR as NAME:"),
    (re.compile(r"^\s*raise\s+\w+\s*,"), "raise ERROR(…)"),
    (re.compile(r"\s<>\s"), "!="),
    (re.compile(r"\b0[0-7]+\b"), "0o17"),
    (re.compile(r"\b\d+[lL]\b"), "a number without L"),
    (re.compile(r"\b[uU][rR]['\"]"), "r'…'"),
    (re.compile(r"^\s*def\s+\w+\(.*\(\w+\s*,"), "a parameter for each value"),
)
_IMPORT = r"(?m)^[ \t]*(?:import|from)[ \t]+\w|\bkeras\b"
# A syntax tree takes about 100 times the memory of its text. These are the estimated bytes for each place with one of the
# signs or words. Real files of 20,000 lines are estimated at 50 MB.
_SIGNS = ((700, ",.([{=+-*/%:<>|&@^~"), (1_200, "\n"), (1_800, ";"))
_WORDS = (1_500, (" or ", " and ", " not ", " in ", " is ", " if ", " for ", "lambda"))
MAX_TREE_BYTES = 100 * 2**20
MAX_CODE = 4_000_000  # the maximum number of characters of a program


class TooLong(ValueError):
    """Raised for code that is too long to be followed."""


def tree_bytes(text: str) -> int:
    """Returns an estimate of the memory that the syntax tree of a text takes. Raises :class:`TooLong` if it is too much."""
    if len(text) > MAX_CODE:
        raise TooLong(f"the code has more than {MAX_CODE:,} characters")
    size = sum(weight * text.count(sign) for weight, signs in _SIGNS for sign in signs)
    size += _WORDS[0] * sum(map(text.count, _WORDS[1]))
    if size > MAX_TREE_BYTES:
        raise TooLong("the code is too long to be followed; move large tables of values into a file of their own")
    return size


def syntax_tree(text: str) -> ast.Module:
    """Returns the syntax tree of a text. Hides Python's warnings about the text."""
    tree_bytes(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def parsed(source: Source) -> ast.Module:
    """Returns the syntax tree of a source. Raises :class:`ConvcalcError` if it is not valid Python 3."""
    try:
        return syntax_tree(source.text)
    except SyntaxError as bad:
        lines = source.text.splitlines()
        line = min(bad.lineno or 1, max(len(lines), 1))
        text = lines[line - 1] if lines else ""
        # A text without imports is probably not Python. It is not shown: it can be a link to a file with passwords.
        shown = source if re.search(_IMPORT, source.text) else Source(source.name, "")
        mark = Mark(shown, line, min(bad.offset or 1, len(text) + 1))
        raise error(codes.PYTHON_SYNTAX, _explained(bad, text), mark) from None
    except TooLong as bad:
        raise error(codes.TOO_LARGE, f"{source.name}: {bad}") from None
    except (ValueError, RecursionError, MemoryError) as bad:
        why = str(bad) if isinstance(bad, ValueError) else "it is nested too deeply"
        raise error(codes.PYTHON_SYNTAX, f"{source.name}: the code is not valid Python: {why}") from None


def syntax_problem(source: Source) -> Problem | None:
    """Returns the syntax error in a source; None if the source is valid Python 3."""
    from convcalc.base.problems import ConvcalcError

    try:
        parsed(source)
    except ConvcalcError as failed:
        return failed.problems[0]
    return None


def _explained(bad: SyntaxError, line: str) -> str:
    """Returns the message for a syntax error in a line."""
    for pattern, spelling in _PYTHON_2:
        if pattern.search(line):
            return f"the code is Python 2, and convcalc reads Python 3; in Python 3 this is {spelling}"
    return f"the code is not valid Python: {bad.msg}"
