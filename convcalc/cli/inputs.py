"""The options that change a model (``--input``, ``--batch``, ``--set``, ``--custom``), and reading models with them.

Every command that takes a MODEL uses this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from convcalc.base import codes
from convcalc.base.numbers import LARGEST
from convcalc.base.problems import ConvcalcError, Problem, error, limited
from convcalc.base.structs import Struct
from convcalc.cli.command import INPUT, WholeNumber, option
from convcalc.cli.custom_files import custom_layers
from convcalc.cli.sizes import parse_sizes

if TYPE_CHECKING:
    from convcalc.model import Model
    from convcalc.read.code_settings import CodeSettings

F = TypeVar("F", bound="Callable[..., Any]")

MAX_NOTES = 20  # the maximum number of warnings about unknown values that are shown for one model


def size_options(command: F) -> F:
    """Adds the options ``--input`` and ``--set``. They replace sizes of the model and values in its code."""
    for add_option in (
        option(
            "--set",
            "values",
            multiple=True,
            metavar="NAME=VALUE",
            heading=INPUT,
            help="Give a name in Python code a value, e.g. num_classes=10.",
        ),
        option(
            "--input",
            "inputs",
            multiple=True,
            metavar="[NAME=]SIZES",
            heading=INPUT,
            help="Use another input size, e.g. 224x224x3.",
        ),
    ):
        command = add_option(command)
    return command


def input_options(command: F) -> F:
    """Adds the options ``--input``, ``--batch`` and ``--set``."""
    batch = option("--batch", type=WholeNumber(1, LARGEST), metavar="N", heading=INPUT, help="Use this batch size.")
    return size_options(batch(command))


class Inputs(Struct):
    """The values of the options for reading models: ``--set``, ``--input``, ``--batch`` and ``--custom``."""

    values: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    batch: int | None = None
    custom: tuple[str, ...] = ()

    def model(self, source: str, each: bool = False) -> Model:
        """Returns the model in a file, with the sizes and values of the options. Does not raise the model's problems.

        ``each`` is True if all models of a program are read: see :class:`CodeSettings`.
        """
        from convcalc.read import parse
        from convcalc.read.code_settings import names_code

        model = parse(source, custom_layers(self.custom), self.settings(each=each))
        return self.finished(model, names_code(source))

    def sound_model(self, source: str) -> Model:
        """Like :meth:`model`, but raises :class:`ConvcalcError` if the model has an error."""
        return raised_if_faulty(self.model(source))

    def finished(self, model: Model, is_code: bool) -> Model:
        """Returns a model after applying ``--input`` and ``--batch``. Warns if ``--set`` is given for a model that is
        not code.
        """
        from convcalc.read.input_sizes import resized

        if self.values and not is_code:
            names = ", ".join(f"--set {text}" for text in self.values)
            message = f"{model.source or model.name}: {names} is not used, because --set works only for Python code"
            model = model._replace(
                problems=(*model.problems, Problem(codes.UNUSED_SETTING, message, severity="warning"))
            )
        inputs = {} if is_code else self.sizes()
        return resized(model, inputs, self.batch) if inputs or self.batch is not None else model

    def sizes(self) -> dict[str | None, tuple[Any, ...]]:
        """Returns the sizes of ``--input`` by the name of the input. Raises an error if an input has two sizes."""
        sizes: dict[str | None, tuple[Any, ...]] = {}
        for name, size in map(_input_sizes, self.inputs):
            if name in sizes:
                of = f" for '{name}'" if name else ""
                message = (
                    f"--input is given twice{of}; run the command once for each size, or name the inputs: NAME=SIZES"
                )
                raise error(codes.INVALID_VALUE, message)
            sizes[name] = size
        return sizes

    def settings(self, folder: str = "", each: bool = False) -> CodeSettings:
        """Returns the settings for reading Python code. ``folder``, if given, has the modules that the program imports."""
        from convcalc.read.code_settings import NO_SETTINGS, CodeSettings

        if not self.values and not self.inputs and not folder and not each:
            return NO_SETTINGS
        return CodeSettings(dict(map(_setting, self.values)), self.sizes(), folder, each)

    def sources(self, models: Sequence[str], each: bool = False) -> list[str]:
        """Returns the sources of the models: ``FILE.py:*`` becomes a source for each of its models.

        With ``each``, this also applies to ``FILE.py`` if its code has several models.
        """
        from convcalc.read.code_settings import ALL, names_code, split_target

        result: list[str] = []
        for source in models:
            _, target = split_target(source)
            if target == ALL or (each and not target and names_code(source)):
                result += self._each(source.removesuffix(f":{ALL}"), target == ALL)
            else:
                result.append(source)
        return result

    def _each(self, source: str, named: bool) -> list[str]:
        """Returns a source for each model of a program, such as ``train.py:model``.

        If the program has one model, returns the file's name alone, unless ``named``.
        """
        from convcalc.read import all_models

        try:
            sources = all_models(f"{source}:*", self.settings())
        except ConvcalcError:  # the error is reported later, when the command reads the model
            return [source]
        return sources if named or len(sources) > 1 else [source]


def raised_if_faulty(model: Model) -> Model:
    """Returns a model. Raises :class:`ConvcalcError` with its problems if one of them is an error."""
    if any(problem.severity == "error" for problem in model.problems):
        raise ConvcalcError(limited(model.problems))
    return model


def inputs_of(options: Mapping[str, Any]) -> Inputs:
    """Returns the values of the options of a command for reading models."""
    return Inputs(
        tuple(options.get("values") or ()),
        tuple(options.get("inputs") or ()),
        options.get("batch"),
        tuple(options.get("custom") or ()),
    )


def are_several(models: Sequence[str]) -> bool:
    """Returns True if the user names several models, or all models of a program with ``:*``."""
    return len(models) > 1 or any(source.endswith(":*") for source in models)


def warnings_of(problems: Sequence[Problem]) -> list[str]:
    """Returns the warnings of a model as texts. At most 20 unknown values are listed, on one line each."""
    notes = [problem for problem in problems if problem.code == codes.UNKNOWN_VALUE]
    texts = [str(problem) for problem in problems if problem.code != codes.UNKNOWN_VALUE]
    texts += [problem.headline for problem in notes[:MAX_NOTES]]
    if len(notes) > MAX_NOTES:
        texts.append(f"{len(notes) - MAX_NOTES} more warnings about unknown values are not shown")
    return texts


def _setting(text: str) -> tuple[str, object]:
    """Returns the name and the value of ``--set NAME=VALUE``. A value is a Python constant, sizes such as 32x32x3, or a text."""
    from ast import literal_eval

    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not name:
        raise error(codes.INVALID_VALUE, f"--set expects NAME=VALUE, such as --set num_classes=10, not '{text[:40]}'")
    try:
        return name, literal_eval(value.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        pass
    parts = value.strip().split("x")
    if all(part.isdigit() or part == "None" for part in parts):
        return name, tuple(None if part == "None" else int(part) for part in parts)
    return name, value


def _input_sizes(text: str) -> tuple[str | None, tuple[Any, ...]]:
    name, equals, sizes = text.rpartition("=")
    return (name if equals else None), parse_sizes(sizes, "--input")
