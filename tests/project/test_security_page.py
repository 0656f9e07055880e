"""SECURITY.md names tests that exist, and each promise has a test."""

import re

from tests.paths import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [row for row in TEXT.split("\n") if row.startswith("| ") and not re.match(r"\| (promise|reader) ", row)]


def test_each_promise_names_tests_that_exist() -> None:
    assert len(ROWS) > 10
    for row in ROWS:
        links = re.findall(r"\[(tests/[\w/.]+)\]\(([\w/.]+)\)", row)
        assert links, row
        for shown, path in links:
            assert shown == path
            assert "def test_" in (ROOT / path).read_text(encoding="utf-8"), path


def test_the_limits_are_those_of_the_code() -> None:
    from convcalc.cli import project_file
    from convcalc.hdf5 import storage
    from convcalc.read import archive_table, json_limits
    from convcalc.read.code import syntax
    from convcalc.read.code.language import limits
    from convcalc.read.keras_files import config
    from convcalc.read.spec import nodes
    from convcalc.snapshot import load
    from tests.bounds import measure

    wanted = (
        f"{measure.LARGEST // 10**6} MB takes at most {measure.BYTES >> 20} MB of memory and {measure.SECONDS} seconds",
        f"{nodes.MAX_TEXT_BYTES >> 20} MB, and {nodes.MAX_TEXT_MEMORY >> 20} MB in memory",
        f"{json_limits.MAX_MEMORY >> 20} MB for the text and its values, measured before it is parsed; {json_limits.MAX_NESTING} levels",
        f"{nodes.MAX_CHARACTERS >> 20} million characters, {nodes.MAX_VALUES:,} values, {nodes.MAX_DEPTH} levels",
        f"{config.MAX_LAYERS:,} layers, {config.MAX_CALLS:,} calls",
        f"a table of contents of {archive_table.MAX_TABLE >> 20} MB",
        f"a budget of {storage.BUDGET >> 20} MB",
        f"{syntax.MAX_CODE // 10**6} million characters, a syntax tree of about {syntax.MAX_TREE_BYTES >> 20} MB, "
        f"{limits.MAX_STEPS // 10**6} million steps",
        f"{load.MAX_SUMMARY // 10**6} million characters",
        f"{project_file.MAX_CHARACTERS:,} characters, keys of {project_file.MAX_PARTS} parts",
    )
    for text in wanted:
        assert text in TEXT, text
