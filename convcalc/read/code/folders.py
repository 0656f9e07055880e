"""The folders whose files a program can import."""

from __future__ import annotations

import os

from convcalc.read.code_settings import PACKAGE_FILE

# The top folder of a project contains one of these.
_MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")
_MAX_LEVELS = 8  # convcalc searches at most this many parent folders for the top folder of a project


def module_folder(path: str) -> str:
    """Returns the folder of a program's file."""
    return os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120 (pathlib takes long to import)


def root_of(own: str) -> str:
    """Returns the top folder of the project. No file outside of it is read.

    It is the nearest folder with ``.git``, ``pyproject.toml`` or a similar name in it. Without one, it is the folder that
    contains the package.
    """
    folder = own
    for _ in range(_MAX_LEVELS):
        if any(os.path.exists(os.path.join(folder, mark)) for mark in _MARKS):  # noqa: PTH110, PTH118
            return folder
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            break
        folder = above
    folder = own
    while os.path.isfile(os.path.join(folder, PACKAGE_FILE)) and os.path.dirname(folder) != folder:  # noqa: PTH113, PTH118, PTH120
        folder = os.path.dirname(folder)  # noqa: PTH120
    return folder


def between(own: str, root: str) -> list[str]:
    """Returns the folders from the folder of a file up to the top folder of the project."""
    result = [own]
    while result[-1] != root and len(result) <= _MAX_LEVELS:
        above = os.path.dirname(result[-1])  # noqa: PTH120
        if above == result[-1]:
            break
        result.append(above)
    return result
