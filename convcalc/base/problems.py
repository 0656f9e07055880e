"""Problems with an input: message, source position and severity.

Code that does not know the source position raises a :class:`Refusal`. Readers turn it into a :class:`Problem` with the
position. They collect all problems and raise one :class:`ConvcalcError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.structs import Struct

# The line endings that libyaml counts. ``str.splitlines`` counts further characters as line endings.
LINE_END = "\r\n|[\n\r\x85\u2028\u2029]"
# Longer texts are cut: the characters of a line before and after the mark, and the characters of a message.
_MAX_BEFORE, _MAX_AFTER = 100, 60
_MAX_MESSAGE = 1200
MAX_UNPLACED = 20  # show at most this many errors without a line number, e.g. of a Keras file


_IN_CODE = re.compile(r"(?s)(.+?\.(?:py|ipynb)):.+")


def file_of(name: str) -> str:
    """Returns the path in the name of a source or a model: ``nb.ipynb`` for ``nb.ipynb:cell3``, ``train.py`` for ``train.py:model``."""
    match = _IN_CODE.fullmatch(name)
    return match[1] if match else name


class Source(Struct):
    """The text of a file, kept so that problems can show its lines."""

    name: str
    text: str

    def __repr__(self) -> str:
        """Returns the name of the file, without its text."""
        return f"{type(self).__name__}({self.name!r})"


class Mark(Struct):
    """A position in a source. Line and column start at 1."""

    source: Source
    line: int
    column: int

    @property
    def file(self) -> str:
        """The name of the source, as the user gave it."""
        return self.source.name

    @property
    def path(self) -> str:
        """The file on disk; for a cell of a notebook, the notebook."""
        return file_of(self.source.name)

    @property
    def cell(self) -> str:
        """The cell of a notebook with the position in it, such as ``cell3:8:5``; "" for other files."""
        name = self.source.name
        return "" if self.path == name else f"{name[len(self.path) + 1 :]}:{self.line}:{self.column}"

    @property
    def excerpt(self) -> str:
        """The marked line; empty if the position is after the text."""
        lines = _lines(self.source.text)
        return lines[self.line - 1] if 0 < self.line <= len(lines) else ""


@lru_cache(maxsize=1)  # the cache needs only one entry, because the problems of one file are printed together
def _lines(text: str) -> list[str]:
    return re.split(LINE_END, text)


class Problem(Struct):
    """A problem with the input.

    Attributes:
        layer: the name of the affected layer
        severity: ``error`` or ``warning``
    """

    code: Code
    message: str
    mark: Mark | None = None
    layer: str | None = None
    severity: str = "error"

    def as_dict(self) -> dict[str, Any]:
        """Returns the problem for JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "layer": self.layer,
            "file": self.mark.file if self.mark else None,
            "line": self.mark.line if self.mark else None,
            "column": self.mark.column if self.mark else None,
        }

    @property
    def headline(self) -> str:
        """The text ``file:line:column: error[code]: message``."""
        from convcalc.base.text import visible  # imported only here, because most runs have no problems

        place = f"{self.mark.file}:{self.mark.line}:{self.mark.column}: " if self.mark else ""
        text = f"{place}{self.severity}[{self.code}]: {_cut(self.message)}"
        # Line breaks are escaped too: a name in a hostile file can contain one, and the next line could be a command of
        # GitHub. Only one message has several lines, a list of names.
        return "\n".join(map(visible, text.split("\n"))) if self.code == codes.SEVERAL_MODELS else visible(text)

    def __str__(self) -> str:
        """Returns the headline, the line and a caret below it."""
        text = self.headline
        excerpt = self.mark.excerpt if self.mark else ""
        if self.mark is None or not excerpt.strip():
            return text
        # Only these parts of the line are copied: it can have millions of characters, and a file thousands of problems.
        column = self.mark.column - 1
        before, after = (
            excerpt[max(0, column - _MAX_BEFORE) : column],
            excerpt[column : column + _MAX_AFTER + _MAX_BEFORE + 1],
        )
        if column > _MAX_BEFORE:
            before = f"…{before}"
        if len(after) > _MAX_AFTER + _MAX_BEFORE - len(before):
            after = f"{after[: _MAX_AFTER + _MAX_BEFORE - len(before)]}…"
        gutter = f"{self.mark.line:>3} | "
        carets = "^" * max(sum(len(_blank(character)) for character in _token(after)), 1)
        return f"{text}\n{gutter}{before}{after}\n{'| ':>{len(gutter)}}{''.join(map(_blank, before))}{carets}"


def _token(text: str) -> str:
    """Returns the first word of a text: a name, a number, or a quoted text."""
    match = re.match(r"'[^']*'|\"[^\"]*\"|[\w$.-]*\w", text)
    return match[0] if match else text[:1]


def _blank(character: str) -> str:
    """Returns spaces as wide as the character, to align the caret. A tab stays a tab."""
    if character == "\t":
        return "\t"
    from unicodedata import combining, east_asian_width

    if combining(character):
        return ""
    return "  " if east_asian_width(character) in "WF" else " "


def _cut(message: str) -> str:
    """Cuts the middle out of a very long message."""
    if len(message) <= _MAX_MESSAGE:
        return message
    return f"{message[: _MAX_MESSAGE * 2 // 3]} … {message[-_MAX_MESSAGE // 3 :]}"


def by_place(problem: Problem) -> tuple[int, int]:
    """Sorts problems by line and column."""
    return (problem.mark.line, problem.mark.column) if problem.mark else (0, 0)


def limited(problems: Sequence[Problem]) -> list[Problem]:
    """Returns the problems, with at most :data:`MAX_UNPLACED` errors without a line.

    If more are left out, a last error states their number.
    """
    rest = [problem for problem in problems if problem.severity == "error" and problem.mark is None][MAX_UNPLACED:]
    if not rest:
        return list(problems)
    hidden = set(map(id, rest))
    message = f"{len(rest)} more error{'s are' if len(rest) > 1 else ' is'} not shown; correct the shown errors first"
    more = Problem(codes.TOO_MANY_PROBLEMS, message)
    return [*(problem for problem in problems if id(problem) not in hidden), more]


class Refusal(Exception):
    """Raised if a value or a shape is not accepted. ``argument`` names the wrong argument, if known."""

    def __init__(self, message: str, code: Code = codes.INVALID_VALUE, argument: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.argument = argument


class ConvcalcError(Exception):
    """Raised if an input cannot be used. ``problems`` lists all problems, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def error(code: Code, message: str, mark: Mark | None = None) -> ConvcalcError:
    """Returns a :class:`ConvcalcError` with one problem."""
    return ConvcalcError([Problem(code, message, mark)])


def closest(name: str, known: Iterable[str]) -> str:
    """Returns the known name that is most similar to the given name; an empty string if none is similar."""
    return _closest(name, tuple(known)) if len(name) <= 100 else ""


@lru_cache(maxsize=256)  # cached: ``repeat`` looks up the same misspelled name many times
def _closest(name: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    by_lower = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[close[0]] if close else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns ``"; did you mean 'X'?"`` if a known name is similar, else an empty string."""
    meant = closest(name, known)
    return f"; did you mean '{meant}'?" if meant else ""


def listed(names: Iterable[object], conjunction: str = "or") -> str:
    """Returns ``a``, ``a or b`` or ``a, b or c``."""
    words = [str(name) for name in names]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def first_listed(names: Sequence[object], maximum: int = 6) -> str:
    """Returns the first names and the number of remaining names: ``a, b and 3 more``."""
    rest = len(names) - maximum
    return listed([*names[:maximum], f"{rest:,} more"] if rest > 0 else names, "and")
