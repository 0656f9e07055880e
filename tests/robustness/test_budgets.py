"""The budget of each reader, driven to its edge: one step below is read, one step above is one clear error."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from convcalc.base.problems import ConvcalcError, Source
from convcalc.cli import project_file
from convcalc.read import archive_table, json_limits, read
from convcalc.read.code import syntax
from convcalc.read.code.notebooks import without_magics
from convcalc.read.container import parse_json, read_member
from convcalc.read.json_limits import require_small
from convcalc.read.keras_files import config as config_reader
from convcalc.snapshot import load
from tests.bounds.binaries import members
from tests.helpers.fork_server import run_measured
from tests.helpers.keras_configs import INPUT, data, layer, sequential


def code_of(run: Callable[[], object]) -> str:
    """Returns the code of the error that a function raises; "" if it raises none."""
    try:
        run()
    except ConvcalcError as failed:
        assert all(len(str(problem)) < 5_000 for problem in failed.problems)
        return str(failed.problems[0].code)
    return ""


# JSON -----------------------------------------------------------------------------------------------------------------

_VALUES = (
    "[],",
    "{},",
    '{"a":{}},',
    '{"a":{"b":1}},',
    "1,",
    "1.5,",
    "12345678901234567890,",
    '"word",',
    "[[[[1]]]],",
    "null,",
)


@pytest.mark.parametrize("part", _VALUES)
def test_parsed_json_takes_at_most_the_estimate(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of values of any kind. So the limit of the estimate is a limit of the memory."""
    text = "[" + part * 20_000 + "0]"
    tracemalloc.start()
    value = json.loads(text)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert value
    monkeypatch.setattr(json_limits, "MAX_MEMORY", kept)
    assert code_of(lambda: require_small(text, "x")) == "too-large"


def test_strings_count_by_their_length_and_not_by_their_signs() -> None:
    require_small(json.dumps({"a": "[{,:" * 3_000_000}), "x")
    require_small(json.dumps({"a": '\\"[' * 3_000_000}), "x")


def test_brackets_are_counted_up_to_the_limit() -> None:
    most = json_limits.MAX_NESTING
    assert code_of(lambda: require_small("[" * most + "]" * most, "x")) == ""
    assert code_of(lambda: require_small("[" * (most + 1) + "]" * (most + 1), "x")) == "too-deep"
    assert code_of(lambda: require_small('"[[' + "[" * 1000 + '"', "x")) == ""


@pytest.mark.parametrize("part", [1, 2, 3, 7])
def test_the_scan_finds_strings_at_any_division(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text is scanned in parts, and a part can end in a string or beside an escape."""
    monkeypatch.setattr(json_limits, "_PART", part)
    monkeypatch.setattr(json_limits, "MAX_NESTING", 2)
    assert code_of(lambda: require_small(r'["[[\"[[\\",["\\\\[[","a\\\"[["]]', "x")) == ""
    assert code_of(lambda: require_small(r'["\\",[[0]]]', "x")) == "too-deep"


def test_half_of_a_surrogate_pair_is_found_anywhere() -> None:
    for text in (r'"\ud800"', r'{"a": ["\uDFFF"]}', r'{"\ud83d": 1}', r'[[{"a": {"b": "x\udc00"}}]]'):
        assert code_of(lambda text=text: parse_json(Source("x", text))) == "encoding"
    assert parse_json(Source("x", r'["\ud83d\ude00", "\\ud800"]')) == ["\U0001f600", r"\ud800"]


# Models ---------------------------------------------------------------------------------------------------------------


def test_the_number_of_layers_of_a_file_is_limited() -> None:
    model = data(sequential(INPUT, *(layer("ReLU", f"r{number}") for number in range(9))))
    assert code_of(lambda: read(model, "x.json")) == ""
    too_many = data(sequential(INPUT, *[{"class_name": "ReLU", "config": {}}] * config_reader.MAX_LAYERS))
    assert code_of(lambda: read(too_many, "x.json")) == "too-large"


def test_the_table_of_contents_of_an_archive_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    content = members(100)
    read_member(io.BytesIO(content), "config.json", "x")
    monkeypatch.setattr(archive_table, "MAX_TABLE", 4_000)
    assert code_of(lambda: read_member(io.BytesIO(content), "config.json", "x")) == "too-large"


# Code and other texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["x=1\n", "f(a)\n", "x.a;", "[],", "1,", "x;", "a or ", "{a:a},", "x\n", "a<b;"])
def test_a_syntax_tree_takes_at_most_three_times_the_estimate(part: str) -> None:
    start, end = ("x=[", "1]") if part.endswith(",") else ("x=", "a") if part.endswith(" ") else ("", "")
    text = start + part * 3_000 + end
    estimate = syntax.tree_bytes(text)
    tracemalloc.start()
    tree = syntax.syntax_tree(text)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert tree.body
    assert kept < 3 * estimate


def test_code_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    code = b"import keras\n" + b"x = [1, 2]\n" * 100
    assert code_of(lambda: read(code, "x.py")) != "too-large"
    monkeypatch.setattr(syntax, "MAX_TREE_BYTES", 10_000)
    assert code_of(lambda: read(code, "x.py")) == "too-large"
    notebook = json.dumps({"cells": [{"cell_type": "code", "source": "x = [1, 2]\n"}] * 100}).encode()
    assert code_of(lambda: read(notebook, "x.ipynb")) == "too-large"


def test_commands_of_jupyter_are_found_without_reading_the_cell_again() -> None:
    """The same lines as before, and a cell of 20,000 commands in linear time."""
    assert without_magics("x = (\n%a\n)\n!ls\n'''\n%b\n'''\n%c\n") == "x = (\n%a\n)\npass\n'''\n%b\n'''\npass\n"
    assert without_magics("x = 1\n!ls\n" * 20_000) == "x = 1\npass\n" * 20_000


def test_a_long_printed_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MAX_SUMMARY", 100)
    assert code_of(lambda: load.snapshot_in("Layer (type)\n" * 20, "x.txt")) == "too-large"


@pytest.mark.parametrize("key", ["a." * 600 + "b", '"a" . ' * 600 + "b", "x = {" + "a." * 600 + "b"])
def test_a_key_of_many_parts_in_the_settings_is_refused(key: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.convcalc]\n{key} = 1\n", encoding="utf-8")
    assert code_of(lambda: project_file.project_text(tmp_path, "convcalc")) == "too-large"


@pytest.mark.parametrize(
    "name, content",
    [
        ("x.yaml", b"{" + b"a: 1, " * 60_000 + b"}"),  # each duplicate was shown with a copy of the whole line
        ("x.txt", "┏━━━━━━━━┳━━━━━━━━┓\n".encode() * 20_000),
        ("y.txt", b"=\n" * 50_000 + b"x"),
        ("z.yaml", b"- {\n" * 50_000),
    ],
)
def test_long_lines_and_many_lines_take_linear_work(name: str, content: bytes, tmp_path: Path) -> None:
    """Work in quadratic time would take minutes, and the process would be ended."""
    (tmp_path / name).write_bytes(content)
    ran = run_measured(["summary", name], folder=tmp_path, limits={"RLIMIT_CPU": 20})
    assert ran.done.returncode == 2, ran.done.stderr[-500:]
    assert ran.bytes < 300 * 2**20
