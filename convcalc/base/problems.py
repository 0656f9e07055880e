"""What can be wrong with an input, as data: where, what, and how bad.

Deep code (a layer rule, an argument kind) raises :class:`Refusal`: it knows what is wrong but not where that was
written. The code at the boundary knows the place and turns the refusal into a :class:`Problem`; problems are collected
and leave together in one :class:`ConvcalcError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.structs import Struct

# What ends a line, in YAML as libyaml counts lines. (str.splitlines knows more ends than that.)
LINE_END = "\r\n|[\n\r\x85\u2028\u2029]"
# How much of a line or of a message is shown: the input of a machine can have lines of a million characters.
_MOST_BEFORE, _MOST_AFTER = 100, 60
_MOST_SAID = 1200


class Source(Struct):
    """A text that was read, kept so that a problem can show its line."""

    name: str
    text: str


class Mark(Struct):
    """A place in a source: line and column count from 1."""

    source: Source
    line: int
    column: int

    @property
    def file(self) -> str:
        """The source's name, as the user gave it."""
        return self.source.name

    @property
    def excerpt(self) -> str:
        """The marked line, without its end; empty where the place is beyond the text."""
        lines = _lines(self.source.text)
        return lines[self.line - 1] if 0 < self.line <= len(lines) else ""


@lru_cache(maxsize=1)  # the problems of one file are shown one after the other
def _lines(text: str) -> list[str]:
    return re.split(LINE_END, text)


class Problem(Struct):
    """One finding about the input. ``severity`` is ``error`` or ``warning``; ``layer`` is the name of the layer that it concerns."""

    code: Code
    message: str
    mark: Mark | None = None
    layer: str | None = None
    severity: str = "error"

    def as_dict(self) -> dict[str, Any]:
        """The finding for JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "layer": self.layer,
            "file": self.mark.file if self.mark else None,
            "line": self.mark.line if self.mark else None,
            "column": self.mark.column if self.mark else None,
        }

    def __str__(self) -> str:
        """The finding as text: ``file:line:column: error[code]: message``, with the line and a caret under it."""
        place = f"{self.mark.file}:{self.mark.line}:{self.mark.column}: " if self.mark else ""
        text = f"{place}{self.severity}[{self.code}]: {_cut(self.message)}"
        excerpt = self.mark.excerpt if self.mark else ""
        if self.mark is None or not excerpt.strip():
            return text
        before, after = excerpt[: self.mark.column - 1], excerpt[self.mark.column - 1 :]
        if len(before) > _MOST_BEFORE:
            before = f"…{before[-_MOST_BEFORE:]}"
        if len(after) > _MOST_AFTER + _MOST_BEFORE - len(before):
            after = f"{after[: _MOST_AFTER + _MOST_BEFORE - len(before)]}…"
        gutter = f"{self.mark.line:>3} | "
        return f"{text}\n{gutter}{before}{after}\n{'| ':>{len(gutter)}}{''.join(map(_blank, before))}^"


def _blank(character: str) -> str:
    """What takes as much room as a character. A tab stays a tab, so that a caret stands right at any tab width."""
    if character == "\t":
        return "\t"
    from unicodedata import combining, east_asian_width

    if combining(character):
        return ""
    return "  " if east_asian_width(character) in "WF" else " "


def _cut(message: str) -> str:
    """A message without its middle where it is too long to be read."""
    if len(message) <= _MOST_SAID:
        return message
    return f"{message[: _MOST_SAID * 2 // 3]} … {message[-_MOST_SAID // 3 :]}"


def by_place(problem: Problem) -> tuple[int, int]:
    """The key that sorts problems in the order of the file."""
    return (problem.mark.line, problem.mark.column) if problem.mark else (0, 0)


class Refusal(Exception):
    """Raised by deep code: the message, a code, and the argument that is to blame, where there is one."""

    def __init__(self, message: str, code: Code = codes.INVALID_VALUE, argument: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.argument = argument


class ConvcalcError(Exception):
    """An input cannot be used. ``problems`` holds everything that was found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def error(code: Code, message: str, mark: Mark | None = None) -> ConvcalcError:
    """A :class:`ConvcalcError` with a single problem."""
    return ConvcalcError([Problem(code, message, mark)])


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is close to the given one; an empty string where none is."""
    return _closest(name, tuple(known)) if len(name) <= 100 else ""


@lru_cache(maxsize=256)  # a misspelt name in a repeat is looked up at each round
def _closest(name: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    by_lower = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[close[0]] if close else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'X'?"`` where one of the known names is close to the given one, else an empty string."""
    meant = closest(name, known)
    return f"; did you mean '{meant}'?" if meant else ""


def listed(names: Iterable[object], conjunction: str = "or") -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    words = [str(name) for name in names]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def first_listed(names: Sequence[object], maximum: int = 6) -> str:
    """Returns the first names and the number of the others: ``a, b and 3 more``."""
    rest = len(names) - maximum
    return listed([*names[:maximum], f"{rest:,} more"] if rest > 0 else names, "and")
