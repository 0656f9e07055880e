"""Decides whether a text is coloured, and colours the texts of problems.

``--color`` decides first, then the environment variables NO_COLOR and FORCE_COLOR. Otherwise, only terminals get colours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, TextIO, TypeVar

import click

from convcalc.base import codes
from convcalc.cli.command import OUTPUT, option

F = TypeVar("F", bound="Callable[..., Any]")

AUTO, ALWAYS, NEVER = CHOICES = ("auto", "always", "never")
_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
_HEADLINE = r"(?P<place>(?:.*?: )?)(?P<kind>error|warning|note)(?P<code>\[[\w-]+\])?: "
_EXCERPT = r" *\d+ \| "
_CARETS = r"(?P<gutter> +\| )(?P<before>\s*)(?P<carets>\^+)$"


class _Choice:
    """The value of ``--color`` in this run."""

    value = AUTO


def _choose(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Keeps the value of ``--color``: the errors of the command are printed after the command has ended."""
    _Choice.value = value
    return value


def color_option(command: F) -> F:
    """Adds the option ``--color``. Its value is not an argument of the command."""
    return option(
        "--color",
        type=click.Choice(CHOICES),
        metavar="WHEN",
        default=AUTO,
        expose_value=False,
        is_eager=True,
        callback=_choose,
        heading=OUTPUT,
        help="Colour the text: auto, always or never (also: NO_COLOR, FORCE_COLOR). [default: auto, in a terminal]",
    )(command)


def uses_colour(stream: TextIO, no_color: bool = False) -> bool:
    """Returns True if texts for this stream are coloured."""
    if no_color or _Choice.value != AUTO:
        return not no_color and _Choice.value == ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR", "")
    if forced:
        return forced.lower() not in ("0", "false", "no")
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def wrapped(lines: list[str], stream: TextIO) -> list[str]:
    """Returns the lines of problems, wrapped between words if the stream is a terminal. Excerpts of files do not wrap."""
    width = _terminal_width(stream)
    if width is None:
        return lines
    from convcalc.rendering.words import wrap

    result: list[str] = []
    for line in lines:
        is_excerpt = re.match(_EXCERPT, line) or re.match(_CARETS, line)
        result += [line] if is_excerpt else wrap(line, width, hanging=4)
    return result


def _terminal_width(stream: TextIO) -> int | None:
    """Returns the width of the stream's terminal; None if it is no terminal, or if its width is unknown."""
    if not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def painted(lines: list[str]) -> list[str]:
    """Returns the lines of problems with colours: the place, the kind of problem, and the marked word."""
    from convcalc.rendering.style import coloured

    result: list[str] = []
    for line in lines:
        if carets := re.match(_CARETS, line):
            if result and re.match(_EXCERPT, result[-1]):
                result[-1] = _underlined(result[-1], len(carets["gutter"] + carets["before"]), len(carets["carets"]))
            result.append(coloured(carets["gutter"], "dim") + carets["before"] + coloured(carets["carets"], "bold red"))
        elif (head := re.match(_HEADLINE, line)) and not re.match(_EXCERPT, line):
            place = coloured(head["place"], "bold") if head["place"] else ""
            kind = coloured(head["kind"] + (head["code"] or ""), _STYLES[head["kind"]])
            result.append(f"{place}{kind}: {line[head.end() :]}")
        else:
            result.append(line)
    return result


def _underlined(line: str, start: int, width: int) -> str:
    """Returns a line with the text between two columns underlined."""
    from convcalc.rendering.style import coloured, width_of

    ends: list[int] = []
    for column in (start, start + width):
        index = used = 0
        while index < len(line) and used < column:
            used += width_of(line[index])
            index += 1
        ends.append(index)
    first, last = ends
    return line[:first] + coloured(line[first:last], "underline red") + line[last:]


def usage_text(failed: click.ClickException) -> str:
    """Returns the text of an error in the command line, like the texts of other errors."""
    message = " ".join(failed.format_message().split()).rstrip(".").replace(". Did you mean", "; did you mean")
    if message[1:2].islower():
        message = message[0].lower() + message[1:]
    context: Any = getattr(failed, "ctx", None)
    if context is not None and "--help" not in message:
        message += f"{'' if message.endswith('?') else ';'} `{context.command_path} --help` shows the options"
    return f"error[{codes.USAGE}]: {message}"
