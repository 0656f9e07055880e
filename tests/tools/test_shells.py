"""Tests that real shells complete convcalc's command line.

bash, zsh and fish must be installed (``apt-get install zsh fish``).
"""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.paths import ROOT

PROMPT = "ready> "
SHELLS = {
    "bash": (["bash", "--noprofile", "--norc", "-i"], f"PS1='{PROMPT}'"),
    "zsh": (["zsh", "-f", "-i"], f"PS1='{PROMPT}'; autoload -Uz compinit; compinit -u -D"),
}
# The typed text (``\t`` is the TAB key), and the words of the line afterwards.
LINES = [
    ("convcalc sum\t", ["convcalc", "summary"]),
    ("convcalc sum\tspecs/fash\t", ["convcalc", "summary", "specs/fashion_mnist.yaml"]),
    ("convcalc summary --format js\t", ["convcalc", "summary", "--format", "json"]),
    ("convcalc summary --columns layer,output_s\t", ["convcalc", "summary", "--columns", "layer,output_shape"]),
    ("convcalc layers GlobalMaxPooling3\t", ["convcalc", "layers", "GlobalMaxPooling3D"]),
    ("convcalc layers ops.matm\t", ["convcalc", "layers", "ops.matmul"]),
    (
        "convcalc explain specs/fashion_mnist.yaml conv2d_\t",
        ["convcalc", "explain", "specs/fashion_mnist.yaml", "conv2d_1"],
    ),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Returns an environment with a separate home, in which the command ``convcalc`` runs this checkout."""
    command = tmp_path / "bin" / "convcalc"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m convcalc "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "TERM": "dumb", "LANG": "C.UTF-8"}


class Terminal:
    """A process of a shell, which runs on a terminal."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        pid, self.handle = pty.fork()
        if pid == 0:
            os.chdir(ROOT)
            os.execvpe(command[0], command, environment)
        self.text = ""

    def send(self, text: str) -> None:
        os.write(self.handle, text.encode())

    def read_until(self, pattern: str, seconds: float = 30) -> "re.Match[str]":
        """Waits until the shell has written a text that matches the pattern, and returns the match.

        A later call searches only the text after this match.
        """
        end = time.monotonic() + seconds
        while (result := re.search(pattern, self.text)) is None:
            ready, _, _ = select.select([self.handle], [], [], max(0, end - time.monotonic()))
            assert ready, f"no {pattern!r} in {self.text!r}"
            self.text += os.read(self.handle, 65536).decode("utf-8", "replace")
        self.text = self.text[result.end() :]
        return result


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_at_a_terminal_completes(shell: str, environment: dict[str, str]) -> None:
    command, setup = SHELLS[shell]
    terminal = Terminal(command, environment)
    terminal.send(f"{setup}\neval \"$(_CONVCALC_COMPLETE={shell}_source convcalc)\"; echo set'up'\n")
    terminal.read_until(f"setup[^']*{PROMPT}")
    for line, words in LINES:
        # After completion, \x01 moves to the beginning of the line. There, printf is typed, which prints the words of
        # the line.
        terminal.send(f"{line}\x01printf '<%s>' \n")
        written = terminal.read_until(rf"(?s)((?:<[^<>%]*>)+)[^<>]*{PROMPT}")[1]
        assert re.findall("<(.*?)>", written) == words
    terminal.send("exit\n")
    os.close(terminal.handle)


def test_fish_completes(environment: dict[str, str]) -> None:
    for line, words in LINES:
        if line.count("\t") > 1:
            continue
        begun = line.rstrip("\t")
        script = f"_CONVCALC_COMPLETE=fish_source convcalc | source; complete -C '{begun}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.stderr == ""
        offers = dict(each.partition("\t")[::2] for each in done.stdout.splitlines())
        assert words[-1] in offers
        if words[-1] == "summary":
            assert offers["summary"] == "Print layers, shapes, parameters and MACs of models."


def test_fish_completes_files(environment: dict[str, str]) -> None:
    script = "_CONVCALC_COMPLETE=fish_source convcalc | source; complete -C 'convcalc summary specs/fash'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert [each.partition("\t")[0] for each in done.stdout.splitlines()] == ["specs/fashion_mnist.yaml"]
