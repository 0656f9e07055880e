"""The option ``--custom``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from convcalc.cli.command import INPUT, option
from convcalc.cli.completion import files

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
