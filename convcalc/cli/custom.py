"""The option ``--custom``, and the files of custom layers that the project names in pyproject.toml."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from convcalc.cli.command import INPUT, option
from convcalc.cli.completion import files
from convcalc.cli.project_file import project_text

if TYPE_CHECKING:
    from convcalc.read.custom_layers import CustomLayers

F = TypeVar("F", bound="Callable[..., Any]")


def custom_option(command: F) -> F:
    """Adds the option ``--custom``."""
    return option(
        "--custom",
        multiple=True,
        metavar="LAYERS.yaml",
        shell_complete=files,
        heading=INPUT,
        help="Read declarations of custom layers from this file.",
    )(command)


@cache  # a command reads each file once, also for many models
def custom_layers(given: tuple[str, ...]) -> CustomLayers:
    """Returns the declarations in the files of the project and in the files ``given`` by ``--custom``.

    The files of ``--custom`` replace declarations of the same name. Raises :class:`ConvcalcError` with every problem in
    the files.
    """
    from convcalc.read import custom_layers_in

    return custom_layers_in(*_files_of_project(), *given)


def _files_of_project() -> tuple[str, ...]:
    """Returns the paths of the project's files of custom layers.

    Most projects have no such files. If the project file does not mention them, its other settings are not read.
    """
    if project_text(None, "custom") is None:
        return ()
    from convcalc.cli.project import project

    return project().custom
