"""Printed summaries and JSON reports where a command expects a model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.helpers.command_line import run
from tests.paths import SPECS


@pytest.fixture
def record(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A record of LeNet-5 in the format of the test, next to its spec."""
    shutil.copy(SPECS / "lenet5.yaml", tmp_path / "lenet5.yaml")
    path = tmp_path / ("record.json" if request.param == "json" else "record.txt")
    path.write_text(run("summary", str(tmp_path / "lenet5.yaml"), "--format", request.param).stdout, encoding="utf-8")
    return path


FORMATS = pytest.mark.parametrize("record", ["json", "keras", "keras2"], indirect=True)


@FORMATS
def test_diff_takes_a_record_on_each_side(record: Path) -> None:
    spec = record.with_name("lenet5.yaml")
    for pair in ((record, spec), (spec, record), (record, record)):
        result = run("diff", *map(str, pair))
        assert result.returncode == 0, result.stderr
        assert "No differences" in result.stdout
    other = record.with_name("other.yaml")
    other.write_text(spec.read_text(encoding="utf-8").replace("filters: 6", "filters: 7"), encoding="utf-8")
    assert "156 → 182" in run("diff", str(record), str(other)).stdout
    assert "182 → 156" in run("diff", str(other), str(record)).stdout


@FORMATS
def test_summary_and_check_show_what_the_record_states(record: Path) -> None:
    result = run("summary", str(record))
    assert result.returncode == 0
    assert "Total params: 61,706" in result.stdout
    assert "Trainable params: 61,706" in result.stdout
    assert "MACs: ?" in result.stdout
    assert "warning[record-given]" in result.stderr
    assert run("check", str(record), "--max-params", "62k").returncode == 0
    assert "61,706 params" in run("check", str(record), "--max-params", "1k").stderr


@FORMATS
def test_a_command_that_needs_arguments_says_so(record: Path, tmp_path: Path) -> None:
    for arguments in (("explain", str(record), "C1"), ("convert", str(record), "-o", str(tmp_path / "m.json"))):
        result = run(*arguments)
        assert result.returncode == 2
        assert "error[record-given]" in result.stderr
        assert "check MODEL --against" in result.stderr


def test_a_table_of_convcalc_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_text(run("summary", str(SPECS / "lenet5.yaml")).stdout, encoding="utf-8")
    result = run("check", str(SPECS / "lenet5.yaml"), "--against", str(path))
    assert result.returncode == 2
    assert "--record FILE" in result.stdout + result.stderr
