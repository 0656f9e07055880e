"""Checks the architecture: imports go only downwards, and only certain rooms import an external library.

A room is a folder or module directly in ``convcalc``.
"""

import ast
from collections.abc import Collection
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from convcalc.layers.families import FAMILIES
from tests.paths import PACKAGE

ORDER = [
    "base",
    "hdf5",
    "stored",
    "model",
    "layers",
    "ops",
    "calculator",
    "analyse",
    "read",
    "keras_text",
    "write",
    "report_json",
    "snapshot",
    "differences",
    "checking",
    "audit",
    "rendering",
    "cli",
]
# The public modules, in addition to convcalc/__init__.py. Public modules may import every room; no room imports a
# public module.
FACES = {"api", "testing"}
HOMES = {"click": {"cli"}, "rich": {"keras_text", "rendering", "cli"}, "yaml": {"read", "write"}}
MODULES = sorted(PACKAGE.rglob("*.py"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Returns all imports and calls of a file, at any depth of its code."""
    wanted = (ast.Import, ast.ImportFrom, ast.Call)
    return tuple(node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, wanted))


def imports(path: Path) -> list[str]:
    """Returns the names of the modules that a file imports."""
    modules = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            modules += [f"{node.module}.{alias.name}" for alias in node.names]
    return modules


def room(path: Path) -> str:
    """Returns the room of a file; an empty string for the public modules."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return first if first in ORDER else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_only_downwards(path: Path) -> None:
    own = room(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] in HOMES:
            assert own in HOMES[parts[0]], f"{path} imports {parts[0]}"
        if parts[0] == "convcalc" and len(parts) > 1 and parts[1] in ORDER and own:
            assert ORDER.index(parts[1]) <= ORDER.index(own), f"{path} imports {name}, which is above it"
        if parts[0] == "convcalc" and len(parts) > 1 and parts[1] in FACES:
            assert not own, f"{path} imports {name}, which is for users of the package"


def test_no_files_import_each_other_in_a_circle() -> None:
    """Imports inside functions and imports for type checkers count too."""
    files = {_module(path): path for path in MODULES}
    graph = {module: {_file_of(name, files) for name in imports(path)} - {module, ""} for module, path in files.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, whose message names the files


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _file_of(name: str, files: Collection[str]) -> str:
    """Returns the module of convcalc for an imported name: ``convcalc.model`` for ``convcalc.model.Layer``. "" for
    other packages.
    """
    while name and name not in files:
        name = name.rpartition(".")[0]
    return name


@pytest.mark.parametrize("path", sorted((PACKAGE / "layers").glob("*.py")), ids=lambda path: path.stem)
def test_families_do_not_import_each_other(path: Path) -> None:
    """Families share code only through modules that are not families. Only layers/__init__.py may import families."""
    if path.stem not in FAMILIES:
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[:2] == ["convcalc", "layers"]:
            assert parts[2] not in FAMILIES, f"{path} imports {name}"


def test_every_room_is_in_the_order() -> None:
    paths = [path for path in PACKAGE.iterdir() if path.is_dir() or path.suffix == ".py"]
    rooms = {path.name.removesuffix(".py") for path in paths if not path.name.startswith("_")}
    assert rooms <= {*ORDER, *FACES}


def test_no_framework_is_imported_and_no_text_is_evaluated() -> None:
    banned = {"keras", "tensorflow", "torch", "jax", "pickle", "marshal", "dill"}
    for path in MODULES:
        assert not banned & {name.split(".")[0] for name in imports(path)}, path
        calls = [node.func for node in nodes(path) if isinstance(node, ast.Call)]
        names = {func.id for func in calls if isinstance(func, ast.Name)}
        assert not names & {"eval", "exec", "compile", "__import__"}, path
