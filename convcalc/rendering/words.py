"""Wraps text between words. Words, numbers and shapes are not broken if they fit on a line."""

from __future__ import annotations

import re

from convcalc.rendering.style import width_of

# A word: a text in round brackets, such as a shape, is a part of the word, with the spaces in it. The patterns are texts,
# because compiling them takes long, and wide tables need none.
_WORD = r"(?:\((?:[^()]|\([^()]*\))*\)|\S)+"
_LONGEST_GROUP = 40  # a longer text in brackets is broken at its spaces
_LONGEST_TEXT = 2_000  # in a longer text, every space can be a line break
# The last resort for a word that is longer than a line.
_PARTS = r"(?<=[/_.,)\]])|(?<=[a-z])(?=[A-Z])"


def words(text: str) -> list[str]:
    """Returns the words of a text."""
    if "(" not in text or len(text) > _LONGEST_TEXT:
        return text.split()
    result: list[str] = []
    for word in re.findall(_WORD, text):
        if len(word) > _LONGEST_GROUP:
            result += word.split()
        else:
            result.append(word)
    return result


def indentation(text: str) -> int:
    """Returns the number of spaces at the beginning of a text; for the row of an inner layer, also the sign ``└``."""
    start = len(text) - len(text.lstrip(" "))
    return start + 2 if text[start : start + 2] in ("└ ", "` ") else start


def least_width(text: str, hanging: int = 0) -> int:
    """Returns the smallest width in which no word of the text is broken, if further lines are indented by ``hanging``."""
    if " " not in text:
        return width_of(text)
    indent = indentation(text)
    first, *rest = words(text[indent:]) or [""]
    return indent + max(width_of(first), hanging + max(map(width_of, rest), default=0))


def wrap(text: str, width: int, hanging: int = 0) -> list[str]:
    """Returns the text as lines of at most ``width`` columns.

    Further lines are indented like the first line, and by ``hanging`` more. Only a word that is longer than a line is broken, if
    possible after punctuation.
    """
    if width_of(text) <= width:
        return [text]
    indent = indentation(text)
    if indent + hanging + 4 > width:  # no room for the indentation
        indent = hanging = 0
        text = text.strip()
    lines: list[str] = []
    line, next_line = text[:indent], " " * (indent + hanging)
    is_empty = True
    for word in words(text[indent:]):
        longer = line + word if is_empty else f"{line} {word}"
        if width_of(longer) > width:
            if not is_empty:
                lines.append(line)
                line = next_line if len(next_line) + width_of(word) <= width else ""
            while width_of(line + word) > width:
                count = _fitting(word, width - width_of(line))
                lines.append(line + word[:count])
                line, word = next_line, word[count:]
            longer = line + word
        line, is_empty = longer, False
    return [*lines, line]


def _fitting(word: str, width: int) -> int:
    """Returns the number of characters of a long word for a line of ``width`` columns, at least 1."""
    used = count = best = 0
    word = word[: 4 * width + 4]  # a line has few characters, also with characters that have no width
    ends = {match.start() for match in re.finditer(_PARTS, word)}
    for count, character in enumerate(word):
        used += width_of(character)
        if used > width:
            break
        if count + 1 in ends and 2 * used >= width:
            best = count + 1
    return best or max(count, 1)
