"""Converts numbers, sizes and shapes to text, and escapes control characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from convcalc.base.numbers import UNKNOWN, Number, Shape, plain, shape_text

STDIN = ("-", "<stdin>")  # the file names that mean standard input
# Characters that control a terminal or are invisible: control characters, surrogates, the categories Cf, Zl and Zp of Unicode,
# and its property Default_Ignorable_Code_Point. The sets are fixed here, so that they do not depend on Python's version.
_HIDDEN = (
    ("\x00", "\x1f"), ("\x7f", "\x9f"), ("\xad", "\xad"), ("\u034f", "\u034f"), ("\u0600", "\u0605"), ("\u061c", "\u061c"),
    ("\u06dd", "\u06dd"), ("\u070f", "\u070f"), ("\u0890", "\u0891"), ("\u08e2", "\u08e2"), ("\u115f", "\u1160"),
    ("\u17b4", "\u17b5"), ("\u180b", "\u180f"), ("\u200b", "\u200f"), ("\u2028", "\u202e"), ("\u2060", "\u206f"),
    ("\u3164", "\u3164"), ("\ud800", "\udfff"), ("\ufe00", "\ufe0f"), ("\ufeff", "\ufeff"), ("\uffa0", "\uffa0"),
    ("\ufff0", "\ufffb"), ("\U000110bd", "\U000110bd"), ("\U000110cd", "\U000110cd"), ("\U00013430", "\U0001343f"),
    ("\U0001bca0", "\U0001bca3"), ("\U0001d173", "\U0001d17a"), ("\U000e0000", "\U000e0fff"),
)  # fmt: skip


# Those of these characters that ``str.isprintable`` accepts.
_HIDDEN_LETTERS = frozenset(
    map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, *range(0xFE00, 0xFE10), 0xFFA0))
)


def is_visible(text: str) -> bool:
    """Returns False if a character of the text may control a terminal or be invisible."""
    return text.isprintable() and (text.isascii() or (_HIDDEN_LETTERS.isdisjoint(text) and max(text) < "\U000e0000"))


def escaped(text: str, escape: Callable[[str], str]) -> str:
    """Returns the text with ``escape(character)`` in place of each control or invisible character."""
    return text if is_visible(text) else _hidden_characters().sub(lambda match: escape(match[0]), text)


def visible(text: str) -> str:
    """Returns the text with control and invisible characters escaped, such as ``\\x1b``."""
    return escaped(text, lambda character: character.encode("unicode_escape").decode())


@cache
def _hidden_characters() -> re.Pattern[str]:
    return re.compile("[" + "".join(f"{re.escape(first)}-{re.escape(last)}" for first, last in _HIDDEN) + "]")


def wrapped(doc: str, width: int | None) -> list[str]:
    """Returns the paragraphs of a docstring, wrapped to the width."""
    import textwrap

    lines: list[str] = []
    for paragraph in doc.split("\n\n"):
        lines += ["", *textwrap.wrap(" ".join(paragraph.split()), width or 100)]
    return lines[1:]


def shapes_text(shapes: Sequence[Shape | None], may_have_more: bool = False) -> str:
    """Returns shapes as text: one shape, or several in brackets. If there may be more shapes, an ellipsis follows."""
    texts = [shape_text(shape) for shape in shapes]
    if may_have_more and texts != [shape_text(None)]:
        texts.append("…")
    return ", ".join(texts) if len(shapes) == 1 else f"[{', '.join(texts)}]"


def number_text(number: Number, label: str | None = None) -> str:
    """Returns the number as text: ``1,234``, ``?`` for an unknown number, or ``≥ 1,234`` for a lower bound."""
    value = plain(number)
    if value is UNKNOWN or (label and value == 0):
        return "?"
    return f"≥ {value:,}" if label == "partial" else f"{value:,}"


def bytes_text(number: Number, label: str | None = None) -> str:
    """Returns a size such as ``4.20 MB``; ``≥ 4.20 MB`` for a lower bound. As in Keras, a KB has 1,024 bytes."""
    value = plain(number)
    if not isinstance(value, int) or (label and value == 0):
        return "?"
    if value.bit_length() > 1000:  # the value is too large for a float
        return f"{'≥ ' if label == 'partial' else ''}{value >> 50}.00 PB"
    size, unit = float(value), "B"
    for larger in ("KB", "MB", "GB", "TB", "PB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{'≥ ' if label == 'partial' else ''}{size:.2f} {unit}"


def percent_text(part: Number, whole: Number) -> str:
    """Returns ``part`` as a percentage of ``whole``, such as ``98.2 %``; a dash if ``whole`` is 0."""
    dividend, divisor = plain(part), plain(whole)
    if not isinstance(dividend, int) or not isinstance(divisor, int):
        return "?"
    return f"{100 * dividend / divisor:.1f} %" if divisor else "-"
