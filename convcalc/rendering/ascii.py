"""Replaces characters by ASCII, for terminals that show only ASCII."""

from __future__ import annotations

import re

_REPLACEMENTS = str.maketrans(
    {
        "×": "x",
        "·": ".",
        "−": "-",
        "≥": ">=",
        "±": "+/-",
        "→": "->",
        "←": "<-",
        "└": "`",
        "…": "~",
        "■": "#",
        "█": "#",
        "░": ".",
    }
)
_PRODUCT = re.compile(r"(?<=[\w)])·(?=[\w(])")


def to_ascii(text: str) -> str:
    """Returns the text in ASCII. A character that has no replacement is escaped."""
    # Between numbers or names, the dot means a product, so it becomes *.
    text = _PRODUCT.sub("*", text).translate(_REPLACEMENTS)
    return text if text.isascii() else text.encode("ascii", "backslashreplace").decode()
