"""Starts processes of convcalc quickly: a server imports all of convcalc once, and forks a process for each command.

Run as a program, this module is the server: ``python -m tests.helpers.fork_server``. The server has one thread. Forking
the process of a test would not be safe, because pytest runs threads.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, NamedTuple

import convcalc
from convcalc.cli import main

HAS_FORK = hasattr(os, "fork")
# Python's own environment variables begin with this text, e.g. PYTHONPATH. Python reads them only when it starts, so a
# forked process ignores them.
OF_PYTHON = "PYTHON"
SECONDS = 60  # a process that takes longer is killed


class Measured(NamedTuple):
    """A finished process, its processor time, and the memory that it took beyond that of the server."""

    done: subprocess.CompletedProcess[str]
    seconds: float
    bytes: int


def run_forked(
    args: Sequence[str],
    text: str = "",
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
    limits: Mapping[str, int] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs convcalc in a forked process, as :func:`run_measured` does."""
    return run_measured(args, text, environment, folder, limits).done


def run_measured(
    args: Sequence[str],
    text: str = "",
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
    limits: Mapping[str, int] | None = None,
) -> Measured:
    """Runs convcalc in a forked process, and measures it. Its standard input, output and error are files.

    Args:
        args: The arguments of the command line.
        text: The standard input.
        environment: All environment variables of the process. Those that begin with ``OF_PYTHON`` have no effect.
        folder: The working directory. If it is None, the process uses the working directory of the test.
        limits: The limits of the process, by their names in the module ``resource``.
    """
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: str(Path(scratch, name)) for name in ("stdin", "stdout", "stderr")}
        Path(files["stdin"]).write_text(text, encoding="utf-8", newline="")
        request = {
            "args": list(args),
            "environment": dict(environment),
            "folder": str(folder or Path.cwd()),
            "limits": dict(limits or {}),
            **files,
        }
        server = _server(os.getpid())
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        ended = json.loads(server.stdout.readline())
        out, err = (Path(files[name]).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    return Measured(subprocess.CompletedProcess(list(args), ended["code"], out, err), ended["seconds"], ended["bytes"])


@cache
def _server(process: int) -> subprocess.Popen[str]:
    """Starts the server of the process whose id is ``process``. Each process has its own server."""
    command = [sys.executable, "-m", "tests.helpers.fork_server"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    atexit.register(server.kill)
    return server


def _serve() -> None:
    for module in walk_packages(convcalc.__path__, "convcalc."):
        if module.name != "convcalc.__main__":  # importing this module would run the command line
            import_module(module.name)
    for line in sys.stdin:
        request = json.loads(line)
        before = _resident_bytes()
        child = os.fork()
        if child == 0:
            _run(request)
        _, status, used = os.wait4(child, 0)
        peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        ended = {"code": os.waitstatus_to_exitcode(status), "seconds": used.ru_utime + used.ru_stime}
        print(json.dumps({**ended, "bytes": max(0, peak - before)}), flush=True)


def _resident_bytes() -> int:
    """Returns the memory that the server takes now; 0 on systems without /proc."""
    file = Path("/proc/self/statm")
    return int(file.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if file.exists() else 0


def _run(request: dict[str, Any]) -> None:
    """Runs one command, then ends the process."""
    signal.alarm(SECONDS)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    for number, (name, flags) in enumerate(
        [("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY | os.O_CREAT), ("stderr", os.O_WRONLY | os.O_CREAT)]
    ):
        os.dup2(os.open(request[name], flags, 0o600), number)
        mode = "r" if number == 0 else "w"
        setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for name, limit in request["limits"].items():
        import resource

        resource.setrlimit(getattr(resource, name), (limit, limit))
    sys.argv = ["convcalc", *request["args"]]
    code: Any = 1
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    _serve()
