"""Tests that each library function is found by its path, also if the program has not used its module before."""

import ast
import sys
from collections.abc import Iterator

from convcalc.read.code import libraries
from tests.paths import PACKAGE

CODE = PACKAGE / "read" / "code"


def modules() -> dict[str, set[str]]:
    """Returns the modules of ``convcalc.read.code``, each with the modules that it imports."""
    files = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in CODE.rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for module, path in files.items():
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        names = {
            name for node in nodes for name in (node.module, *(f"{node.module}.{part.name}" for part in node.names))
        }
        graph[module] = {name for name in names if name in files}
    return graph


def closure(names: set[str], graph: dict[str, set[str]]) -> set[str]:
    """Returns these modules, and all modules that they import, directly or indirectly."""
    known: set[str] = set()
    while names:
        known |= names
        names = {other for name in names for other in graph.get(name, ())} - known
    return known


def declared(graph: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Yields the path of each library function, and the module that implements it."""
    for module in graph:
        __import__(module)
    for path, implementation in libraries.FUNCTIONS.items():
        yield path, implementation.__module__


def test_each_function_is_found_by_its_path() -> None:
    graph = modules()
    lost = []
    for path, module in declared(graph):
        parts = path.split(".")
        rooms = {room for count in range(1, 4) for room in libraries.ROOMS.get(".".join(parts[:count]), "").split()}
        if module in sys.modules and module not in closure({f"convcalc.read.code.{room}" for room in rooms}, graph):
            lost.append(f"{path} in {module}")
    assert not lost


def test_each_function_has_its_canonical_path() -> None:
    paths = [path for path, _ in declared(modules())]
    assert [path for path in paths if libraries.canonical(path) != path] == []
