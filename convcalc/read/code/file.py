"""Reads a program's file: parses it, follows it and returns the model that a target names."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Problem, did_you_mean
from convcalc.model import Model
from convcalc.read.code.folders import module_folder, root_of
from convcalc.read.code.keras.graph import ModelValue
from convcalc.read.code.named_model import find
from convcalc.read.code.notebooks import sources_of
from convcalc.read.code.program import Program
from convcalc.read.code.syntax import parsed
from convcalc.read.code.targets import no_model, own_problems, targets_of
from convcalc.read.detect import OpenFile
from convcalc.read.input_sizes import resized

MAX_RECURSION = 4_000  # one nested call in the program needs about 15 nested calls of Python


def read_code(content: OpenFile) -> Model:
    """Returns the model of an open file with Python code."""
    settings = content.settings
    folder, root = _folders(content)
    return read_program(
        content.text.text, content.name, folder, content.target, settings.values, settings.inputs, root, settings.each
    )


def _folders(content: OpenFile) -> tuple[str, str]:
    folder = content.settings.folder
    if folder:
        return folder, folder
    own = module_folder(content.name)
    return own, root_of(own)


def target_names(content: OpenFile) -> list[str]:
    """Returns the names of the models of an open file with Python code. Raises :class:`ConvcalcError` if there are none."""
    folder, root = _folders(content)
    program = follow(content.text.text, content.name, folder, content.settings.values, None, root)
    targets = targets_of(program)
    if not targets:
        raise ConvcalcError([no_model(program, "", content.name, None)])
    return [target.name for target in targets]


def read_program(
    text: str, name: str, folder: str = "", target: str = "", settings: Mapping[str, Any] | None = None,
    inputs: Mapping[str | None, tuple[Any, ...]] | None = None, root: str = "", each: bool = False,
) -> Model:  # fmt: skip
    """Returns the model of a program that ``target`` names: a variable, a function, a class or ``Class.method``.

    ``folder`` is the folder of the program, and ``root`` is the top folder of its project. Without a target, the program
    must have one model. With ``each``, an error of the program belongs to only one of its models. Raises
    :class:`ConvcalcError` if the program has none or several, or if the code cannot be parsed.
    """

    def read(inputs: Mapping[str | None, tuple[Any, ...]] | None) -> Model:
        with deep_recursion():
            return _model(follow(text, name, folder, settings, inputs, root), target, name, each)

    if not inputs:
        return read(None)
    # An input is found by its name, so the program is read twice: to learn the names, and to set the sizes of this
    # model only.
    try:
        model = read(None)
    except ConvcalcError:  # the model may need the sizes, so it is read with them
        return read(inputs)
    sources = [model.layer_of(ref) for ref in model.inputs]
    if sources and all(layer.class_name == "InputLayer" and layer.place is not None for layer in sources):
        resized(model, inputs, None)
        inputs = {sources[0].name if key is None else key: sizes for key, sizes in inputs.items()}
    return read(inputs)


def _model(program: Program, target: str, name: str, each: bool) -> Model:
    """Returns the model of a target, with the problems of its program."""
    common = len(program.problems)
    value = find(program, target, name)
    problems_of = program.problems
    if each:
        problems_of = [*own_problems(program, problems_of[:common], target), *problems_of[common:]]
    problems_of = program.judged(problems_of)
    errors = [problem for problem in problems_of if problem.severity == "error"]
    if not isinstance(value, ModelValue):
        raise ConvcalcError(errors or [no_model(program, target, name, value)])
    model = program.model_of(value)
    faulty = {problem.layer for problem in errors} - {None}
    notes = [problem for problem in model.problems if problem not in errors and problem.layer not in faulty]
    layers = tuple(layer._replace(broken=True) if layer.name in faulty else layer for layer in model.layers)
    warnings = [problem for problem in problems_of if problem.severity != "error"]
    problems = (*_unused(program, name), *program.notes, *errors, *warnings, *notes)
    return model._replace(
        source=f"{name}:{target}" if target else name, problems=problems, layers=layers, place=value.spot
    )


def follow(
    text: str, name: str, folder: str = "", settings: Mapping[str, Any] | None = None,
    inputs: Mapping[str | None, tuple[Any, ...]] | None = None, root: str = "",
) -> Program:  # fmt: skip
    """Returns the program after convcalc has followed all its statements."""
    sources = sources_of(text, name)
    program = Program(sources[0], folder, settings, root)
    program.sizes_of_inputs = dict(inputs or {})
    with deep_recursion():
        for source in sources:
            try:
                tree = parsed(source)
            except ConvcalcError as failed:
                if not name.endswith(".ipynb"):
                    raise
                program.notes += [problem._replace(severity="warning") for problem in failed.problems]
                continue
            program.main.source = source
            program.run_module(program.main, tree.body)
    program.own_calls.close(len(program.models))
    return program


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Increases Python's limit of nested calls while convcalc follows a program."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, MAX_RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _unused(program: Program, name: str) -> Iterable[Problem]:
    """Yields a warning for each name of ``--set`` that the code does not use."""
    known = [key for key in (*program.settings.asked, *program.main.variables) if not key.startswith("__")]
    for key in program.settings:
        if key not in program.settings.used:
            hint = did_you_mean(key, known) or "; give a variable, a parameter or the text of an unknown expression"
            yield Problem(
                codes.UNUSED_SETTING,
                f"{name}: --set {key}: the code has no variable and no unknown value of this name{hint}",
                severity="warning",
            )
