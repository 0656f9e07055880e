"""Numbers, sizes and shapes as text, and text without characters that steer a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convcalc.base.numbers import UNKNOWN, Number, Shape, plain, shape_text

STDIN = ("-", "<stdin>")  # a source that is no file
# Characters that would steer a terminal, or hide.
STEERING = r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"


def visible(text: str) -> str:
    """The text with characters that would steer a terminal, or hide, written out: ``\\x1b``."""
    if text.isprintable():
        return text
    return re.sub(STEERING, lambda match: match[0].encode("unicode_escape").decode(), text)


def wrapped(doc: str, width: int | None) -> list[str]:
    """The paragraphs of a docstring, each filled to the width."""
    import textwrap

    lines: list[str] = []
    for paragraph in doc.split("\n\n"):
        lines += ["", *textwrap.wrap(" ".join(paragraph.split()), width or 100)]
    return lines[1:]


def shapes_text(shapes: Sequence[Shape | None]) -> str:
    """One shape, or several in a list."""
    texts = [shape_text(shape) for shape in shapes]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def number_text(number: Number, label: str | None = None) -> str:
    """``1,234``; ``?`` for an unknown number, ``≥ 1,234`` for a lower bound."""
    value = plain(number)
    if value is UNKNOWN or (label and value == 0):
        return "?"
    return f"≥ {value:,}" if label == "partial" else f"{value:,}"


def bytes_text(number: Number, label: str | None = None) -> str:
    """``4.20 MB``, as Keras writes sizes: in steps of 1,024, whatever the letters say; ``≥ 4.20 MB`` for a lower bound."""
    value = plain(number)
    if not isinstance(value, int) or (label and value == 0):
        return "?"
    if value.bit_length() > 1000:  # more than a float holds
        return f"{'≥ ' if label == 'partial' else ''}{value >> 50}.00 PB"
    size, unit = float(value), "B"
    for larger in ("KB", "MB", "GB", "TB", "PB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{'≥ ' if label == 'partial' else ''}{size:.2f} {unit}"


def percent_text(part: Number, whole: Number) -> str:
    """``98.2 %``; a dash where there is nothing to share."""
    one, all_of_it = plain(part), plain(whole)
    if not isinstance(one, int) or not isinstance(all_of_it, int):
        return "?"
    return f"{100 * one / all_of_it:.1f} %" if all_of_it else "-"
