"""Converts numbers, sizes and shapes to text, and escapes control characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convcalc.base.numbers import UNKNOWN, Number, Shape, plain, shape_text

STDIN = ("-", "<stdin>")  # the file names that mean standard input
# Characters that control a terminal or are invisible.
CONTROL_CHARACTERS = r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"


def visible(text: str) -> str:
    """Returns the text with control and invisible characters escaped, such as ``\\x1b``."""
    if text.isprintable():
        return text
    return re.sub(CONTROL_CHARACTERS, lambda match: match[0].encode("unicode_escape").decode(), text)


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
