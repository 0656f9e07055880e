"""Mutation testing. A mutant is a rule's code with one thing changed. The tests of the rule must fail for every mutant.

``python -m tests.mutants convcalc/base/window.py ...`` prints the number of mutants of each file, and the mutants that
survive. ``pyproject.toml`` lists the files and their tests under ``[tool.mutants]``.

Existing tools cannot be used: they skip decorated functions such as convcalc's rules, or they start Python for each
mutant. Here, each mutant runs in a fork of this process, which has already imported everything except convcalc. So a
mutant takes about a second.

``tests/mutants/equal.txt`` lists the mutants that are equivalent to the original code, each with the reason.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

from tests.paths import ROOT

EQUAL = Path(__file__).with_name("equal.txt")
SECONDS = 120  # after this many seconds, a mutant counts as an endless loop

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


class Mutant(NamedTuple):
    """The code of a file with one thing changed.

    ``key`` names the function and the change, so it stays the same if line numbers change.
    """

    key: str
    line: int
    code: CodeType


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """Yields variants of a node of the syntax tree: another comparison or operator, a number plus one, a negated
    condition, a removed ``raise``.
    """
    if isinstance(node, ast.Compare):
        for number, one in enumerate(node.ops):
            if type(one) in _SWAPPED:
                other = deepcopy(node)
                other.ops[number] = _SWAPPED[type(one)]()  # type: ignore[call-overload]
                yield other
    elif isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in _SWAPPED:
        if not (isinstance(node, ast.BinOp) and _is_text(node)):
            other = deepcopy(node)
            other.op = _SWAPPED[type(node.op)]()  # type: ignore[assignment]
            yield other
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int)):
        yield ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, (ast.If, ast.IfExp)) and not isinstance(node.test, (ast.Compare, ast.UnaryOp)):
        if ast.unparse(node.test) == "TYPE_CHECKING":  # code for type checkers never runs
            return
        other = deepcopy(node)
        other.test = ast.UnaryOp(ast.Not(), other.test)
        yield other
    elif isinstance(node, ast.Raise):
        yield ast.Pass()


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(part, ast.JoinedStr) or isinstance(getattr(part, "value", 0), str) for part in ast.walk(node))


def mutants(path: Path) -> Iterator[Mutant]:
    """Yields every mutant of a file. No mutant changes annotations or texts."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = path.relative_to(ROOT).as_posix()
    seen: Counter[str] = Counter()
    for parent, field, number, function in list(_places(tree, "")):
        held = getattr(parent, field)
        node = held if number is None else held[number]
        for other in changed(node):
            ast.copy_location(other, node)
            _put(parent, field, number, other)
            code = compile(ast.fix_missing_locations(tree), str(path), "exec")
            _put(parent, field, number, node)
            key = f"{name}: {function or '(module)'}: {_shown(node)} -> {_shown(other)}"
            seen[key] += 1
            yield Mutant(key + (f" #{seen[key]}" if seen[key] > 1 else ""), node.lineno, code)  # type: ignore[attr-defined]


def _put(parent: ast.AST, field: str, number: int | None, node: ast.AST) -> None:
    if number is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[number] = node


def _shown(node: ast.AST) -> str:
    return ast.unparse(node).partition("\n")[0]


def _places(node: ast.AST, function: str) -> Iterator[tuple[ast.AST, str, int | None, str]]:
    """Yields (parent, field, index in the field, name of the function) for each node of a tree."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}" if function else node.name
    for field, held in ast.iter_fields(node):
        if field in ("annotation", "returns") or isinstance(node, ast.JoinedStr):
            continue
        parts = enumerate(held) if isinstance(held, list) else [(None, held)]
        for number, part in parts:
            if isinstance(part, ast.AST):
                if isinstance(part, (ast.expr, ast.stmt)):
                    yield node, field, number, function
                yield from _places(part, function)


class _Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from changed code. The module's file is not read."""

    def __init__(self, path: Path, code: CodeType) -> None:
        self.name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        self.path, self.code = path, code

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


def survives(path: Path, code: CodeType, tests: Sequence[str]) -> bool:
    """Returns True if no test fails with the changed code. The tests run in a fork of this process."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(SECONDS)
        _run(path, code, tests)
    return os.waitpid(pid, 0)[1] == 0


def _run(path: Path, code: CodeType, tests: Sequence[str]) -> None:
    import pytest

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.meta_path.insert(0, _Loader(path, code))
    status = 1
    try:
        plugins = ["no:cacheprovider", "no:xdist", "no:logging", "no:faulthandler"]
        status = pytest.main(["-x", *(word for plugin in plugins for word in ("-p", plugin)), *tests])
    finally:
        os._exit(1 if status else 0)


def _prepare() -> None:
    """Imports the packages that tests need, but not convcalc. Sets Hypothesis to draw the same examples each time."""
    import click  # noqa: F401
    import hypothesis.strategies  # noqa: F401
    import rich.table  # noqa: F401
    import yaml  # noqa: F401
    from hypothesis import HealthCheck, settings

    quiet = list(HealthCheck)
    settings.register_profile("mutants", deadline=None, derandomize=True, database=None, suppress_health_check=quiet)
    settings.load_profile("mutants")
    assert not any(name.partition(".")[0] == "convcalc" for name in sys.modules)


def _settings() -> dict[str, dict[str, list[str]]]:
    if sys.version_info < (3, 11):
        import tomli as tomllib
    else:
        import tomllib
    result: dict[str, dict[str, list[str]]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]
    return result


def main(arguments: Sequence[str] | None = None, say: Callable[[str], object] = print) -> int:
    """Runs the command. Returns 1 if a mutant survives and is not listed as equivalent."""
    tests = _settings()["tests"]
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Mutation testing of the rules.")
    parser.add_argument("files", nargs="*", default=list(tests), help="default: those of pyproject.toml")
    parser.add_argument("--minutes", type=float, default=60, help="when to stop")
    parser.add_argument("--every", type=int, default=1, help="of so many mutants one")
    asked = parser.parse_args(arguments)
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    equal = {line.partition("  # ")[0] for line in EQUAL.read_text(encoding="utf-8").splitlines()}
    _prepare()
    end = time.monotonic() + 60 * asked.minutes
    left = 0
    for file in asked.files:
        path = ROOT / file
        if not survives(path, compile(path.read_text(encoding="utf-8"), str(path), "exec"), tests[file]):
            say(f"{file}: the tests fail on the file as it is")
            return 2
        counts: Counter[str] = Counter()
        for number, mutant in enumerate(mutants(path)):
            if number % asked.every:
                continue
            if time.monotonic() > end:
                counts["not tried"] += 1
            elif mutant.key in equal:
                counts["equal"] += 1
            elif survives(path, mutant.code, tests[file]):
                counts["survived"] += 1
                say(f"{path.name}:{mutant.line}: {mutant.key}")
            else:
                counts["killed"] += 1
        left += counts["survived"]
        say(f"{file}: {', '.join(f'{number} {word}' for word, number in sorted(counts.items()))}")
    return 1 if left else 0
