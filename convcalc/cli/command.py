"""Commands whose help text shows examples and groups the options under headings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound="Callable[..., Any]")

# The headings of the groups of options, in the order of the help text.
INPUT, COMPARISON, BUDGET, COLUMNS, ROWS, MEMORY, KERAS, LAYER, OUTPUT, EXIT_CODE, OTHER = HEADINGS = (
    "Input",
    "Comparison",
    "Budget",
    "Columns and counts",
    "Rows",
    "Memory",
    "Keras text (--format keras or keras2)",
    "Layer",
    "Output",
    "Exit code",
    "Other options",
)


class Option(click.Option):
    """An option that the help text shows under a heading."""

    def __init__(self, *args: Any, heading: str = OTHER, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.heading = heading


class Command(click.Command):
    """A command with examples. The help text shows the examples before the options."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = examples

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the description of the command and the examples."""
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"{' ' * formatter.current_indent}{line}\n" for line in self.examples))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, grouped by heading."""
        groups: dict[str, list[tuple[str, str]]] = {heading: [] for heading in HEADINGS}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                groups[getattr(parameter, "heading", OTHER)].append(record)
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


class WholeNumber(click.ParamType):  # type: ignore[type-arg]
    """The type of an option whose value is a whole number from ``least`` to ``most``. The help text calls the value N,
    and does not show the range.
    """

    name = "n"

    def __init__(self, least: int, most: int | None = None) -> None:
        self._range = click.IntRange(least, most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the number. Raises a usage error for a number outside of the range."""
        return self._range.convert(value, param, ctx)


def declare(name: str, examples: Sequence[str]) -> Callable[[Callable[..., Any]], Command]:
    """Declares a command. ``convcalc --help`` shows the first sentence of the command's docstring."""
    return click.command(name, cls=Command, examples=examples)


def option(*names: str, heading: str, **attributes: Any) -> Callable[[F], F]:
    """Declares an option that the help text shows under a heading."""
    return click.option(*names, cls=Option, heading=heading, **attributes)
