"""What surrounds a file: pipes and devices, links to other files, Ctrl-C, and too little memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.fork_server import run_forked

SPEC = "input: [3]\nlayers:\n- Dense: 4\n"
# Raises an exception at the import of one module, as Ctrl-C or the system could at this moment.
_START = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise {exception}
sys.meta_path.insert(0, Finder())
sys.modules.pop({module!r}, None)
sys.argv = ["convcalc", "summary", {file!r}]
from convcalc.__main__ import main
main()
"""


def started(module: str, exception: str, file: str) -> subprocess.CompletedProcess[str]:
    """Runs ``convcalc summary`` in a new process. The import of ``module`` raises ``exception``."""
    code = _START.format(module=module, exception=exception, file=file)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize(
    "module", ["convcalc.cli", "click", "convcalc.base.problems", "convcalc.cli.summary", "convcalc.read.detect"]
)
def test_an_interrupted_start_has_no_traceback(module: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SPEC, encoding="utf-8")
    done = started(module, "KeyboardInterrupt", str(tmp_path / "x.yaml"))
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "")


@pytest.mark.parametrize("module", ["convcalc.cli", "click", "convcalc.read.detect"])
@pytest.mark.parametrize("exception", ["MemoryError", "ImportError('x.so: failed to map segment from shared object')"])
def test_a_start_without_enough_memory_is_one_line(module: str, exception: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SPEC, encoding="utf-8")
    done = started(module, exception, str(tmp_path / "x.yaml"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error[too-large]: there is not enough memory")
    assert done.stderr.count("\n") == 1


def test_too_little_memory_for_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'{"class_name": "Sequential", "config": {"a": "' + b"x" * 30_000_000 + b'"}}')
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if not pages:
        pytest.skip("the limit of memory is not enforced on this system")
    done = run_forked(["summary", "x.json"], folder=tmp_path, limits={"RLIMIT_AS": 2**26})
    assert done.returncode == 2
    assert done.stderr.startswith("error[too-large]: there is not enough memory")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize(
    "command",
    ["summary NAME", "check x.yaml --against NAME", "audit NAME", "diff x.yaml NAME", "summary x.yaml --custom NAME"],
)
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_a_file_that_could_wait_forever_is_refused(kind: str, command: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SPEC, encoding="utf-8")
    name = "/dev/zero" if kind == "device" else str(tmp_path / "x")
    if kind == "pipe":
        os.mkfifo(name)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as opened:
            os.chdir(tmp_path)  # the name of a socket is short
            opened.bind("x")
    done = run_forked([name if word == "NAME" else word for word in command.split()], folder=tmp_path)
    assert done.returncode == 2
    assert f"{name}: is a {kind}; use - to read standard input, or give a file" in done.stderr


# Files that are not models, such as those that a link in a repository can point to.
_SECRETS = {
    "an environment": "PATH=/usr/bin\0TOKEN=hunter2\0",
    "settings of a shell": "TOKEN=hunter2\n",
    "credentials": "[default]\nkey = hunter2\n",
    "a YAML file": "token: hunter2\nother: 1\n",
    "a YAML file with an error": "token: hunter2\nother: [hunter2\n",
    "a key twice": "token: hunter2\ntoken: 'hunter2'\n",
    "a list": "- hunter2\n- b\n",
    "JSON": '{"token": "hunter2", "b": [1}',
    "passwords": "root:hunter2:0:0\n",
    "a private key": "-----BEGIN KEY-----\nhunter2==\n",
}


@pytest.mark.parametrize("ending", ["yaml", "json", "py", "txt", "h5", "keras", "ipynb"])
@pytest.mark.parametrize("name", _SECRETS)
def test_the_content_of_a_file_that_is_not_a_model_is_not_printed(name: str, ending: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(_SECRETS[name], encoding="utf-8")
    (tmp_path / f"x.{ending}").symlink_to(tmp_path / "secret")
    (tmp_path / "base.yaml").write_text(SPEC, encoding="utf-8")
    for command in (
        "summary X",
        "audit X",
        "check base.yaml --against X",
        "diff X base.yaml",
        "summary base.yaml --custom X",
    ):
        done = run_forked([f"x.{ending}" if word == "X" else word for word in command.split()], folder=tmp_path)
        assert "hunter2" not in done.stdout + done.stderr, command


def test_the_lines_of_a_broken_model_are_printed(tmp_path: Path) -> None:
    for name, text in (
        ("x.yaml", "input: [3]\nlayers: [Dense: {unitz: 4}]\n"),
        ("y.yaml", "layrs: [a\n"),
        ("z.py", "import keras\nx = = 1\n"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        done = run_forked(["summary", name], folder=tmp_path)
        assert done.returncode == 2
        assert " | " in done.stderr
