"""Lists the models of a program, and says why a target names none of them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Problem, did_you_mean, first_listed
from convcalc.base.structs import Struct
from convcalc.base.text import visible
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import LayerValue, ModelValue, TensorValue
from convcalc.read.code.keras.to_model import with_inner_layers
from convcalc.read.code.language.values import (
    ClassValue,
    FunctionValue,
    Instance,
    Library,
    ModuleValue,
    Unknown,
    Wrapped,
)
from convcalc.read.code.program import Program

_MODEL_CLASSES = frozenset(("Model", "Sequential", "Functional"))
_MOST_LISTED = 30


class Target(Struct):
    """A possible target: the part after the colon in ``FILE.py:NAME``.

    ``what`` is the kind of thing, such as "function". ``line`` is the line of its definition.
    """

    name: str
    what: str
    line: int


def targets_of(program: Program) -> list[Target]:
    """Returns the models in the variables of a program. If there are none, returns the functions and classes that can
    make a model.
    """
    return _variables(program) or _local_variables(program) or sorted(_makers(program), key=lambda target: target.line)


def _variables(program: Program) -> list[Target]:
    named: dict[int, Target] = {}
    for key, value in program.main.variables.items():
        for name, model in _models_in(key, value):
            if is_complete(model) and id(model) not in named:
                named[id(model)] = _target(name, model)
    return sorted(named.values(), key=lambda target: target.line)


def _models_in(name: str, value: Any) -> Iterator[tuple[str, ModelValue]]:
    """Yields the model in a variable. For an object, yields the models in its attributes."""
    if isinstance(value, ModelValue):
        yield name, value
    elif isinstance(value, Instance):
        for key, part in value.attributes.items():
            if isinstance(part, ModelValue):
                yield f"{name}.{key}", part


def _local_variables(program: Program) -> list[Target]:
    """Returns the models in local variables of the functions that the program calls. Functions called by other
    functions are ignored.
    """
    models = {name: (depth, model) for name, (depth, model) in program.local_models.items() if is_complete(model)}
    if not models:
        return []
    outermost = min(depth for depth, _ in models.values())
    named = {id(model): _target(name, model) for name, (depth, model) in models.items() if depth == outermost}
    return sorted(named.values(), key=lambda target: target.line)


def _target(name: str, model: ModelValue) -> Target:
    return Target(name, f"{model.class_name} '{model.name}'", model.spot.line if model.spot else 1)


def is_complete(model: ModelValue) -> bool:
    """Returns True if a model has layers."""
    return bool(model.layers or model.outputs is not None or model.tracked or model.read is not None)


def _makers(program: Program) -> Iterator[Target]:
    """Yields the functions, classes and methods that can make a model. If ``build`` calls ``block``, only ``build`` is
    listed.
    """
    making = makers(program)
    called = {name for key, value in making.items() for name in _called(value) if name != key}
    roots = [name for name in making if name.rpartition(".")[2] not in called] or list(making)
    for name in roots:
        value = making[name]
        what = "class" if isinstance(value, ClassValue) else "method" if "." in name else "function"
        yield Target(name, what, _line(value))


def _line(value: Any) -> int:
    if isinstance(value, FunctionValue):
        return value.node.lineno
    return value.spot.line if value.spot is not None else 1


def makers(program: Program) -> dict[str, Any]:
    """Returns the functions, classes and methods in the main file that make a Keras model, by name."""
    functions: dict[str, Any] = {}
    for key, value in program.main.variables.items():
        if isinstance(value, FunctionValue) and not isinstance(value.node, ast.Lambda):
            if value.module is program.main:
                functions[key] = value
        elif isinstance(value, ClassValue) and value.spot is not None and value.spot.source is program.main.source:
            if value.library_base("keras.Model") or value.library_base("keras.Sequential"):
                functions[key] = value
                continue
            for name, method in value.attributes.items():
                function = method.function if isinstance(method, Wrapped) and method.kind != "property" else method
                if isinstance(function, FunctionValue) and not name.startswith("__"):
                    functions[f"{key}.{name}"] = function
    known = {name for name, value in functions.items() if isinstance(value, ClassValue)} | _MODEL_CLASSES
    known |= {name for name, value in program.main.variables.items() if _is_application(value)}
    result = {name: value for name, value in functions.items() if isinstance(value, ClassValue)}
    while True:
        new = {
            name: value
            for name, value in functions.items()
            if name not in result and returns_call(value.node, known, program)
        }
        if not new:
            return dict(sorted(result.items(), key=lambda item: list(functions).index(item[0])))
        result |= new
        known |= {name.rpartition(".")[2] for name in new}


def _is_application(value: Any) -> bool:
    return isinstance(value, Library) and value.path.startswith("keras.applications.") and value.name[:1].isupper()


def _called(value: Any) -> set[str]:
    """Returns the names of the functions that a function calls."""
    if not isinstance(value, FunctionValue):
        return set()
    return {ast.unparse(part.func).rpartition(".")[2] for part in ast.walk(value.node) if isinstance(part, ast.Call)}


def returns_call(node: ast.AST, names: Iterable[str], program: Program) -> bool:
    """Returns True if a function returns the result of calling one of ``names``, directly or in a variable."""
    wanted = set(names)
    made: set[str] = set()
    returned: list[ast.expr] = []
    for part in _own_nodes(node):
        if isinstance(part, ast.Assign) and _calls(part.value, wanted):
            made.update(ast.unparse(target) for target in part.targets)
        elif isinstance(part, ast.Return) and part.value is not None:
            returned.append(part.value)
    values = [part for value in returned for part in (value.elts if isinstance(value, ast.Tuple) else [value])]
    return any(_calls(value, wanted) or ast.unparse(value) in made for value in values)


def _calls(node: ast.expr, names: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    path = ast.unparse(node.func)
    name = path.rpartition(".")[2]
    return name in names or (".applications." in path and name[:1].isupper())


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yields the syntax nodes of a function, without those of inner functions and classes."""
    for part in ast.iter_child_nodes(node):
        yield part
        if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from _own_nodes(part)


