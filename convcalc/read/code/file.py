"""Reads a program's file: parses it, follows it and returns the model that a target names."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Mark, Problem, Source, did_you_mean, error
from convcalc.base.structs import Struct
from convcalc.model import Model
from convcalc.read.code.graph import LayerValue, ModelValue
from convcalc.read.code.program import Program
from convcalc.read.code.values import MISSING, ClassValue, FunctionValue, Raised, Spot, Unknown, Wrapped
from convcalc.read.detect import OpenFile

MAX_RECURSION = 4_000


class Target(Struct):
    """A model of a program: ``name`` stands after the colon in ``FILE.py:NAME``, and ``what`` describes it."""

    name: str
    what: str
    line: int


def read_code(content: OpenFile) -> Model:
    """Returns the model of an open file with Python code."""
    settings = content.settings
    folder = module_folder(content.name)
    return read_program(content.text.text, content.name, folder, content.target, settings.values, settings.inputs)


def read_program(
    text: str, name: str, folder: str = "", target: str = "", settings: Mapping[str, Any] | None = None,
    inputs: Mapping[str | None, tuple[Any, ...]] | None = None,
) -> Model:  # fmt: skip
    """Returns the model of a program that ``target`` names: a variable, a function, a class or ``Class.method``.

    Without a target, the program must have one model. Raises :class:`ConvcalcError` if it has none or several, or if the code cannot be
    parsed.
    """
    program = follow(text, name, folder, settings, inputs)
    value = find(program, target, name)
    errors = [problem for problem in program.problems if problem.severity == "error"]
    if not isinstance(value, ModelValue):
        raise ConvcalcError(errors or [_no_model(program, target, name, value)])
    model = program.model_of(value)
    problems = (*errors, *(problem for problem in model.problems if problem not in errors))
    return model._replace(source=name, problems=problems)


def follow(
    text: str,
    name: str,
    folder: str = "",
    settings: Mapping[str, Any] | None = None,
    inputs: Mapping[str | None, tuple[Any, ...]] | None = None,
) -> Program:
    """Returns the program after all its statements were followed."""
    cells = _cells(text, name)
    source = cells[0] if len(cells) == 1 else Source(name, text)
    program = Program(source, folder, settings)
    program.sizes_of_inputs = dict(inputs or {})
    with deep_recursion():
        for cell in cells:
            tree = parsed(cell)
            program.main.source = cell
            program.run_module(program.main, tree.body)
    return program


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Allows as many nested calls as following a program needs: a call of the program takes about 15 calls here."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, MAX_RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def parsed(source: Source) -> ast.Module:
    """Returns the syntax tree of a source. Raises :class:`ConvcalcError` if it is not valid Python."""
    try:
        return ast.parse(source.text)
    except SyntaxError as bad:
        mark = Mark(source, bad.lineno or 1, bad.offset or 1)
        raise ConvcalcError([Problem(codes.PYTHON_SYNTAX, f"is not valid Python: {bad.msg}", mark)]) from None
    except (ValueError, RecursionError, MemoryError) as bad:
        raise error(codes.PYTHON_SYNTAX, f"{source.name}: is not valid Python: {bad}") from None


def _cells(text: str, name: str) -> list[Source]:
    """Returns the code of a file: one source, or one for each code cell of a notebook."""
    if not name.endswith(".ipynb") and not text.lstrip().startswith("{"):
        return [Source(name, text.lstrip("\ufeff"))]
    try:
        notebook = json.loads(text)
        cells = notebook.get("cells") or notebook["worksheets"][0]["cells"]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise error(codes.PYTHON_SYNTAX, f"{name}: is not a notebook") from None
    sources = []
    for number, cell in enumerate(cells):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            code = cell.get("source", cell.get("input", ""))
            text = "".join(map(str, code)) if isinstance(code, list) else str(code)
            sources.append(Source(f"{name}:cell{number}", _without_magics(text)))
    return sources or [Source(name, "")]


_MAGIC = re.compile(r"^(\s*)(?:[%!?]|\w+(?:\s*,\s*\w+)*\s*=\s*[%!]|.*\?\??\s*$)")


def _without_magics(text: str) -> str:
    """Returns the code of a cell without the lines for the notebook itself, such as ``%matplotlib inline``."""
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(("%%time", "%%capture", "%%timeit")):
        return ""
    return "\n".join(_without_magic(line) for line in lines)


def _without_magic(line: str) -> str:
    found = _MAGIC.match(line)
    if found is None or (line.rstrip().endswith("?") and ("#" in line or '"' in line or "'" in line)):
        return line
    assigned = re.match(r"^(\s*\w+)\s*=\s*[%!]", line)
    return f"{assigned[1]} = None" if assigned else f"{found[1]}pass"


# Targets ------------------------------------------------------------------------------------------------------------------


def find(program: Program, target: str, name: str) -> Any:
    """Returns the model that a target names."""
    variables = program.main.variables
    if not target:
        return _only_model(program, name)
    path, arguments = _call_in(target, name)
    first, *rest = path.split(".")
    value = variables.get(first, MISSING)
    for part in [first, *rest]:
        if part is not first:
            value = program.attribute_or_missing(value, part, _SPOT(program))
        if value is MISSING:
            raise ConvcalcError([_no_name(program, target, part, name)])
    return made(program, value, arguments)


def _SPOT(program: Program) -> Spot:
    return Spot(program.main.source, 1, 0)


def _call_in(target: str, name: str) -> tuple[str, tuple[list[Any], dict[str, Any]]]:
    """Returns the name and the arguments of a target such as ``build(classes=10)``."""
    if "(" not in target:
        return target, ([], {})
    try:
        call = ast.parse(target, mode="eval").body
        assert isinstance(call, ast.Call)
        args = [ast.literal_eval(arg) for arg in call.args]
        kwargs = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
        return ast.unparse(call.func), (args, kwargs)
    except (SyntaxError, ValueError, AssertionError, RecursionError, MemoryError):
        raise error(
            codes.NO_FILE, f"{name}: cannot read the target '{target}'; write it as NAME or NAME(argument=value)"
        ) from None


def made(program: Program, value: Any, arguments: tuple[list[Any], dict[str, Any]] = ([], {})) -> Any:
    """Returns the model that a value is or makes: a function is called, and a class is instantiated."""
    args, kwargs = arguments
    if isinstance(value, Wrapped):
        value = value.function
    if isinstance(value, (FunctionValue, ClassValue)) or hasattr(value, "receiver"):
        function = value
        if isinstance(value, ClassValue):
            function = value.find("__init__")
        elif hasattr(value, "receiver"):
            function = value.function
        spot = getattr(value, "spot", None) or _SPOT(program)
        if isinstance(function, FunctionValue):
            given = _parameters(program, function, args, kwargs, bool(function is not value), spot)
        else:
            given = dict(kwargs)
        try:
            result = program.call(value, args, given, spot)
        except Raised as raised:
            return Unknown(f"it raises {raised.class_name}: {program.message_of(raised)}", raised.spot)
        if isinstance(value, ClassValue) and isinstance(result, LayerValue) and not isinstance(result, ModelValue):
            return result
        return _model_in(result)
    return _model_in(value)


def _parameters(
    program: Program,
    function: FunctionValue,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    has_receiver: bool,
    spot: Spot,
) -> dict[str, Any]:
    """Returns the named arguments for a function that nobody calls: parameters without a default are named sizes."""
    signature = function.node.args
    names = [argument.arg for argument in (*signature.posonlyargs, *signature.args)]
    names = names[1:] if has_receiver else names
    defaults = dict(zip(names[len(names) - len(function.defaults) :], function.defaults))
    result = dict(kwargs)
    for name in [*names[len(args) :], *(argument.arg for argument in signature.kwonlyargs)]:
        if name in result:
            continue
        if name in program.settings:
            result[name] = program.settings[name]
        elif name not in defaults and name not in function.keyword_defaults:
            result[name] = Unknown(
                f"the parameter `{name}` of `{function.name}` has no default; give it with --set {name}=…",
                function.spot,
                name,
            )
    return result


def _model_in(value: Any) -> Any:
    """Returns the model in a result: the value itself, or the first model in a tuple or list."""
    if isinstance(value, (tuple, list)):
        return next((part for part in value if isinstance(part, ModelValue)), value)
    return value


def _only_model(program: Program, name: str) -> Any:
    variables = program.main.variables
    named: dict[int, str] = {}
    for key, value in variables.items():
        if isinstance(value, ModelValue):
            named[id(value)] = key
    models = [value for value in program.models if id(value) in named and _is_complete(value)]
    if len(models) == 1:
        return models[0]
    if models:
        raise ConvcalcError([_several(program, name)])
    targets = list(targets_of(program))
    if len(targets) == 1:
        return find(program, targets[0].name, name)
    if not targets:
        return None
    raise ConvcalcError([_several(program, name)])


def _is_complete(model: ModelValue) -> bool:
    return bool(model.layers or model.outputs is not None or model.tracked or model.read is not None)


def targets_of(program: Program) -> list[Target]:
    """Returns the models of a program: variables, then functions and classes that may make one, in the order of their lines."""
    result: list[Target] = []
    for key, value in program.main.variables.items():
        if isinstance(value, ModelValue) and _is_complete(value):
            result.append(Target(key, f"{value.class_name} '{value.name}'", value.spot.line if value.spot else 1))
    if result:
        return sorted(result, key=lambda target: target.line)
    for key, value in program.main.variables.items():
        if (
            isinstance(value, FunctionValue)
            and not isinstance(value.node, ast.Lambda)
            and value.module is program.main
            and makes_model(value)
        ):
            result.append(Target(key, "function", value.node.lineno))
        elif isinstance(value, ClassValue) and value.spot is not None and value.library_base("keras.Model"):
            result.append(Target(key, "class", value.spot.line))
        elif isinstance(value, ClassValue) and value.spot is not None:
            for method_name, method in value.attributes.items():
                function = method.function if isinstance(method, Wrapped) and method.kind != "property" else None
                if isinstance(function, FunctionValue) and makes_model(function):
                    result.append(Target(f"{key}.{method_name}", "method", function.node.lineno))
    return sorted(result, key=lambda target: target.line)


def makes_model(function: FunctionValue) -> bool:
    """Returns True if the code of a function contains a call of a name such as ``Model`` or ``Sequential``, and returns something."""
    called = {
        ast.unparse(part.func).rpartition(".")[2] for part in ast.walk(function.node) if isinstance(part, ast.Call)
    }
    returns = any(isinstance(part, ast.Return) and part.value is not None for part in ast.walk(function.node))
    return returns and bool(called & {"Model", "Sequential", "Functional"})


def _several(program: Program, name: str) -> Problem:
    targets = targets_of(program)
    listed = ", ".join(f"{target.name} ({target.what}, line {target.line})" for target in targets[:12])
    more = f" and {len(targets) - 12} more" if len(targets) > 12 else ""
    message = f"{name}: has {len(targets)} models: {listed}{more}; name one, such as {name}:{targets[0].name}, or all with {name}:*"
    return Problem(codes.SEVERAL_MODELS, message)


def _no_name(program: Program, target: str, part: str, name: str) -> Problem:
    known = [name for name in program.main.variables if not name.startswith("_")]
    return Problem(codes.NO_MODEL_IN_CODE, f"{name}: there is no '{part}' in the code{did_you_mean(part, known)}")


def _no_model(program: Program, target: str, name: str, value: Any) -> Problem:
    mark = None
    if isinstance(value, Unknown):
        mark = value.spot.mark() if value.spot is not None else None
        return Problem(codes.NO_MODEL_IN_CODE, f"'{target or name}' is unknown: {value.reason}", mark)
    if target:
        return Problem(codes.NO_MODEL_IN_CODE, f"{name}: '{target}' is not a model and makes none")
    return Problem(
        codes.NO_MODEL_IN_CODE,
        f"{name}: there is no Keras model in the code; name a function that makes one, such as {name}:build",
    )


def module_folder(path: str) -> str:
    """Returns the folder of a program's file."""
    return os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120 (pathlib takes long to import)
