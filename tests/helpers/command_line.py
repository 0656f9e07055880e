"""Runs convcalc in a process, without a terminal or on a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.fork_server import HAS_FORK, OF_PYTHON, run_forked


def run(
    *args: str, text: str | None = None, folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs convcalc in a process without a terminal.

    ``text`` is the standard input, ``folder`` the working directory, and ``environment`` contains environment
    variables.
    """
    if HAS_FORK and not any(name.startswith(OF_PYTHON) for name in environment):
        return run_forked(args, text or "", {**os.environ, **environment}, folder)
    return subprocess.run(
        [sys.executable, "-m", "convcalc", *args],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        cwd=folder,
        timeout=60,
    )


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # a pseudo-terminal raises OSError if its other end is closed
        return b""


def on_a_terminal(*args: str, output_too: bool = False) -> str:
    """Runs convcalc with its standard error on a terminal. Returns the text that convcalc writes to standard error.

    With ``output_too``, standard output is on the terminal too, and the returned text includes it.
    """
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "convcalc", *args]
    output = theirs if output_too else subprocess.DEVNULL
    with subprocess.Popen(command, stdout=output, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "80"}):
        os.close(theirs)
        text = b""
        while chunk := _read(ours):
            text += chunk
    return text.decode().replace("\r\n", "\n")
