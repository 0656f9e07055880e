"""Signs in ASCII, for terminals that have no others."""

from __future__ import annotations

import re

_ASCII = str.maketrans(
    {"×": "x", "·": ".", "−": "-", "≥": ">=", "±": "+/-", "→": "->", "└": "`", "…": "~", "■": "#", "█": "#", "░": "."}
)
_PRODUCT = re.compile(r"(?<=[\w)])·(?=[\w(])")


def to_ascii(text: str) -> str:
    """The text with its signs in ASCII, and what else is not ASCII written out."""
    # Between digits a dot is a product: there it becomes the sign that programs use.
    text = _PRODUCT.sub("*", text).translate(_ASCII)
    return text if text.isascii() else text.encode("ascii", "backslashreplace").decode()
