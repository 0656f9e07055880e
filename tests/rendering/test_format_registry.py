"""Tests the registry of output formats."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from convcalc.base.lazy import resolve
from convcalc.rendering.format_index import INDEX
from convcalc.rendering.formats import CHECK_FORMATS, COMPARISON_FORMATS, ENDINGS, FORMATS, REPORT_FORMATS
from convcalc.rendering.output_format import OutputFormat
from tests.helpers.command_line import run
from tests.paths import SPECS
from tests.regenerate import docs_formats
from tests.regenerate import formats as generator

FUNCTIONS = ("sheets", "reports", "comparison", "check_result", "checks", "check_pieces")
TABLES_FOR_PROGRAMS = [name for name, format in FORMATS.items() if format.machine and format.sheets]
RESNET, CHANGED = str(SPECS / "resnet8.yaml"), "resnet8_wide.yaml"


def test_the_index_lists_the_declared_formats() -> None:
    assert tuple(generator.declared()) == INDEX, "run: python -m tests.regenerate.formats"
    assert generator.INDEX.read_text(encoding="utf-8") == generator.index(), "run: python -m tests.regenerate.formats"


@pytest.mark.parametrize("format", INDEX, ids=lambda format: format.name)
def test_each_reference_is_a_function(format: OutputFormat) -> None:
    for field in FUNCTIONS:
        reference = getattr(format, field)
        assert not reference or callable(resolve(reference)), f"{format.name}: {field}"
    assert bool(format.check_result) == bool(format.checks)
    assert format.writes_reports or format.writes_checks or format.writes_comparisons


def test_names_and_endings_are_unique() -> None:
    assert len(FORMATS) == len(INDEX)
    assert len(ENDINGS) == sum(len(format.endings) for format in INDEX)


def test_each_command_offers_its_formats() -> None:
    assert list(REPORT_FORMATS) == [
        *("table", "keras", "keras2", "json", "jsonl", "csv", "markdown", "html", "latex", "mermaid", "dot"),
        *(name for name in REPORT_FORMATS if name not in generator.ORDER),
    ]
    of_tables = {"table", "json", "jsonl", "csv", "markdown", "html", "latex"}
    assert set(CHECK_FORMATS) >= of_tables | {"github", "sarif", "junit"}
    assert set(COMPARISON_FORMATS) >= of_tables
    assert not {"keras", "keras2", "mermaid", "dot"} & {*CHECK_FORMATS, *COMPARISON_FORMATS}
    assert not {"github", "sarif", "junit"} & {*REPORT_FORMATS, *COMPARISON_FORMATS}


@pytest.mark.parametrize("name", REPORT_FORMATS)
def test_each_format_of_reports_is_described_in_the_documentation(name: str) -> None:
    assert name in docs_formats.ABOUT, f"describe {name} in tests/regenerate/docs_formats.py"


@pytest.mark.slow
def test_formats_for_programs_have_plain_numbers(tmp_path: Path) -> None:
    wide = tmp_path / CHANGED
    wide.write_text((SPECS / "resnet8.yaml").read_text(encoding="utf-8").replace("16", "32"), encoding="utf-8")
    commands = (("summary", RESNET), ("check", RESNET, str(wide)), ("diff", RESNET, str(wide)))
    assert "csv" in TABLES_FOR_PROGRAMS
    for name in TABLES_FOR_PROGRAMS:
        for command in commands:
            text = run(*command, "--format", name).stdout
            delimiter = "\t" if "\t" in text.splitlines()[0] else ","
            header, *rows = csv.reader(io.StringIO(text), delimiter=delimiter)
            numbers = [number for number, field in enumerate(header) if field.startswith(("params", "macs"))]
            assert numbers and rows
            cells = [row[number] for row in rows for number in numbers]
            assert all(cell == "" or cell.removeprefix("-").isdecimal() for cell in cells), f"{command[0]} {name}"
