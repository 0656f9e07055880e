"""Writing results: in which format and where to, how wide, in which signs, in colour or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from convcalc.base import codes
from convcalc.base.problems import error, listed
from convcalc.base.structs import Struct
from convcalc.cli.completion import files
from convcalc.cli.terminal import encodable, encodes, write

if TYPE_CHECKING:
    from pathlib import Path

    from convcalc.rendering.grid import TextStyle

F = TypeVar("F", bound="Callable[..., Any]")


class Output(Struct):
    """Where a result goes, and in which format: into ``file``, or to standard output."""

    format: str
    file: Path | None = None

    def write(self, pieces: Iterable[str]) -> None:
        """The text, piece by piece as it comes; into a file whole or not at all."""
        if self.file is None:
            for piece in pieces:
                write(piece)
                sys.stdout.flush()
            return
        from convcalc.write import write_whole

        text = "".join(pieces)
        try:
            write_whole(self.file, encodable(text, "utf-8"))
        except OSError as failed:
            raise error(codes.OUTPUT, f"{self.file}: cannot be written: {failed.strerror or failed}") from None

    def text_style(self, width: int | None, ascii: bool, no_color: bool) -> TextStyle:
        """How to draw there."""
        if self.file is None:
            return text_style(width, ascii, no_color)
        from convcalc.rendering.grid import TextStyle

        return TextStyle(width, ascii)


def output_options(formats: Sequence[str], default: str = "table") -> Callable[[F], F]:
    """The options ``--format`` and ``-o`` for a command that writes these formats; it is given an :class:`Output` as ``to``."""

    def options(command: F) -> F:
        @wraps(command)
        def with_output(*args: Any, format_: str | None, output: str | None, **rest: Any) -> Any:
            return command(*args, to=_output(format_, output, formats, default), **rest)

        for option in (
            click.option(
                "-o",
                "--output",
                metavar="FILE",
                shell_complete=files,
                help="Write to a file; its ending says the format unless --format does.",
            ),
            click.option(
                "--format", "format_", type=click.Choice(list(formats)), help=f"How to write it; default: {default}."
            ),
        ):
            with_output = option(with_output)
        return with_output  # type: ignore[return-value]

    return options


def _output(format: str | None, file: str | None, formats: Sequence[str], default: str) -> Output:
    if file is None or file == "-":
        return Output(format or default)
    from pathlib import Path

    from convcalc.rendering.formats import ENDINGS

    path = Path(file)
    meant = format or ENDINGS.get(path.suffix.lower(), "")
    if meant not in formats:
        endings = listed([ending for ending, name in ENDINGS.items() if name in formats])
        raise error(
            codes.UNKNOWN_FORMAT,
            f"{file}: its ending says no format that can be written here; end it in {endings}, or give --format",
        )
    return Output(meant, path)


def text_options(command: F) -> F:
    """The options that say how text looks."""
    for option in (
        click.option("--no-color", is_flag=True, help="No colour, as with NO_COLOR set."),
        click.option("--ascii", is_flag=True, help="ASCII signs only."),
        click.option("--width", type=click.IntRange(20, 10_000), help="Columns to use; default: the terminal's."),
    ):
        command = option(command)
    return command


def text_style(width: int | None, ascii: bool, no_color: bool) -> TextStyle:
    """How to draw on standard output: as wide as the terminal; in a pipe as wide as it needs, and without colour."""
    from convcalc.rendering.grid import TextStyle

    terminal = sys.stdout.isatty()
    if width is None and terminal:
        from shutil import get_terminal_size

        width = get_terminal_size().columns
    colour = terminal and not no_color and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return TextStyle(width, ascii or not encodes("━│≥└×"), _painted if colour else None)


def _painted(text: str, style: str) -> str:
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)
