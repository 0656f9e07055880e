"""tests/README.md lists every test file, and the tests follow the rules in tests/README.md."""

import ast

from tests.paths import PACKAGE, TESTS

TEXT = (TESTS / "README.md").read_text(encoding="utf-8")
ROOMS = {path.name for path in PACKAGE.iterdir() if path.is_dir() and not path.name.startswith("_")}
APART = {
    "bounds",
    "live",
    "tools",
    "fuzz",
    "mutants",
    "generators",
    "helpers",
    "model_changes",
    "regenerate",
    "project",
    "robustness",
}
FILES = sorted(path for path in TESTS.rglob("*.py") if "__pycache__" not in path.parts)


def test_every_test_file_is_in_the_index() -> None:
    listed = [path for path in FILES if path.name.startswith("test_") and not {"live", "tools"} & {*path.parts}]
    missing = [str(path.relative_to(TESTS)) for path in listed if f"`{path.name}`" not in TEXT]
    assert not missing, "add them to tests/README.md"


def test_every_folder_is_a_room_or_listed_separately() -> None:
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and not path.name.startswith(("_", "."))}
    assert folders <= ROOMS | APART
    assert not [name for name in sorted(folders) if f"`{name}/`" not in TEXT]


def test_no_test_file_imports_another_one() -> None:
    """Files in tests/live may import each other, because they share functions."""
    for path in FILES:
        if "live" in path.parts or not path.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tests."):
                assert not node.module.rpartition(".")[2].startswith("test_"), f"{path} imports {node.module}"
