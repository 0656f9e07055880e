"""Finds the ``pyproject.toml`` of a project. Every command uses this module, so it imports little."""

from __future__ import annotations

import os

from convcalc.base import codes
from convcalc.base.problems import error

MAX_CHARACTERS = 1_000_000  # the maximum length of a pyproject.toml


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
    if len(text) > MAX_CHARACTERS and "convcalc" in text:  # Python parses TOML slowly
        raise error(codes.TOO_LARGE, f"{from_here(path)} has more than {MAX_CHARACTERS:,} characters")
    return text
