"""Finds the model that a target such as ``FILE.py:build`` names."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import shape_text
from convcalc.base.problems import ConvcalcError, Problem, error
from convcalc.read.code.keras.graph import LayerValue, ModelValue
from convcalc.read.code.keras.models import make_input
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Library,
    Raised,
    Spot,
    Unknown,
    Wrapped,
    first_unknown,
    is_known,
)
from convcalc.read.code.parameters import called_with_defaults, parameters, rest_of
from convcalc.read.code.program import Program
from convcalc.read.code.targets import is_complete, no_attribute, no_name, several, targets_of


def find(program: Program, target: str, name: str) -> Any:
    """Returns the value that a target names, usually a model. ``name`` is the name of the file.

    Without a target, the program must have one model. Raises :class:`ConvcalcError` if it has several, or if the target does not
    exist.
    """
    if not target:
        targets = targets_of(program)
        if len(targets) > 1:
            raise ConvcalcError([several(targets, name)])
        if targets:
            return find(program, targets[0].name, name)
        complete = [model for model in program.models if is_complete(model)]
        return built(program, complete[0]) if len(complete) == 1 else None
    path, arguments = call_in(target, name)
    value = built(program, made(program, _value(program, path, target, name), arguments))
    if isinstance(value, ModelValue) and value.is_sequential and value.input_tensor is None:
        own = program.models[: program.own_calls.models]
        if not any(value is model for model in own):  # the target is a function
            _use_input_of_others(program, value, own)
    return value


def _value(program: Program, path: str, target: str, name: str) -> Any:
    """Returns the value of a path such as ``build`` or ``Net.make`` in the main file. A path can also name a local
    variable.
    """
    first, *rest = path.split(".")
    value = program.main.variables.get(first, MISSING)
    if value is MISSING:
        local = program.local_models.get(path)
        if local is not None:
            return local[1]
        raise ConvcalcError([no_name(program, first, name)])
    for part in rest:
        if isinstance(value, ClassValue) and isinstance(value.find(part), FunctionValue):
            try:
                value = made_instance(program, value, _start(program))
            except Raised as raised:
                text = f"`{value.name}()` raises {raised.class_name}: {program.message_of(raised)}"
                return Unknown(text, raised.spot)
        outer, value = value, program.attribute_or_missing(value, part, _start(program))
        if value is MISSING:
            raise ConvcalcError([no_attribute(program, outer, part, target, name)])
    return value


def _start(program: Program) -> Spot:
    """Returns the place of a call that is not in the code. Messages do not show it."""
    return Spot(program.main.source, 0, 0)


def call_in(target: str, name: str) -> tuple[str, tuple[list[Any], dict[str, Any]]]:
    """Returns the name and the arguments of a target such as ``build(classes=10)``."""
    try:
        node = ast.parse(target.strip(), mode="eval").body
        args, kwargs = [], {}
        if isinstance(node, ast.Call):
            args = [ast.literal_eval(arg) for arg in node.args]
            kwargs = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
            node = node.func
        path = ast.unparse(node)
        if all(part.isidentifier() for part in path.split(".")):
            return path, (args, kwargs)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    message = f"{name}: cannot read the target '{target}'; write it as NAME, CLASS.METHOD or NAME(ARGUMENT=VALUE)"
    raise error(codes.NO_MODEL_IN_CODE, message)


def made(program: Program, value: Any, arguments: tuple[list[Any], dict[str, Any]] = ([], {})) -> Any:
    """Calls a function or a class. Returns the model in the result, or in a value of another type."""
    args, kwargs = arguments
    if isinstance(value, Wrapped):
        value = value.function
    if not isinstance(value, (FunctionValue, ClassValue, Bound)):
        return _model_in(value)
    called = (
        value.find("__init__")
        if isinstance(value, ClassValue)
        else value.function
        if isinstance(value, Bound)
        else value
    )
    spot = _start(program)
    has_receiver = called is not value
    given = dict(kwargs)
    try:
        if isinstance(called, FunctionValue):
            given = parameters(program, called, args, kwargs, has_receiver)
            args = rest_of(called, args)
        result = called_with_defaults(program, called, given, lambda given: program.call(value, args, given, spot))
    except Raised as raised:
        if raised.spot is not None and not program.problems:
            program.fault(
                codes.NO_MODEL_IN_CODE,
                f"the code raises {raised.class_name}: {program.message_of(raised)}",
                raised.spot,
                None,
            )
        return Unknown(f"it raises {raised.class_name}: {program.message_of(raised)}", raised.spot)
    return _model_in(result)


def made_instance(program: Program, cls: ClassValue, spot: Spot) -> Any:
    """Returns an object of a class, made without arguments. Parameters without a default get unknown values."""
    init = cls.find("__init__")
    if not isinstance(init, FunctionValue):
        return program.call(cls, [], {}, spot)
    given = parameters(program, init, [], {}, True)
    return called_with_defaults(program, init, given, lambda given: program.call(cls, rest_of(init, []), given, spot))


def _model_in(value: Any) -> Any:
    """Returns the first model in a tuple, list or dict. Returns any other value unchanged."""
    if isinstance(value, (tuple, list, dict)):
        parts = value.values() if isinstance(value, dict) else value
        return next((part for part in parts if isinstance(part, ModelValue)), value)
    return value


def built(program: Program, value: Any) -> Any:
    """Calls a model or layer on the inputs of ``--input`` if the program never calls it. Returns the model."""
    sizes = program.sizes_of_inputs
    if not sizes or not isinstance(value, LayerValue) or not _needs_input(value):
        return value
    spot = value.spot or _start(program)
    tensors = {
        name: make_input(program, [], {"shape": shape, **({} if name is None else {"name": name})}, spot)
        for name, shape in sizes.items()
    }
    named = {name: tensor for name, tensor in tensors.items() if name is not None}
    inputs: Any = named if named else tensors[None]
    try:
        if isinstance(value, ModelValue) and value.is_sequential:
            value.input_tensor = None
        output = program.call(value, [inputs], {}, spot)
    except Raised as raised:
        return Unknown(f"the call on the inputs raises {raised.class_name}: {program.message_of(raised)}", raised.spot)
    if isinstance(value, ModelValue):
        return value
    return program.call(Library("keras.Model"), [inputs, output], {}, spot)


def _use_input_of_others(program: Program, model: ModelValue, own: Sequence[ModelValue]) -> None:
    """Builds a Sequential without an input on the shape that the program gives to its models made at the same place.

    For example, the program calls ``model = build()`` and ``model.fit(x)``, and the target is ``build``. Does nothing if the program
    gives different shapes, or none to one of the models.
    """
    spot = model.spot
    others = [
        other for other in own if spot is not None and other.spot is not None and _is_same_place(other.spot, spot)
    ]
    sizes = [() if other.input_tensor is None else other.input_tensor.sizes for other in others]
    shapes = {
        (None, *shape[1:]) if shape and is_known(tuple(shape)) else ()
        for shape in sizes
        if not isinstance(shape, Unknown)
    }
    shape = shapes.pop() if len(shapes) == 1 else ()
    if not shape or spot is None or first_unknown(sizes) is not None:
        return
    program.build_model(model, shape, spot)
    text = f"'{model.name}' gets the input that the program gives to the model of its own call: {shape_text(shape)}"
    problem = Problem(codes.VALUE_OF_CALL, f"{text}; --input gives another", spot.mark(), None, "warning")
    program.notes.append(problem)


def _is_same_place(first: Spot, second: Spot) -> bool:
    return first.source is second.source and (first.line, first.column) == (second.line, second.column)


def _needs_input(layer: LayerValue) -> bool:
    """Returns True if the shape of a layer's input is unknown, because the program never calls it."""
    if not isinstance(layer, ModelValue):
        return True
    if layer.is_sequential:
        return layer.input_tensor is None
    return layer.cls is not None and layer.outputs is None and not layer.cached.get("forms")
