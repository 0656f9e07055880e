"""Tests checks of many models in several processes: the output is the same as with one process, and all processes end."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from convcalc.base.problems import ConvcalcError
from convcalc.cli import jobs
from convcalc.cli.check_run import CheckRun
from convcalc.cli.inputs import Inputs
from convcalc.cli.jobs import in_order, jobs_for
from convcalc.cli.project import Project
from convcalc.rendering.formats import CHECK_FORMATS as FORMATS
from convcalc.rendering.style import TextStyle
from tests.helpers.command_line import on_a_terminal, run
from tests.paths import ROOT

pytestmark = pytest.mark.slow

FASHION = "specs/fashion_mnist.yaml"
METHODS = ["fork", "spawn"] if hasattr(os, "fork") else ["spawn"]
# Models that pass, fail, warn or cannot be read. The slowest model is first, so that other models finish before it.
MODELS = [
    "specs/resnet50.yaml",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "specs").glob("[fl]*.yaml")),
    "missing.yaml",
    "tests/cli/changed/fashion_mnist.yaml",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/read/spec/broken").glob("unkn*.yaml")),
    "specs/files/with_code.json",
]
TIME = re.compile(r'time="[0-9.]+"')


def both(*args: str, folder: Path = ROOT) -> tuple[int, str, str]:
    """Runs a check with one process and with three processes, and compares the results. Returns the exit code, stdout
    and stderr.
    """
    one, three = (run("check", *args, "--jobs", number, folder=folder) for number in ("1", "3"))
    assert three.returncode == one.returncode
    assert TIME.sub("time", three.stdout) == TIME.sub("time", one.stdout)
    assert three.stderr == one.stderr
    return one.returncode, one.stdout, one.stderr


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_the_same(format: str) -> None:
    code, out, err = both(*MODELS, "--format", format, "--max-params", "30M", "--input", "64x64x3", "--batch", "2")
    assert code == 2 and out
    assert ("missing.yaml" in err) == (format == "table")


def test_records_and_budgets_are_the_same() -> None:
    against = ("--against", "specs/records")
    for options in (against, (*against, "--max-macs", "1M"), ("--max-params", "many"), ("--quiet",)):
        code, _, _ = both(*MODELS, *options)
        assert code == 2
    code, out, err = both(FASHION, "tests/cli/changed/fashion_mnist.yaml", FASHION, *against)
    assert (code, out.count("matches specs/records/fashion_mnist.txt")) == (1, 2)
    assert "record-differs" in err


def test_the_settings_of_a_project_give_the_same_result(tmp_path: Path) -> None:
    for name in ("lenet5", "resnet8", "fashion_mnist"):
        (tmp_path / f"{name}.yaml").write_text((ROOT / f"specs/{name}.yaml").read_text())
    settings = '[tool.convcalc.budget]\nparams = "1M"\n[tool.convcalc.records]\n"fashion_mnist.yaml" = "r.txt"\n'
    record = (ROOT / "specs/records/fashion_mnist.txt").read_text().replace("320", "321")
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "r.txt").write_text(record)
    code, out, err = both("lenet5.yaml", "resnet8.yaml", "fashion_mnist.yaml", folder=tmp_path)
    assert code == 1 and out.count(" parameters: OK") == 2
    assert "budget of 1,000,000 (pyproject.toml)" in err and "record-differs" in err


def test_only_the_main_process_writes_records(tmp_path: Path) -> None:
    names = [name for name in MODELS if name.startswith("specs/") and name.endswith(".yaml")] + MODELS[:1]
    folders = [tmp_path / number for number in ("1", "3")]
    for folder in folders:
        folder.mkdir()
        done = run("check", *names, "--record", str(folder), "--jobs", folder.name)
        assert done.returncode == 0
        assert done.stderr.count("written\n") == len(set(names))
        assert f"{folder / 'resnet50.txt'}: unchanged\n" in done.stderr  # ``names`` has resnet50 twice
    one, three = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert one == three and len(one) == len(set(names))


def test_standard_input_is_read_too() -> None:
    text = (ROOT / FASHION).read_text()
    done = run("check", "-", FASHION, FASHION, "--jobs", "3", text=text)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        *("-", FASHION, FASHION),
        "3 checked, 0 failed",
    ]
    record = (ROOT / "specs/records/fashion_mnist.txt").read_text()
    assert run("check", FASHION, "--against", "-", "--jobs", "3", text=record).returncode == 0


def test_a_terminal_shows_progress() -> None:
    shown = on_a_terminal("check", *[FASHION] * 6, "--jobs", "2")
    assert f"1/6 {FASHION}" in shown and shown.endswith("\r\x1b[K")


# Start, order and end of the processes


def checks(format: str) -> CheckRun:
    return CheckRun(Project(), None, None, False, False, {}, {}, Inputs(), format, TextStyle())


@pytest.mark.parametrize("method", METHODS)
def test_every_start_method_works(method: str) -> None:
    work = checks("table").check
    names = [str(ROOT / name) for name in MODELS[:6]]
    assert list(in_order(names, work, 2, method)) == [work(name) for name in names]


@pytest.mark.parametrize("format", FORMATS)
def test_only_plain_data_passes_between_processes(format: str) -> None:
    work = checks(format)
    for name in (str(ROOT / FASHION), "missing.yaml"):
        assert len(pickle.dumps(work.check(name))) < 10_000
    assert pickle.loads(pickle.dumps(work)) == work


def slow_first(name: str) -> int:
    time.sleep(0.3 if name == "1" else 0)
    return os.getpid()


def test_early_results_wait_for_their_turn() -> None:
    names = [str(number) for number in range(20)]
    result = list(in_order(names, lambda name: (slow_first(name), name), 2, METHODS[0]))
    assert [name for _, name in result] == names
    assert result[0][0] == os.getpid() and len({process for process, _ in result}) == 3


def refuses_seven(name: str) -> str:
    if name == "7":
        raise LookupError(name)
    return name


@pytest.mark.parametrize("count", [1, 3])
def test_an_exception_comes_after_the_results_before_it(count: int) -> None:
    result = []
    with pytest.raises(LookupError, match="7"):
        for name in in_order([str(number) for number in range(20)], refuses_seven, count, METHODS[0]):
            result.append(name)
    assert result == [str(number) for number in range(7)]
    assert active_children() == []


needs_fork = pytest.mark.skipif(METHODS[0] != "fork", reason="this system has no fork")


@needs_fork
@pytest.mark.parametrize(
    ("end", "how"),
    [
        (lambda: os._exit(3), "ended with code 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by SIGKILL, probably because memory ran out"),
    ],
)
def test_a_terminated_process_is_one_error(end: object, how: str) -> None:
    here, result = os.getpid(), []

    def work(name: str) -> str:
        if name == "7" and os.getpid() != here:
            end()  # type: ignore[operator]
        return name

    with pytest.raises(ConvcalcError) as failed:
        for name in in_order([str(number) for number in range(20)], work, 2, "fork"):
            result.append(name)
    assert result == [str(number) for number in range(7)]
    (problem,) = failed.value.problems
    assert problem.code == "process-ended"
    assert problem.message == f"7: the process that checked it {how}; try --jobs 1"
    assert active_children() == []


@needs_fork
def test_a_process_that_cannot_start_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", full)
    with pytest.raises(ConvcalcError, match="cannot start a process: Resource temporarily unavailable; use --jobs 1"):
        list(in_order(["a", "b", "c"], str, 2, "fork"))


def test_stopping_early_leaves_no_process() -> None:
    names = in_order([str(number) for number in range(100)], slow_first, 3, METHODS[0])
    assert [next(names) for _ in range(3)] and len(active_children()) == 3
    names.close()
    assert active_children() == []


def test_few_names_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "METHOD", "spawn")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert [jobs_for(["a.yaml"] * count) for count in (1, 63, 64)] == [1, 1, 8]
    monkeypatch.setattr(jobs, "METHOD", "fork")
    assert [jobs_for(["a.yaml"] * count) for count in (15, 16)] == [1, 8]


# Interrupted runs


def many(*args: str, output: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """Starts a long check with three processes, in its own process group."""
    command = [sys.executable, "-m", "convcalc", "check", *["specs/vgg16.yaml"] * 1000, "--jobs", "3", *args]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, stdout=output, stderr=subprocess.PIPE, cwd=ROOT, env=environment, start_new_session=True
    )


def ended(group: int, seconds: float = 60) -> bool:
    """Returns True if all processes of a group end within this many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def members(group: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,pgid="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid, of in map(str.split, listed.splitlines()) if int(of) == group]


@needs_fork
@pytest.mark.parametrize("to_all", [False, True], ids=["to the process", "to its group, like a terminal"])
def test_ctrl_c_ends_all_processes(to_all: bool) -> None:
    with many() as running:
        assert running.stdout is not None
        for _ in range(5):
            running.stdout.readline()
        (os.killpg if to_all else os.kill)(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert (running.returncode, said.strip()) == (130, b"")
    assert ended(running.pid)


@needs_fork
def test_a_closed_pipe_ends_all_processes() -> None:
    with many() as running:
        assert running.stdout is not None and running.stderr is not None
        assert running.stdout.readline().startswith(b"specs/vgg16.yaml: ")
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0
    assert ended(running.pid)


@needs_fork
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_processes_end_if_their_parent_is_killed(sign: signal.Signals) -> None:
    with many("--format", "json") as running:
        for _ in range(200):
            if len(members(running.pid)) == 4:
                break
            time.sleep(0.02)
        running.send_signal(sign)
        _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (-sign, b"")
    assert ended(running.pid)


@needs_fork
def test_a_process_killed_by_the_system_is_one_line() -> None:
    with many("--format", "json") as running:
        others: list[int] = []
        for _ in range(200):
            others = [pid for pid in members(running.pid) if pid != running.pid]
            if len(others) == 3:
                break
            time.sleep(0.02)
        os.kill(others[1], signal.SIGKILL)
        out, said = running.communicate(timeout=60)
    assert (running.returncode, out) == (2, b"")
    assert said.decode() == (
        "error[process-ended]: specs/vgg16.yaml: the process that checked it was killed by SIGKILL, "
        "probably because memory ran out; try --jobs 1\n"
    )
    assert ended(running.pid)
