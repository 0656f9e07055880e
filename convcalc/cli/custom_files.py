"""Reads the files of custom layers that the command line and pyproject.toml name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from convcalc.cli.project_file import project_text

if TYPE_CHECKING:
    from convcalc.read.custom_layers import CustomLayers


@cache  # a command reads each file only once, even for many models
def custom_layers(given: tuple[str, ...]) -> CustomLayers:
    """Returns the declarations in the files of the project and in the files ``given`` by ``--custom``.

    The files of ``--custom`` replace declarations of the same name. Raises :class:`ConvcalcError` with every problem in
    the files.
    """
    from convcalc.read import custom_layers_in

    return custom_layers_in(*_files_of_project(), *given)


def _files_of_project() -> tuple[str, ...]:
    """Returns the paths of the project's files of custom layers.

    If ``pyproject.toml`` does not mention such files, its other settings are not read.
    """
    if project_text(None, "custom") is None:
        return ()
    from convcalc.cli.project import project

    return project().custom
