"""The user's choices for a program: the model to show, and values that the code does not state."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from convcalc.base.problems import file_of
from convcalc.base.structs import Struct

SUFFIXES = (".py", ".ipynb")
PACKAGE_FILE = "__init__.py"
ALL = "*"  # names all models of a program


class CodeSettings(Struct):
    """The user's values for a program.

    - ``values`` are the values of names (``--set``).
    - ``inputs`` are the sizes of inputs without the batch axis (``--input``), by name. The name None is the only input.
    - ``folder`` is the folder with the program's other files; "" for the folder of the file itself.
    - ``each`` is True if all models of the file are read, one after the other. Then an error of the program is an
      error of one of them.
    """

    values: Mapping[str, Any] = {}
    inputs: Mapping[str | None, tuple[Any, ...]] = {}
    folder: str = ""
    each: bool = False


NO_SETTINGS = CodeSettings()


def split_target(source: str) -> tuple[str, str]:
    """Returns the path and the target of a source: ``("train.py", "build")`` for ``train.py:build``.

    The target is empty if the source names none, or is not Python code.
    """
    path = file_of(source)
    if path != source:
        return path, source[len(path) + 1 :]
    folder, _, target = source.rpartition(":")
    return (folder, target) if target and is_package(folder) else (source, "")


def is_code(name: str) -> bool:
    """Returns True if the name of a file ends with ``.py`` or ``.ipynb``."""
    return name.endswith(SUFFIXES)


def is_package(folder: str) -> bool:
    """Returns True if a folder contains ``__init__.py``."""
    return bool(folder) and "\0" not in folder and os.path.isfile(os.path.join(folder, PACKAGE_FILE))  # noqa: PTH113, PTH118


def names_code(source: str) -> bool:
    """Returns True for the source of a program, a notebook or a package, with or without a target."""
    path, _ = split_target(source)
    return is_code(path) or is_package(path)
