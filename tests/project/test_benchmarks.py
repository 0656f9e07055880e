"""Tests that each command of the benchmarks can be run. No test checks how long a command takes."""

import sys
from pathlib import Path

import pytest

from benchmarks import environments, models
from benchmarks.__main__ import GROUPS, main
from benchmarks.measure import Measure, markdown, table
from benchmarks.profiles import profiles
from benchmarks.timing import Failed, answer, in_turn, run

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [environments, models, *(sys.modules[f"benchmarks.{name}"] for name in ("keras", "many"))]:
        monkeypatch.setattr(module, "WORK", tmp_path / "work")
    monkeypatch.setenv("PYTHONPATH", str(environments.ROOT))


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_runs(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    measures = main(["--quick", "--no-peers", "--convcalc", sys.executable, "--only", group])
    assert measures
    shown = capsys.readouterr().out
    for measure in measures:
        assert measure.what in shown
        assert measure.missing in ("", "no keras", "no onnx", "no torch")
        assert measure.missing or measure.ours > 0
    assert "Python of convcalc" in shown


def test_verdicts() -> None:
    assert Measure("a", 14, 10, target=1.4).met
    assert Measure("a", 15, 10, target=1.4).met is False
    assert Measure("a", 1, 30, target=30, faster=True).met
    assert Measure("a", 1, 29, target=30, faster=True).met is False
    assert Measure("a", 11, target=10).met is False
    assert Measure("a", 11).met is None
    assert Measure("a", target=1, missing="no peer").met is None


def test_missing_measures_are_named() -> None:
    cells = Measure("a", target=1, missing="no peer").cells
    assert cells == ("a", "?", "?", "?", "≤ 1 ×", "not measured: no peer")


def test_tables_have_every_line() -> None:
    measures = [Measure("one", 1, 2, target=1.4), Measure("two | three", 5000, target=10, unit="µs")]
    assert "5,000 µs" in table(measures)
    assert r"two \| three" in markdown(measures)
    assert all(line.count(" | ") == 5 for line in markdown(measures).splitlines() if "two" not in line)


def test_a_failed_command_is_reported() -> None:
    with pytest.raises(Failed, match="exit code 3: no good"):
        run([sys.executable, "-c", "print('no good'); raise SystemExit(3)"])


def test_commands_run_in_turn() -> None:
    quick, slow = in_turn([[sys.executable, "-c", ""], [sys.executable, "-c", "bytearray(200_000_000)"]], 1)
    # quick.memory is not checked: the operating system reports at least the memory of this process, even for a smaller
    # child.
    assert slow.memory > 200_000_000
    assert quick.seconds > 0


def test_an_answer_is_the_last_line() -> None:
    assert answer([sys.executable, "-c", "print('noise'); print('{\"n\": 1}')"]) == {"n": 1}


@pytest.mark.parametrize(
    "flags", [["-X", "importtime", "-m", "timeit", "-n", "1"], ["-m", "cProfile", "-s", "cumtime", "-m", "this"]]
)
def test_a_profile_shows_a_regression(flags: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # coverage must not measure this child process
    text = profiles([Measure("slow", 2, 1, target=1, profile=[sys.executable, *flags])])
    assert "### slow" in text
    assert ("imports: " in text and "timeit.py" in text) or "this.py" in text
    assert text.count("function calls") == 1  # the report contains the list of functions only once
