"""Tests the mutator: the changes that it makes, and the lists of files, tests and equivalent mutants."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants import mutator as mutants

CHANGES = [
    ("a < b", ["a <= b"]),
    ("a == b is c", ["a != b is c", "a == b is not c"]),
    ("a + 1", ["a - 1"]),
    ("'a' + b", []),
    ("a and b", ["a or b"]),
    ("not a", ["a"]),
    ("2", ["3"]),
    ("True", ["False"]),
    ("'text'", []),
    ("a if b else c", ["a if not b else c"]),
    ("if TYPE_CHECKING: import a", []),
    ("raise a", ["pass"]),
]


@pytest.mark.parametrize(("text", "others"), CHANGES, ids=[text for text, _ in CHANGES])
def test_changes_of_a_node(text: str, others: list[str]) -> None:
    (node,) = ast.parse(text).body
    node = node.value if isinstance(node, ast.Expr) else node
    assert [ast.unparse(other) for other in mutants.changed(node)] == others


def test_a_mutant_is_the_file_with_one_change() -> None:
    result = {mutant.key: mutant.code for mutant in mutants.mutants(mutants.ROOT / "convcalc/base/window.py")}
    assert len(result) > 100
    names: dict[str, object] = {"__name__": "convcalc.base.window"}
    exec(result["convcalc/base/window.py: effective_kernel: kernel - 1 -> kernel + 1"], names)
    assert names["effective_kernel"](3, 2) == 9  # type: ignore[operator]


def test_every_listed_file_and_test_exists() -> None:
    for file, tests in mutants._settings()["tests"].items():
        assert all((mutants.ROOT / name).is_file() for name in (file, *tests))


@pytest.mark.slow
def test_equivalent_mutants_exist_and_have_a_reason() -> None:
    lines = mutants.EQUAL.read_text(encoding="utf-8").splitlines()
    keys = [line.partition("  # ")[0] for line in lines]
    assert all("  # " in line for line in lines)
    for file in {key.partition(": ")[0] for key in keys}:
        there = {mutant.key for mutant in mutants.mutants(mutants.ROOT / Path(file))}
        assert {key for key in keys if key.startswith(f"{file}: ")} <= there
