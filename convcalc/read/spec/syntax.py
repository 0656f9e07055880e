"""What a YAML parser complains of, in plain words.

libyaml and PyYAML's own parser say the same things differently, and both in the words of those who write parsers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from convcalc.base.structs import Struct

if TYPE_CHECKING:
    import yaml

_MISALIGNED = "this does not line up with what is above it, or is not complete"
_AFTER_A_VALUE = "this stands behind a value that is complete; quote the whole of a text"
# What the parser says, what we say, and whether the place where the thing began is the better place to point at.
_WORDS: list[tuple[str, str, bool]] = [
    ("mapping values are not allowed", "a ':' cannot stand here: start a new line for a key, or quote a text", False),
    ("expected ',' or ']'", "a ',' or the closing ']' is missing here", False),
    ("expected ',' or '}'", "a ',' or the closing '}' is missing here", False),
    ("expected ':'", "a key needs a ':' and a space behind it", True),
    ("directive|incompatible", "a '%' at the start of a line begins a YAML directive, and none is read", True),
    ("'-' indicator|block end|expected key", _MISALIGNED, False),
    ("sequence entries are not allowed", "a '-' cannot stand here: start a new line for it", False),
    ("end of stream", "this quoted text is never closed", True),
    ("document separator", "this quoted text is never closed", True),
    ("escape character|hexdecimal|hexadecimal", "an unknown escape: write \\\\ for a backslash, or use '…'", False),
    ("cannot start any token", "a value cannot begin with this character; quote it", False),
    ("tag handle|while parsing a tag|scanning a tag", "tags are not read: plain YAML only", False),
    ("document start", "a file holds one mapping: this stands behind its end", False),
    ("alphabetic or numeric", "'&' and '*' make YAML anchors and aliases, and need a name; quote a text", False),
    ("node content", "a value is missing here", False),
]


class SyntaxProblem(Struct):
    """What is wrong, and where, counted from 0."""

    message: str
    line: int
    column: int


def explain_yaml_error(bad: yaml.MarkedYAMLError, text: str) -> SyntaxProblem:
    """A parser's complaint about a text as one that its writer understands."""
    said = f"{bad.problem or ''} {bad.context or ''}"
    found = next((entry for entry in _WORDS if re.search(entry[0], said)), None)
    message, at_start = (found[1], found[2]) if found else (said.strip() or "this is not YAML", False)
    at = (bad.context_mark if at_start else None) or bad.problem_mark or bad.context_mark
    line, column = (at.line, at.column) if at else (0, 0)
    start = bad.context_mark
    if found and not at_start and start and start.line != line and (kind := _kind(bad.context or "")):
        message += f" (the {kind} begins on line {start.line + 1})"
    if at is not None and start is not None and "closing" in message and not text[at.index :].strip():
        return SyntaxProblem(f"this {_kind(bad.context or '')} is never closed", start.line, start.column)
    begins_its_line = at is None or not text[text.rfind("\n", 0, at.index) + 1 : at.index].strip(" \t-")
    if at is not None and begins_its_line and text[at.index : at.index + 1] == "\t":
        message = "a tab cannot indent in YAML; use spaces"
    elif message == _MISALIGNED and not begins_its_line:
        message = _AFTER_A_VALUE
    return SyntaxProblem(message, line, column)


def _kind(context: str) -> str:
    """What was being read."""
    for part, kind in (("sequence", "list"), ("collection", "list"), ("mapping", "mapping")):
        if part in context:
            return kind
    return ""
