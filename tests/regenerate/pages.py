"""Runs the commands in the console blocks of the README and of the pages in docs/, and updates their outputs.

``python -m tests.regenerate.pages`` runs every command and writes its output back into the pages. ``python -m
tests.regenerate.pages command test`` prints the command that follows the mark ``<!-- command: test -->``; CI runs
the printed command.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import NamedTuple

from tests.paths import ROOT

README = ROOT / "README.md"
CI_PAGE = ROOT / "docs" / "ci.md"
# The page docs/index.md is a copy of the README.
PAGES = [README, *sorted(page for page in (ROOT / "docs").glob("*.md") if page.name != "index.md")]
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MARKED = re.compile(r"<!-- command: (\w+) -->\n+```sh\n(.*?)\n```", re.DOTALL)


class Step(NamedTuple):
    """A command on a page, and the output that the page shows below it."""

    command: str
    output: str


def steps(text: str) -> list[Step]:
    """Returns every ``$ command`` in the console blocks, with the lines below it."""
    result = []
    for block in _BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            result.append(Step(command, output))
    return result


def marked(name: str, text: str) -> str:
    """Returns the command after the mark with this name."""
    return dict(_MARKED.findall(text))[name]


def run(command: str) -> str:
    """Runs a command in the project's root, and returns its output.

    If the exit code is not 0, a line with the exit code is added.
    """
    words = shlex.split(command)
    assert words[0] == "convcalc", command
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    code = f"(exit code {done.returncode})\n" if done.returncode else ""
    return done.stdout + done.stderr + code


def refreshed(text: str) -> str:
    """Returns the text with the current output below every command."""

    def block(match: re.Match[str]) -> str:
        commands = [step.command for step in steps(match[0])]
        return "```console\n" + "".join(f"$ {command}\n{run(command)}" for command in commands) + "```"

    return _BLOCK.sub(block, text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["command"]:
        print(marked(sys.argv[2], README.read_text(encoding="utf-8")))
    else:
        for page in PAGES:
            page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
