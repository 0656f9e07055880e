"""What the user says about a program: which model to show, and the values that the code does not state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from convcalc.base.structs import Struct

SUFFIXES = (".py", ".ipynb")


class CodeSettings(Struct):
    """The values of names (``--set``) and the sizes of inputs without the batch axis (``--input``; None is the only input)."""

    values: Mapping[str, Any] = {}
    inputs: Mapping[str | None, tuple[Any, ...]] = {}


NO_SETTINGS = CodeSettings()


def split_target(source: str) -> tuple[str, str]:
    """Returns the path and the target of a source: ``("train.py", "build")`` for ``train.py:build``.

    The target is empty if the source names none, or is not Python code.
    """
    found = re.fullmatch(r"(?s)(.+?\.(?:py|ipynb)):(.+)", source)
    return (found[1], found[2]) if found else (source, "")


def is_code(name: str) -> bool:
    """Returns True if a file is a program or a notebook, by its name."""
    return name.endswith(SUFFIXES)
