"""Text on standard output, whatever its encoding."""

from __future__ import annotations

import sys


def encodes(characters: str) -> bool:
    """True if the encoding of standard output has these characters."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        return encodable(characters, encoding) == characters
    except LookupError:
        return False


def encodable(text: str, encoding: str) -> str:
    """Returns the text with characters that the encoding lacks as escapes."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def write(text: str) -> None:
    """Writes text to standard output, with characters that its encoding lacks as escapes."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        sys.stdout.write(encodable(text, sys.stdout.encoding))
