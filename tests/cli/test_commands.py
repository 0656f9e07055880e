"""Every command has a line in the index of commands, help with examples, a page in the documentation, and completion.

The index of commands is ``convcalc/cli/command_index.py``.
"""

from __future__ import annotations

import shlex

import click
import pytest

from convcalc.cli import cli
from convcalc.cli.command import Command, Option
from convcalc.cli.command_index import COMMANDS
from tests.paths import ROOT
from tests.regenerate import commands as generator

DECLARED = generator.declared()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_index_lists_the_declared_commands() -> None:
    assert {name: generator.line(command) for name, command in DECLARED.items()} == COMMANDS, (
        "run: python -m tests.regenerate.commands"
    )
    assert list(COMMANDS) == list(DECLARED)


@pytest.mark.parametrize("name", DECLARED)
def test_a_command_has_the_name_of_its_module(name: str) -> None:
    assert DECLARED[name].name == name
    assert cli.get_command(click.Context(cli), name) is DECLARED[name]


@pytest.mark.parametrize("name", DECLARED)
def test_the_help_shows_examples_that_can_be_parsed(name: str) -> None:
    command = DECLARED[name]
    assert isinstance(command, Command), f"declare {name} with convcalc.cli.command.declare"
    assert len(command.examples) >= 2, f"give {name} at least two examples"
    context = click.Context(command, info_name=f"convcalc {name}", max_content_width=100)
    text = command.get_help(context)
    for example in command.examples:
        assert f"  {example}\n" in f"{text}\n"
        line = example.partition("   #")[0].partition(" > ")[0].partition(" | ")[0]
        program, called, *arguments = shlex.split(line)
        assert (program, called) == ("convcalc", name)
        command.make_context(name, arguments)  # an unknown option raises an error


@pytest.mark.parametrize("name", DECLARED)
def test_each_option_has_a_help_text_under_a_heading(name: str) -> None:
    for parameter in DECLARED[name].params:
        if isinstance(parameter, click.Option):
            assert isinstance(parameter, Option), f"declare {parameter.name} with convcalc.cli.command.option"
            assert parameter.help and (parameter.help.endswith((".", "]"))), parameter.name


@pytest.mark.parametrize("name", DECLARED)
def test_a_command_is_described_in_the_documentation(name: str) -> None:
    assert any(f"convcalc {name}" in page.read_text(encoding="utf-8") for page in PAGES), (
        f"describe convcalc {name} in README.md or in docs/"
    )


def test_commands_are_completed() -> None:
    context = click.Context(cli)
    assert [item.value for item in cli.shell_complete(context, "")][: len(COMMANDS)] == list(COMMANDS)


@pytest.mark.parametrize("name", DECLARED)
def test_the_help_shows_no_range_of_numbers(name: str) -> None:
    text = DECLARED[name].get_help(click.Context(DECLARED[name], info_name=f"convcalc {name}"))
    assert "<=" not in text and "INTEGER" not in text
