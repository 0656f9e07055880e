"""Writing results: how wide, in which signs, in colour or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from convcalc.render.grid import Look, Painter

F = TypeVar("F", bound="Callable[..., Any]")


def look_options(command: F) -> F:
    """The options that say how text looks."""
    for option in (
        click.option("--no-color", is_flag=True, help="No colour, as with NO_COLOR set."),
        click.option("--ascii", is_flag=True, help="ASCII signs only."),
        click.option("--width", type=click.IntRange(20, 10_000), help="Columns to use; default: the terminal's."),
    ):
        command = option(command)
    return command


def look(width: int | None, ascii: bool, no_color: bool) -> Look:
    """How to draw on standard output: as wide as the terminal; in a pipe as wide as it needs, and without colour."""
    from convcalc.render.grid import Look

    terminal = sys.stdout.isatty()
    if width is None and terminal:
        from shutil import get_terminal_size

        width = get_terminal_size().columns
    colour = terminal and not no_color and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return Look(width, ascii or not encodes("━│≥└×"), _painter() if colour else None)


def encodes(signs: str) -> bool:
    """Whether standard output has these signs."""
    try:
        signs.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _painter() -> Painter:
    from rich.color import ColorSystem
    from rich.style import Style

    return lambda text, style: Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def write(text: str) -> None:
    """Text to standard output; characters that its encoding lacks are written out."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
