"""Explains YAML syntax errors in plain words.

For the same error, libyaml and PyYAML's own parser give different messages, and both use technical terms.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from convcalc.base.structs import Struct

if TYPE_CHECKING:
    import yaml

_MISALIGNED = "this line is not aligned with the lines above it, or is not complete"
_AFTER_A_VALUE = "unexpected text after a complete value; put quotes around the whole text"
# A pattern for the parser's message, convcalc's message, and a flag. The flag is True if convcalc's message is about
# the start of the list or mapping, not about the place of the error.
_WORDS: list[tuple[str, str, bool]] = [
    (
        "mapping values are not allowed",
        "unexpected ':'; start a new line for a key, or put quotes around a text",
        False,
    ),
    ("expected ',' or ']'", "a ',' or the closing ']' is missing here", False),
    ("expected ',' or '}'", "a ',' or the closing '}' is missing here", False),
    ("expected ':'", "a ':' and a space are missing after this key", True),
    (
        "directive|incompatible",
        "a '%' at the start of a line begins a YAML directive, which is not supported; remove it",
        True,
    ),
    ("'-' indicator|block end|expected key", _MISALIGNED, False),
    ("sequence entries are not allowed", "unexpected '-'; start a new line for it", False),
    ("end of stream", "the closing quote of this text is missing", True),
    ("document separator", "the closing quote of this text is missing", True),
    (
        "escape character|hexdecimal|hexadecimal",
        "an unknown escape; write \\\\ for a backslash, or use single quotes",
        False,
    ),
    ("cannot start any token", "a value cannot begin with this character; put quotes around the value", False),
    ("tag handle|while parsing a tag|scanning a tag", "YAML tags are not supported; remove the tag", False),
    ("document start", "unexpected text after the end of the mapping", False),
    (
        "alphabetic or numeric",
        "'&' or '*' needs a name (YAML anchor or alias); put quotes around a text that begins with it",
        False,
    ),
    ("node content", "a value is missing here", False),
]


class SyntaxProblem(Struct):
    """A message and its place. Lines and columns are counted from 0."""

    message: str
    line: int
    column: int


def explain_yaml_error(bad: yaml.MarkedYAMLError, text: str) -> SyntaxProblem:
    """Explains the parser's error in a YAML text in plain words."""
    parser_text = f"{bad.problem or ''} {bad.context or ''}"
    rule = next((entry for entry in _WORDS if re.search(entry[0], parser_text)), None)
    message, at_start = (rule[1], rule[2]) if rule else (parser_text.strip() or "this is not valid YAML", False)
    at = (bad.context_mark if at_start else None) or bad.problem_mark or bad.context_mark
    line, column = (at.line, at.column) if at else (0, 0)
    start = bad.context_mark
    if rule and not at_start and start and start.line != line and (construct := _construct(bad.context or "")):
        message += f" (the {construct} begins on line {start.line + 1})"
    if at is not None and start is not None and "closing" in message and not text[at.index :].strip():
        return SyntaxProblem(
            f"the closing bracket of this {_construct(bad.context or '')} is missing", start.line, start.column
        )
    begins_its_line = at is None or not text[text.rfind("\n", 0, at.index) + 1 : at.index].strip(" \t-")
    if at is not None and begins_its_line and text[at.index : at.index + 1] == "\t":
        message = "YAML cannot be indented with tabs; use spaces"
    elif message == _MISALIGNED and not begins_its_line:
        message = _AFTER_A_VALUE
    if at is not None and message.startswith("unexpected ':'") and (cure := _braces_cure(text, at.index)):
        message = cure
    return SyntaxProblem(message, line, column)


def _braces_cure(text: str, index: int) -> str:
    """Returns advice for ``- Dense: 10, activation: softmax``; "" for another line."""
    start = text.rfind("\n", 0, index) + 1
    line = text[start:].partition("\n")[0]
    match = re.match(r"\s*-\s*(\w+):\s*([^{\[\s'\"][^{}:]*,\s*(\w+):.*)", line)
    if match is None:
        return ""
    return f"put the arguments in braces, each with its name: '- {match[1]}: {{…, {match[3]}: …}}'"


def _construct(context: str) -> str:
    """Returns the name of the construct (such as a list) that the parser was reading."""
    for part, kind in (("sequence", "list"), ("collection", "list"), ("mapping", "mapping")):
        if part in context:
            return kind
    return ""
