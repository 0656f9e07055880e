"""Tests output formats and output files: ``--format``, ``-o`` and file name extensions."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

import convcalc
from convcalc.rendering.formats import ENDINGS, REPORT_FORMATS
from tests.generators.reports import NESTED, SPECS
from tests.helpers.command_line import run
from tests.helpers.html_page import Page

pytestmark = pytest.mark.slow

LENET, UNET = str(SPECS / "lenet5.yaml"), str(SPECS / "unet.yaml")


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_endings_of_reports() -> None:
    endings = [
        ".txt",
        ".json",
        ".jsonl",
        ".csv",
        ".md",
        ".markdown",
        ".html",
        ".htm",
        ".tex",
        ".mmd",
        ".mermaid",
        ".dot",
        ".gv",
    ]
    assert {ending for ending in ENDINGS if ENDINGS[ending] in REPORT_FORMATS} >= set(endings)
    assert (ENDINGS[".sarif"], ENDINGS[".xml"]) == ("sarif", "junit")
    assert {name for name, format in REPORT_FORMATS.items() if not format.endings} == {"keras", "keras2"}


@pytest.mark.parametrize("name", REPORT_FORMATS)
def test_the_command_writes_what_the_function_returns(name: str, tmp_path: Path) -> None:
    wanted = convcalc.render(convcalc.infer(convcalc.load(UNET)), name)
    file = tmp_path / "out"
    done = run("summary", UNET, "--format", name, "-o", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert file.read_bytes().decode() == wanted
    assert run("summary", UNET, "--format", name).stdout.replace("\r\n", "\n") == wanted.replace("\r\n", "\n")


@pytest.mark.parametrize("ending", [ending for ending, name in ENDINGS.items() if name in REPORT_FORMATS])
def test_the_extension_selects_the_format(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"out{ending.upper()}"
    assert run("summary", LENET, "-o", str(file)).returncode == 0
    assert file.read_bytes().decode() == convcalc.render(convcalc.infer(convcalc.load(LENET)), ENDINGS[ending])


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.sarif", "out.xml"])
def test_an_unknown_extension_is_a_clear_error(name: str, tmp_path: Path) -> None:
    done = run("summary", LENET, "-o", str(tmp_path / name))
    assert done.returncode == 2
    assert "error[unknown-format]" in done.stderr
    *others, last = [ending for ending, format in ENDINGS.items() if format in REPORT_FORMATS]
    assert f"{', '.join(others)} or {last}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    file.write_text("old")
    assert run("summary", "missing.yaml", "-o", str(file)).returncode == 2
    assert run("summary", LENET, "-o", str(file), "--columns", "name").returncode == 2
    assert file.read_text() == "old"
    assert run("summary", LENET, "-o", str(file)).returncode == 0
    assert json.loads(file.read_text())["model"]["name"] == "lenet5"
    assert list(tmp_path.iterdir()) == [file]


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    for name in ("nowhere/out.csv", "."):
        place = tmp_path / name
        done = run("summary", LENET, "--format", "csv", "-o", str(place))
        assert done.returncode == 2
        assert done.stderr.startswith(f"error[output]: {place}: cannot be written: ")
        assert done.stderr.count("\n") == 1


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    link, file, pipe = tmp_path / "link.csv", tmp_path / "real.csv", tmp_path / "pipe"
    file.write_text("old")
    link.symlink_to(file)
    assert run("summary", LENET, "-o", str(link)).returncode == 0
    assert link.is_symlink()
    assert file.read_text().startswith("name,type,")
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert run("summary", LENET, "--format", "csv", "-o", str(pipe)).returncode == 0
    assert os.read(reading, 65536).startswith(b"name,type,")
    os.close(reading)
    assert pipe.is_fifo()


def test_a_dash_is_standard_output() -> None:
    assert run("summary", LENET, "-o", "-").stdout == run("summary", LENET).stdout


def test_several_models_in_one_csv_have_one_header() -> None:
    header, *rows = rows_of(run("summary", LENET, UNET, "--format", "csv").stdout)
    assert header[:2] == ["model", "name"]
    assert {row[0] for row in rows} == {LENET, UNET}
    assert len(rows) == 8 + 36


def test_several_models_are_written_to_one_output(tmp_path: Path) -> None:
    page = Page(run("summary", LENET, UNET, "--format", "html").stdout)
    assert page.headings == ['Model: "lenet5"', 'Model: "unet"']
    assert len(page.tables) == 2
    assert re.findall("^## .*", run("summary", LENET, UNET, "--format", "markdown").stdout, re.MULTILINE) == [
        '## Model: "lenet5"',
        '## Model: "unet"',
    ]
    latex = run("summary", LENET, UNET, "--format", "latex").stdout
    assert (latex.count("usepackage"), latex.count(r"\begin{longtable}")) == (1, 2)
    lines = run("summary", LENET, UNET, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["model"]["name"] for line in lines] == ["lenet5", "unet"]
    assert run("summary", LENET, UNET, "--format", "dot").stdout.count("digraph {") == 2
    done = run("summary", LENET, UNET, "--format", "mermaid")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--format mermaid can draw only one model" in done.stderr


def test_a_model_that_fails_does_not_hide_the_others() -> None:
    done = run("summary", "missing.yaml", LENET, "--format", "csv")
    assert done.returncode == 2
    assert rows_of(done.stdout)[0][0] == "model"
    assert len(rows_of(done.stdout)) == 9


@pytest.mark.parametrize(
    ("format", "option"),
    [
        ("json", "--columns=name"),
        ("json", "--depth=1"),
        ("keras", "--memory"),
        ("csv", "--memory"),
        ("csv", "--insights"),
        ("dot", "--columns=name"),
        ("mermaid", "--convention=tf"),
        ("table", "--line-length=80"),
        ("html", "--expand-nested"),
        ("latex", "--training=adam"),
    ],
)
def test_an_option_that_a_format_does_not_use_is_refused(format: str, option: str) -> None:
    done = run("summary", LENET, "--format", format, option)
    assert (done.returncode, done.stdout) == (2, "")
    name = option.partition("=")[0]
    assert re.match(rf"error\[invalid-value\]: {name} works with --format .*, not with {format}\n", done.stderr)


def test_options_are_accepted_where_they_have_an_effect() -> None:
    flops = rows_of(run("summary", LENET, "--format", "csv", "--columns", "cost", "--convention", "tf").stdout)
    assert flops[0] == [
        "name",
        "type",
        "output_shape",
        "params",
        "percent",
        "macs",
        "flops",
        "flops_percent",
        "incomplete",
    ]
    nested = run("summary", "-", "--format", "csv", "--depth", "2", "--columns", "name", text=NESTED).stdout
    assert rows_of(nested)[5] == ["tower/lstm", "1", "lstm", ""]
    assert "subgraph cluster_g2" in run("summary", "-", "--format", "dot", "--depth", "2", text=NESTED).stdout
    for format in ("markdown", "html"):
        assert "most-params" in run("summary", str(SPECS / "vgg16.yaml"), "--format", format, "--insights").stdout
    line = json.loads(run("summary", str(SPECS / "vgg16.yaml"), "--format", "jsonl", "--insights").stdout)
    assert line["insights"]


def test_a_graph_that_is_too_large_is_refused() -> None:
    done = run("summary", str(SPECS / "nasnet_mobile.yaml"), "--format", "mermaid")
    assert done.returncode == 0
    assert done.stderr.startswith("note: Mermaid refuses a graph of this size")


def test_main_runs_where_standard_output_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook, for example, standard output has no file descriptor."""
    from convcalc.cli.terminal import discard_after_closed_pipe

    text = io.StringIO()
    monkeypatch.setattr(sys, "stdout", text)
    discard_after_closed_pipe()
    assert sys.stdout is text
