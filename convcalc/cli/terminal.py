"""Text on standard output, whatever its encoding."""

from __future__ import annotations

import sys


def encodes(signs: str) -> bool:
    """Whether standard output has these signs."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        return encodable(signs, encoding) == signs
    except LookupError:
        return False


def encodable(text: str, encoding: str) -> str:
    """The text with characters that the encoding lacks written out."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def write(text: str) -> None:
    """Text to standard output; characters that its encoding lacks are written out."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        sys.stdout.write(encodable(text, sys.stdout.encoding))
