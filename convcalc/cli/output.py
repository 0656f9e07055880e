"""Options for the output of a command: format, file, width, characters and colour."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from convcalc.base import codes
from convcalc.base.problems import error, listed
from convcalc.base.structs import Struct
from convcalc.cli.colour import color_option, uses_colour
from convcalc.cli.command import OUTPUT, WholeNumber, option
from convcalc.cli.completion import files
from convcalc.cli.terminal import encodable, encodes, write

if TYPE_CHECKING:
    from pathlib import Path

    from convcalc.rendering.style import TextStyle

# Other names of formats: the endings of their files.
_SHORT = {
    "md": "markdown",
    "tex": "latex",
    "htm": "html",
    "mmd": "mermaid",
    "gv": "dot",
    "text": "table",
    "ndjson": "jsonl",
}


class FormatName(click.Choice):  # type: ignore[type-arg]
    """The type of ``--format``: the name of a format, or the ending of its files, such as ``md``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the name of the format. Raises a usage error if it is unknown."""
        name = _SHORT.get(value, value)
        return str(super().convert(name if name in self.choices else value, param, ctx))


F = TypeVar("F", bound="Callable[..., Any]")


class Output(Struct):
    """The format and the file of a command's output. ``file`` is None for standard output."""

    format: str
    file: Path | None = None

    def write(self, pieces: Iterable[str]) -> None:
        """Writes the text.

        Standard output receives each piece at once. A file is written only after all pieces are computed.
        """
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
        """Returns the style for this output.

        Text in a file has no colour. Its width is unlimited unless ``width`` is given.
        """
        if self.file is None:
            return text_style(width, ascii, no_color)
        from convcalc.rendering.style import TextStyle

        return TextStyle(width, ascii)


def output_options(formats: Sequence[str], default: str = "table") -> Callable[[F], F]:
    """Adds the options ``--format`` and ``-o`` to a command.

    The command receives an :class:`Output` as its argument ``to``.
    """

    def options(command: F) -> F:
        @wraps(command)
        def with_output(*args: Any, format_: str | None, output: str | None, **rest: Any) -> Any:
            return command(*args, to=_output(format_, output, formats, default), **rest)

        for add_option in (
            option(
                "-o",
                "--output",
                metavar="FILE",
                shell_complete=files,
                heading=OUTPUT,
                help="Write to FILE; its ending selects the format unless --format is given.",
            ),
            option(
                "--format",
                "format_",
                type=FormatName(list(formats)),
                metavar="FORMAT",
                heading=OUTPUT,
                help=f"Choose the output format: {listed(formats)}. [default: {default}]",
            ),
        ):
            with_output = add_option(with_output)
        return with_output  # type: ignore[return-value]

    return options


def _output(format: str | None, file: str | None, formats: Sequence[str], default: str) -> Output:
    if file is None or file == "-":
        return Output(format or default)
    from pathlib import Path

    from convcalc.rendering.formats import ENDINGS

    path = Path(file)
    selected = format or ENDINGS.get(path.suffix.lower(), "")
    if selected not in formats:
        endings = listed([ending for ending, name in ENDINGS.items() if name in formats])
        raise error(
            codes.UNKNOWN_FORMAT,
            f"{file}: this command has no format for this ending; use {endings}, or give --format",
        )
    return Output(selected, path)


def text_options(command: F) -> F:
    """Adds the options for the style of text: ``--width``, ``--ascii`` and ``--color``."""
    for add_option in (
        option("--no-color", is_flag=True, heading=OUTPUT, hidden=True, help="Like --color never."),
        color_option,
        option("--ascii", is_flag=True, heading=OUTPUT, help="Use only ASCII characters."),
        option(
            "--width",
            type=WholeNumber(20, 10_000),
            metavar="N",
            heading=OUTPUT,
            help="Set the width in characters. [default: the terminal's]",
        ),
    ):
        command = add_option(command)
    return command


def text_style(width: int | None, ascii: bool, no_color: bool) -> TextStyle:
    """Returns the style for standard output.

    The text is as wide as the terminal. In a pipe, the width is unlimited, and there is no colour unless the user asks for it.
    """
    from convcalc.rendering.style import TextStyle, coloured

    terminal = sys.stdout.isatty()
    if width is None and terminal:
        from shutil import get_terminal_size

        width = get_terminal_size().columns
    colour = uses_colour(sys.stdout, no_color)
    return TextStyle(width, ascii or not encodes("━│≥└×"), coloured if colour else None)
