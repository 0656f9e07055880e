"""Writes the index of commands, ``convcalc/cli/command_index.py``.

The index is made from the modules of ``convcalc/cli/`` that declare a command. Run this script with ``python -m
tests.regenerate.commands``.
"""

from __future__ import annotations

import inspect
from importlib import import_module

import click

from tests.paths import PACKAGE

INDEX = PACKAGE / "cli" / "command_index.py"
# The order in which help lists the commands. Commands that are not listed here follow, sorted by name.
ORDER = ["summary", "conv", "explain", "check", "diff", "convert", "audit", "layers", "schema", "init"]
HEAD = '''\
"""Every command with its line in ``convcalc --help``, so that a command's module is imported only when the command is called.

Generated from the commands' docstrings: run `python -m tests.regenerate.commands` after adding or changing one.
"""

from __future__ import annotations

COMMANDS = {
'''


def declared() -> dict[str, click.Command]:
    """Returns the commands by name. A command ``name`` is declared in ``convcalc/cli/name.py``."""
    modules = {file.stem: import_module(f"convcalc.cli.{file.stem}") for file in sorted((PACKAGE / "cli").glob("*.py"))}
    commands = {
        name: module.command
        for name, module in modules.items()
        if isinstance(getattr(module, "command", None), click.Command)
    }
    return dict(sorted(commands.items(), key=lambda item: ORDER.index(item[0]) if item[0] in ORDER else len(ORDER)))


def line(command: click.Command) -> str:
    """Returns the first sentence of a command's docstring."""
    paragraph = inspect.cleandoc(command.help or "").partition("\n\n")[0].replace("\n", " ")
    sentence, stop, _ = paragraph.partition(". ")
    return f"{sentence}." if stop else paragraph


def index() -> str:
    """Returns the text of the index."""
    return HEAD + "".join(f'    "{name}": "{line(command)}",\n' for name, command in declared().items()) + "}\n"


if __name__ == "__main__":
    INDEX.write_text(index(), encoding="utf-8")
