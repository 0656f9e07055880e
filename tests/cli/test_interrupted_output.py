"""Tests interrupted output: after a closed pipe, a full disk, closed streams or Ctrl-C, the program ends with a clear
message.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.command_line import run
from tests.paths import ROOT

pytestmark = pytest.mark.slow

LENET, VGG, CODE = "specs/lenet5.yaml", "specs/vgg16.yaml", "specs/files/with_code.json"
COMMANDS = {
    "summary": (["summary", VGG], 0),
    "summary as JSON": (["summary", VGG, "--format", "json"], 0),
    "summary as Keras": (["summary", VGG, "--format", "keras"], 0),
    "summary as HTML": (["summary", VGG, "--format", "html"], 0),
    "conv": (["conv", "--in", "6", "--k", "3"], 0),
    "conv as JSON": (["conv", "--in", "6", "--k", "3", "--format", "json"], 0),
    "explain": (["explain", LENET, "1"], 0),
    "check": (["check", "specs/fashion_mnist.yaml"], 0),
    "diff": (["diff", LENET, VGG], 1),
    "audit": (["audit", CODE], 1),
    "layers": (["layers"], 0),
    "schema": (["schema"], 0),
    "help": (["summary", "--help"], 0),
    "version": (["--version"], 0),
}
FULL = Path("/dev/full")
needs_a_full_disk = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def shell(command: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell command in which "convcalc" is the program and "$@" are the arguments."""
    line = command.replace("convcalc", f"{sys.executable} -m convcalc")
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    return subprocess.run(["sh", "-c", line, "sh", *args], capture_output=True, text=True, cwd=ROOT, env=environment)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_closed_pipe_does_not_change_the_exit_code(name: str) -> None:
    args, code = COMMANDS[name]
    done = shell('{ sleep 0.1; convcalc "$@"; echo "exit code $?" >&2; } | true', *args)
    assert done.stderr == f"exit code {code}\n"


@needs_a_full_disk
@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_reported_in_one_line(name: str) -> None:
    args, _ = COMMANDS[name]
    done = shell('convcalc "$@" > /dev/full', *args)
    assert (done.returncode, done.stderr) == (2, "error[output]: No space left on device\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_closed_streams_change_nothing(name: str) -> None:
    args, code = COMMANDS[name]
    done = shell('convcalc "$@" >&-', *args)
    assert (done.returncode, done.stderr) == (code, "")
    assert shell('convcalc "$@" >&- 2>&-', *args).returncode == code


@needs_a_full_disk
@pytest.mark.parametrize("file", ["out.csv", "out.json"])
def test_a_file_on_a_full_disk_is_named(file: str, tmp_path: Path) -> None:
    link = tmp_path / file
    link.symlink_to(FULL)
    done = run("summary", str(ROOT / LENET), "-o", str(link))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error[output]: {link}: cannot be written: No space left on device\n"
    assert run("convert", str(ROOT / LENET), "-o", str(tmp_path / "out.json")).returncode == (
        2 if "json" in file else 0
    )


@needs_a_full_disk
@pytest.mark.parametrize("args", [["summary", "missing.yaml"], ["sumary"], ["summary", LENET, "--colums", "name"]])
def test_a_message_to_a_closed_stream_keeps_the_exit_code(args: list[str]) -> None:
    assert shell('convcalc "$@" 2> /dev/full', *args).returncode == 2
    assert shell('convcalc "$@" 2>&-', *args).returncode == 2


@pytest.mark.parametrize("args", [["summary"], ["summary", "--format", "json"], ["check"]])
def test_ctrl_c_ends_a_long_run(args: list[str]) -> None:
    """After Ctrl-C, the program ends with exit code 130, as in a shell, and without a traceback."""
    models = ["missing.yaml", *[str(ROOT / VGG)] * 1000]  # the error about missing.yaml shows that the run has begun
    command = [sys.executable, "-m", "convcalc", args[0], *models, *args[1:]]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **streams, text=True, env=environment) as running:
        assert running.stderr is not None
        assert "missing.yaml" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.strip() == ""


def test_a_named_pipe_is_refused_with_an_alternative(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = shell('convcalc summary "$1"', str(pipe))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error[cannot-read]: {pipe}: is a pipe; use - to read standard input, or give a file\n"


def test_ctrl_c_leaves_no_partial_file(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old")
    command = [sys.executable, "-m", "convcalc", "summary", str(ROOT / VGG), "-", "-o", str(out)]
    running = subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    with running:
        time.sleep(0.2)  # convcalc waits, because nothing is written to its standard input
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert (running.returncode, said.strip()) == (130, "")
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]
