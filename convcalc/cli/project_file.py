"""Finds the ``pyproject.toml`` of a project. Every command uses this module, so it imports little."""

from __future__ import annotations

import os
import re

from convcalc.base import codes
from convcalc.base.problems import error

MAX_CHARACTERS = 500_000  # the maximum length of a pyproject.toml
MAX_PARTS = 500  # the maximum number of parts of a key, such as three in tool.convcalc.budget
_PART = r"[ \t]*(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*"
# A key begins a line, or follows a bracket or a comma. Without this, a search in a long word would take quadratic time.
_LONG_KEY = rf"(?m)(?:^|[{{\[,])(?:{_PART}\.){{{MAX_PARTS}}}"


def project_text(start: str | os.PathLike[str] | None, word: str) -> tuple[str, str] | None:
    """Returns the path and the text of the nearest ``pyproject.toml``, in ``start`` or a folder above it.

    Returns None if no file exists, or if its text lacks ``convcalc`` or ``word``. So errors in files without settings
    for convcalc are ignored. ``start`` is the working directory by default.
    """
    try:
        folder = os.path.realpath(os.getcwd() if start is None else start)
    except FileNotFoundError:  # the working directory no longer exists
        return None
    while not os.path.isfile(path := os.path.join(folder, "pyproject.toml")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    text = _text(path)
    return (path, text) if "convcalc" in text and word in text else None


def from_here(path: str | os.PathLike[str]) -> str:
    """Returns the path relative to the working directory.

    A path outside of the working directory is returned as an absolute path.
    """
    absolute, here = os.path.join(path), os.path.join(os.getcwd(), "")
    return absolute[len(here) :] if absolute.startswith(here) else absolute


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except OSError as unread:
        raise error(codes.CANNOT_READ, f"{from_here(path)}: {unread.strerror or unread}") from None
    except UnicodeDecodeError as unread:
        raise error(codes.ENCODING, f"{from_here(path)}: {unread}") from None
    if "convcalc" in text:  # Python parses TOML slowly, and a key of many parts in quadratic time
        if len(text) > MAX_CHARACTERS:
            raise error(codes.TOO_LARGE, f"{from_here(path)} has more than {MAX_CHARACTERS:,} characters")
        if re.search(_LONG_KEY, text):
            raise error(codes.TOO_LARGE, f"{from_here(path)} has a key of more than {MAX_PARTS} parts")
    return text
