"""Colours the answer of ``convcalc conv``: the result, and the marks in the pictures."""

from __future__ import annotations

import re

from convcalc.rendering.style import TextStyle

# The marks of a picture: read or written, padding, and never used. The same marks in ASCII follow.
_MARKS = {"■": "cyan", "#": "cyan", "+": "dim", "×": "bold red"}
_PICTURE_ROW = r" *(?:input|output|window \d+|unused|empty|…|~)(?= |$)"
_LEGEND = r" +[■#] (?:read|written)"


def painted_answer(text: str, style: TextStyle) -> str:
    """Returns the text with colours. Without them, the text is unchanged."""
    if style.paint is None:
        return text
    first, *rest = text.split("\n")
    return "\n".join([style.painted(first, "bold"), *(_line(line, style) for line in rest)])


def _line(line: str, style: TextStyle) -> str:
    row = re.match(_PICTURE_ROW, line)
    if row is not None or re.match(_LEGEND, line):
        start = row.end() if row else 0
        marks = re.sub(r"[■#+×](?= |$)", lambda mark: style.painted(mark[0], _MARKS[mark[0]]), line[start:])
        return style.painted(line[:start], "dim") + marks
    if line.endswith(":") and not line.startswith(" "):
        return style.painted(line, "bold")
    result = re.match(r"(.*[=→] )([\d,]+)(.*)", line)
    return f"{result[1]}{style.painted(result[2], 'bold')}{result[3]}" if result else line
