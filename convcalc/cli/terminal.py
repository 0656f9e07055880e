"""Writes text to standard output, which may have any encoding."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


class _Output(io.FileIO):
    """Standard output. If the program that reads it has ended, such as ``head``, further output is discarded.

    So a command continues to its exit code: a check that fails must also fail in ``convcalc check … | head``.
    """

    def __init__(self, replaced: TextIO) -> None:
        super().__init__(replaced.fileno(), "w", closefd=False)
        self._replaced = replaced  # without a reference, Python would close the file

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            discard_output()
            return len(data)


def discard_output() -> None:
    """Discards all further text for standard output, also the text that Python writes when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def discard_after_closed_pipe() -> None:
    """Replaces standard output by one that discards text if its reader has ended.

    Does nothing if standard output is not a file of the system, for example in a notebook.
    """
    old = sys.stdout
    try:
        output = _Output(old)
    except (OSError, ValueError):
        return
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(output), old.encoding, old.errors, line_buffering=old.isatty())


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
