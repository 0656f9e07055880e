"""Writes text to standard output, which may have any encoding."""

from __future__ import annotations

import sys


def encodes(characters: str) -> bool:
    """Returns True if the encoding of standard output can represent these characters."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        return encodable(characters, encoding) == characters
    except LookupError:
        return False


def encodable(text: str, encoding: str) -> str:
    """Returns the text, with escapes for characters that the encoding cannot represent."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def write(text: str) -> None:
    """Writes text to standard output. Characters that the encoding cannot represent are written as escapes."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        sys.stdout.write(encodable(text, sys.stdout.encoding))
