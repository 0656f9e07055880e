"""Makes arguments for functions whose result is a target, such as ``build(units, activation=None)``.

A parameter without a default gets the value that the program gives it in its own calls; otherwise it becomes an unknown value. If
the function calls layers on it, it becomes an input of the model. A parameter with the default None becomes an unknown value if
the function raises an exception for None.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import shape_text
from convcalc.base.problems import Problem
from convcalc.layers.families import FAMILIES
from convcalc.read.code.keras.graph import TensorValue, mapped, tensors_in
from convcalc.read.code.keras.models import make_input
from convcalc.read.code.language.values import (
    LONGEST_NAME,
    MISSING,
    FunctionValue,
    Library,
    OpenArguments,
    OpenRest,
    Raised,
    Spot,
    Unknown,
)
from convcalc.read.code.libraries import canonical
from convcalc.read.code.program import Program

_MOST_TRIES = 8
_DEEPEST = 5
_MERGING = frozenset(FAMILIES["merging"].split())


def parameters(
    program: Program, function: FunctionValue, args: Sequence[Any], kwargs: Mapping[str, Any], has_receiver: bool
) -> dict[str, Any]:  # fmt: skip
    """Returns the named arguments for a function whose result is a target. ``args`` and ``kwargs`` come from the target."""
    signature = function.node.args
    names = [argument.arg for argument in (*signature.posonlyargs, *signature.args)]
    names = names[1:] if has_receiver else names
    defaults = set(names[len(names) - len(function.defaults) :]) if function.defaults else set()
    result: dict[str, Any] = OpenArguments(kwargs) if signature.kwarg is not None else dict(kwargs)
    tensors = tensor_parameters(function)
    needed: list[str] = []
    for name in [*names[len(args) :], *(argument.arg for argument in signature.kwonlyargs)]:
        if name in result:
            continue
        given = program.settings.get(name, MISSING)
        if given is not MISSING:
            result[name] = given
        elif name not in defaults and name not in function.keyword_defaults:
            needed.append(name)
    result |= _values_of_calls(program, function, needed)
    for name in needed:
        if name not in result:
            unknown = program.required_parameter(name, function)
            if name in tensors:
                unknown = make_input(program, [], {"name": name, "shape": unknown.named("")}, function.spot)
            result[name] = unknown
    return result


def _values_of_calls(program: Program, function: FunctionValue, names: Iterable[str]) -> dict[str, Any]:
    """Returns the values that the program gives to parameters in its own calls, as far as they are known.

    A tensor becomes a new input of its shape. A warning says which values these are.
    """
    given = {name: value for name in names if (value := program.own_calls.value(function, name)) is not None}
    if not given:
        return {}
    values = ", ".join(f"{name}={_shown(value.value)}" for name, value in given.items())
    message = f"`{function.name}` gets the values of this call: {values}; --set NAME=VALUE gives others"
    spot = next(iter(given.values())).spot
    program.notes.append(Problem(codes.VALUE_OF_CALL, message, spot.mark(), None, "warning"))
    return {name: _with_inputs(program, name, value.value, function.spot) for name, value in given.items()}


def _with_inputs(program: Program, name: str, value: Any, spot: Spot) -> Any:
    """Returns a value with a new input in place of each tensor."""
    numbers = count()

    def part(value: Any) -> Any:
        if not isinstance(value, TensorValue):
            return value
        label = f"{name}_{next(numbers)}" if is_list else name
        return make_input(program, [], {"name": label, "batch_shape": tuple(value.sizes), "dtype": value.dtype}, spot)

    is_list = isinstance(value, (list, tuple))
    return mapped(value, part) if tensors_in(value) else value


def _shown(value: Any) -> str:
    """Returns a value as a short text for a message."""
    if isinstance(value, TensorValue):
        return f"a tensor {shape_text(value.shape)}"
    parts = value if isinstance(value, (list, tuple)) else [value]
    text = repr(value) if all(isinstance(part, (int, float, str, type(None))) for part in parts) else "…"
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"


def rest_of(function: FunctionValue, args: list[Any]) -> list[Any]:
    """Returns the positional arguments for a function that the program never calls. With ``*args``, there may be more."""
    return OpenRest(args) if function.node.args.vararg is not None else args


def called_with_defaults(
    program: Program, function: Any, given: dict[str, Any], call: Callable[[dict[str, Any]], Any]
) -> Any:
    """Returns the result of ``call(given)``. If the default None of a parameter causes an exception, calls again with
    an unknown value.

    ``function`` has the parameters in ``given``.
    """
    for _ in range(_MOST_TRIES):
        names, problems, faults = program.names.copy(), list(program.problems), set(program.faults)
        try:
            return call(given)
        except Raised as raised:
            needed = unusable_defaults(function, given, raised) if isinstance(function, FunctionValue) else []
            if not needed:
                raise
            program.names, program.problems, program.faults = names, problems, faults
            given.update(_values_of_calls(program, function, [name for name in needed if name not in program.settings]))
            for name in needed:
                if given.get(name) is None:
                    reason = f"the parameter `{name}` of `{function.name}` has no default that works"
                    given[name] = program.settings.get(name, Unknown(reason, function.spot, name))
    return call(given)


def unusable_defaults(function: FunctionValue, given: Mapping[str, Any], raised: Raised) -> list[str]:
    """Returns the parameters whose default None probably caused an exception.

    They occur in the statement that raises it. If this is a ``raise`` statement, they occur in the ``if`` above it.
    """
    spot = raised.spot
    if spot is None or isinstance(function.node, ast.Lambda):
        return []
    while spot.via is not None and not _is_in(function, spot):
        spot = spot.via
    if not _is_in(function, spot):
        return []
    signature = function.node.args
    positional = [argument.arg for argument in (*signature.posonlyargs, *signature.args)]
    defaults = dict(zip(positional[len(positional) - len(function.defaults) :], function.defaults))
    defaults.update(function.keyword_defaults)
    names = [name for name, value in defaults.items() if value is None and name not in given]
    used = {
        part.id
        for node in _around(function.node.body, spot.line)
        for part in ast.walk(node)
        if isinstance(part, ast.Name)
    }
    return [name for name in names if name in used]


def _is_in(function: FunctionValue, spot: Spot) -> bool:
    first, last = function.node.lineno, function.node.end_lineno or 0
    return spot.source is function.spot.source and first <= spot.line <= last


def _around(body: Sequence[ast.stmt], line: int) -> Iterator[ast.AST]:
    """Yields the statement in a line. For a ``raise`` statement, yields the test of the ``if`` above it."""
    for node in body:
        if not node.lineno <= line <= (node.end_lineno or 0):
            continue
        inner = [*getattr(node, "body", ()), *getattr(node, "orelse", ())]
        found = [part for part in inner if isinstance(part, ast.stmt) and part.lineno <= line <= (part.end_lineno or 0)]
        if not found:
            yield getattr(node, "test", node) if inner else node
        elif isinstance(node, ast.If) and isinstance(found[0], ast.Raise):
            yield node.test
        else:
            yield from _around(inner, line)


# Parameters that are tensors --------------------------------------------------------------------------------------------


def tensor_parameters(function: FunctionValue, depth: int = 0) -> set[str]:
    """Returns the names of parameters on which a function calls layers: ``x`` for ``Dense(8)(x)``."""
    signature = function.node.args
    other_names = {
        argument.arg: argument.arg for argument in (*signature.posonlyargs, *signature.args, *signature.kwonlyargs)
    }
    found: set[str] = set()
    for part in _in_order(function.node):
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Name) and part.value.id in other_names:
            for target in part.targets:
                if isinstance(target, ast.Name):
                    other_names.setdefault(target.id, other_names[part.value.id])
        elif isinstance(part, ast.Call):
            found.update(other_names[name] for name in _tensors_of_call(part, function, depth) if name in other_names)
    return found


def _tensors_of_call(call: ast.Call, function: FunctionValue, depth: int) -> set[str]:
    """Returns the names of the variables in a call that must be tensors: ``x`` in ``Dense(8)(x)``."""
    first = call.args[0] if call.args else None
    if isinstance(call.func, ast.Call):  # `layer(…)(x)`
        if isinstance(first, ast.Name) and ast.unparse(call.func.func).rpartition(".")[2] in _MERGING:
            return set()  # here, a name is a list of tensors
        return _names_in(first)
    if not isinstance(call.func, (ast.Name, ast.Attribute)):
        return set()
    value = _value_of(call.func, function)
    if isinstance(value, Library) and value.path == "keras.Model":
        inputs = next((keyword.value for keyword in call.keywords if keyword.arg in ("inputs", "input")), first)
        return _names_in(inputs)
    if isinstance(value, Library) and value.path.startswith("keras.layers.") and value.name.islower():
        return _names_in(first) if isinstance(first, (ast.List, ast.Tuple)) else set()
    if isinstance(value, FunctionValue) and depth < _DEEPEST and value is not function:
        wanted = tensor_parameters(value, depth + 1)
        names = [argument.arg for argument in (*value.node.args.posonlyargs, *value.node.args.args)]
        pairs = [*zip(names, call.args), *((keyword.arg, keyword.value) for keyword in call.keywords)]
        return {node.id for name, node in pairs if name in wanted and isinstance(node, ast.Name)}
    return set()


def _value_of(node: ast.expr, function: FunctionValue) -> Any:
    """Returns the value of a name such as ``Model`` or ``layers.add`` in the function's module."""
    if isinstance(node, ast.Name):
        return function.module.variables.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(outer := _value_of(node.value, function), Library):
        return Library(canonical(f"{outer.path}.{node.attr}"))
    return None


def _names_in(node: ast.expr | None) -> set[str]:
    if isinstance(node, (ast.List, ast.Tuple)):
        return {part.id for part in node.elts if isinstance(part, ast.Name)}
    return {node.id} if isinstance(node, ast.Name) else set()


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Yields the syntax nodes of a function in order, without those of inner functions and classes."""
    for part in ast.iter_child_nodes(node):
        yield part
        if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from _in_order(part)