def own_problems(program: Program, problems: Sequence[Problem], target: str) -> list[Problem]:
    """Returns the problems of a program that belong to one of its models.

    A problem belongs to the first model that contains its layer. If there is none, it belongs to the model of its
    name, and otherwise to the first model.
    """
    names = [known.name for known in targets_of(program)]
    models = {name: model for name in names if isinstance(model := _value_of(program, name), ModelValue)}
    inside = {name: {layer.name for layer in with_inner_layers(model.inner_layers())} for name, model in models.items()}

    def owner(problem: Problem) -> str:
        holders = [name for name, layers in inside.items() if problem.layer in layers]
        holders += [name for name, model in models.items() if problem.layer == model.name]
        return next(iter([*holders, *names]), target)

    return [problem for problem in problems if owner(problem) == target]


def _value_of(program: Program, name: str) -> Any:
    """Returns the value of a variable or an attribute of an object; None for other targets."""
    first, _, rest = name.partition(".")
    value = program.main.variables.get(first)
    if name in program.local_models:
        return program.local_models[name][1]
    return value.attributes.get(rest) if isinstance(value, Instance) else value


# Messages -----------------------------------------------------------------------------------------------------------------


def several(targets: Sequence[Target], name: str) -> Problem:
    """Returns the error for a program with several models. Its message lists them."""
    first, name = targets[0].name, visible(name)
    width = max(len(target.name) for target in targets[:_MOST_LISTED])
    lines = [f"  {name}:{target.name:<{width}}  {target.what}, line {target.line}" for target in targets[:_MOST_LISTED]]
    if len(targets) > _MOST_LISTED:
        lines.append(f"  and {len(targets) - _MOST_LISTED} more")
    message = f"{name}: the code has {len(targets)} models; name one, such as {name}:{first}, or show all with {name}:*"
    return Problem(codes.SEVERAL_MODELS, "\n".join([message, *lines]))


def _known(program: Program) -> str:
    """Returns the end of a message, which lists the models of a program."""
    names = [target.name for target in targets_of(program)]
    if not names:
        return "; the code makes no Keras model"
    return f"; the {'models are' if len(names) > 1 else 'only model is'} {first_listed(names)}"


def no_name(program: Program, part: str, name: str) -> Problem:
    """Returns the error for a name that the code does not define."""
    known = [key for key in (*program.main.variables, *program.local_models) if not key.startswith("_")]
    hint = did_you_mean(part, known) or _known(program)
    return Problem(codes.NO_MODEL_IN_CODE, f"{name}: there is no '{part}' in the code{hint}")


def no_attribute(program: Program, outer: Any, part: str, target: str, name: str) -> Problem:
    """Returns the error for an attribute that an object does not have."""
    attributes = outer.attributes if isinstance(outer, (ClassValue, Instance)) else {}
    known = [str(key) for key in attributes if not str(key).startswith("__")]
    hint = did_you_mean(part, known) or _known(program)
    return Problem(codes.NO_MODEL_IN_CODE, f"{name}: there is no '{part}' in '{target.rpartition('.')[0]}'{hint}")


def no_model(program: Program, target: str, name: str, value: Any) -> Problem:
    """Returns the error for a target that is not a model, or for a program without a model."""
    if isinstance(value, Unknown):
        mark = value.spot.mark() if value.spot is not None else None
        return Problem(codes.NO_MODEL_IN_CODE, f"{target or 'the model'} is unknown: {value.reason}", mark)
    if not target:
        message = f"{name}: the code makes no Keras model; give a file that does, or name a function that makes one"
        if program.main.source.text and _has_layers(program):
            message = f"{name}: the code makes no Keras model; name what makes it, such as {name}:FUNCTION"
        return Problem(codes.NO_MODEL_IN_CODE, message)
    what = _described(value)
    cure = _known(program)
    if isinstance(value, LayerValue):
        cure = f"; to see a model of this layer alone, give the size of its input, such as --input 32{cure}"
    return Problem(codes.NO_MODEL_IN_CODE, f"{name}: '{target}' {what}, not a model{cure}")


def _has_layers(program: Program) -> bool:
    return any(isinstance(value, (LayerValue, FunctionValue, ClassValue)) for value in program.main.variables.values())


def _described(value: Any) -> str:
    """Returns a description of a value for a message, such as "is a tensor"."""
    if isinstance(value, LayerValue):
        return f"is the layer '{value.name}'"
    if isinstance(value, TensorValue):
        return "is a tensor"
    if isinstance(value, Array):
        return "is an array"
    if isinstance(value, (Library, ModuleValue)):
        return f"is {value.path if isinstance(value, Library) else f'the module {value.name}'}"
    if isinstance(value, Instance):
        return f"is an object of {value.cls.name}"
    if value is None:
        return "is or returns None"
    if isinstance(value, (str, int, float, bool)):
        text = repr(value)
        return f"is {text if len(text) < 40 else 'a text'}"
    return f"is a {type(value).__name__}"
