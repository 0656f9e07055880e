"""Reads the models that a command names. Handles reports, warnings and the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from convcalc.base import codes
from convcalc.base.numbers import LARGEST
from convcalc.base.problems import ConvcalcError, Refusal, did_you_mean, error, listed
from convcalc.cli import CHECK_FAILED, OK, USAGE_ERROR, warn
from convcalc.cli.command import INPUT, WholeNumber, option
from convcalc.cli.custom_files import custom_layers
from convcalc.cli.progress import progress
from convcalc.cli.sizes import parse_sizes

if TYPE_CHECKING:
    from convcalc.analyse import Study
    from convcalc.analyse.assumptions import Assumptions
    from convcalc.base.numbers import Number
    from convcalc.model import Model
    from convcalc.read.code_settings import CodeSettings
    from convcalc.read.keras_files.weights import Weights

F = TypeVar("F", bound="Callable[..., Any]")


class Reading:
    """Reads the models one at a time.

    ``options`` are the options of the command. ``code`` is the exit code for the models read so far.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self.assumptions = _assumptions(options["assume_dtype"], options["inplace"], options["training"])
        self.code = OK

    def reports(self, models: tuple[str, ...]) -> Iterator[Study]:
        """Yields a report for each model. If there are several models, a model that cannot be read is skipped with a
        message.
        """
        alone = len(models) == 1
        reports = progress(models, (self._report(source, alone) for source in models), self.options["quiet"])
        return (report for report in reports if report is not None)

    def _report(self, source: str, alone: bool) -> Study | None:
        """Returns the report of a model, and prints messages about it.

        If the model cannot be read, raises the error for the only model, and returns None for one of several models.
        """
        try:
            report, weights = self._read(source)
        except ConvcalcError as failed:
            if alone:
                raise
            warn(str(failed))
            self.code = USAGE_ERROR
            return None
        failures: list[str] = []
        messages: list[str] = []
        if weights is not None:
            from convcalc.checking.verify import verify

            result = verify(report, weights)
            failures = [str(problem._replace(message=f"{source}: {problem.message}")) for problem in result.problems]
            messages = [] if failures else [f"{source}: {result.agreement}"]
        if self.options["strict"]:
            failures += _unknown(source, report, self.options["memory"])
        if failures:
            self.code = max(self.code, CHECK_FAILED)
        if not self.options["quiet"]:
            for text in (*map(str, report.problems), *messages, *failures):
                warn(text)
        return report

    def _read(self, source: str) -> tuple[Study, Weights | None]:
        """Returns the report of a model, and the weights in its file. The weights are None without ``--verify``."""
        from convcalc.analyse import Study, infer
        from convcalc.read import parse
        from convcalc.read.code_settings import is_code, split_target

        settings = code_settings(self.options.get("set", ()), self.options["inputs"])
        model = parse(source, custom_layers(self.options["custom"]), settings)
        weights_file = self.options.get("weights")
        if weights_file is not None:
            from convcalc.read.keras_files.weights import with_weights

            model = with_weights(model, weights_file)
        inputs = () if is_code(split_target(source)[0]) else self.options["inputs"]
        resized_model = resized(model, inputs, self.options["batch"])
        report = Study.of(infer(resized_model), self.assumptions)
        weights = (
            _stored(weights_file or source, report.model if model.fallback else model)
            if self.options["verify"]
            else None
        )
        convention = self.options["convention"]
        return report if convention is None else report.with_flops(convention), weights


def _stored(source: str, model: Model) -> Weights:
    from convcalc.read.keras_files.weights import stored_weights

    return stored_weights(source, model)


def _unknown(source: str, report: Study, memory: bool) -> list[str]:
    """Returns one message for each total in the output that is unknown or only a lower bound."""
    labels = {**report.totals.incomplete, **(report.memory.incomplete if memory else {})}
    words = {"partial": "only a lower bound"}
    return [f"{source}: {name} is {words.get(label, 'unknown')} (--strict)" for name, label in labels.items()]


def _assumptions(dtype: str | None, in_place: bool, optimizer: str | None) -> Assumptions:
    """Returns the assumptions that the options set for the analysis of memory."""
    from convcalc.analyse.assumptions import Assumptions
    from convcalc.analyse.optimizers import SLOTS
    from convcalc.layers.dtypes import BITS

    sized = [name for name, bits in BITS.items() if bits]
    for flag, value, known in (("--assume-dtype", dtype, sized), ("--training", optimizer, list(SLOTS))):
        if value is not None and value not in known:
            hint = did_you_mean(value, known) or f"; choose {listed(known)}"
            raise error(codes.INVALID_VALUE, f"{flag}: unknown value '{value}'{hint}")
    return Assumptions(dtype, in_place, optimizer)


def input_options(command: F) -> F:
    """Adds the options ``--batch``, ``--input`` and ``--set``. They replace sizes of the model and names of its code."""
    for add_option in (
        option(
            "--set",
            "set",
            multiple=True,
            metavar="NAME=VALUE",
            heading=INPUT,
            help="Give a name in Python code a value, e.g. num_classes=10.",
        ),
        option("--batch", type=WholeNumber(1, LARGEST), metavar="N", heading=INPUT, help="Use this batch size."),
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


def code_settings(values: tuple[str, ...], inputs: tuple[str, ...]) -> CodeSettings:
    """Returns what ``--set`` and ``--input`` say about a program."""
    from convcalc.read.code_settings import NO_SETTINGS, CodeSettings

    if not values and not inputs:
        return NO_SETTINGS
    return CodeSettings(dict(map(_setting, values)), dict(map(_input_sizes, inputs)))


def _setting(text: str) -> tuple[str, object]:
    """Returns the name and the value of ``--set NAME=VALUE``. A value is a Python constant, sizes such as 32x32x3, or a text."""
    from ast import literal_eval

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise error(codes.INVALID_VALUE, f"--set: '{text}' is not NAME=VALUE, such as --set num_classes=10")
    try:
        return name, literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        pass
    parts = value.split("x")
    if all(part.isdigit() or part == "None" for part in parts):
        return name, tuple(None if part == "None" else int(part) for part in parts)
    return name, value


def _input_sizes(text: str) -> tuple[str | None, tuple[object, ...]]:
    name, equals, sizes = text.rpartition("=")
    return (name if equals else None), parse_sizes(sizes, "--input")


def resized(model: Model, inputs: tuple[str, ...], batch: int | None) -> Model:
    """Returns the model with the input sizes and the batch size that the command line gives."""
    from convcalc.model import with_input_sizes

    if not inputs and batch is None:
        return model
    wanted: dict[str | None, tuple[Number, ...]] = {}
    for text in inputs:
        name, equals, sizes = text.rpartition("=")
        wanted[name if equals else None] = parse_sizes(sizes, "--input")  # type: ignore[assignment]
    try:
        return with_input_sizes(model, wanted, batch)
    except KeyError as unknown:
        names = [model.layer_of(ref).name for ref in model.inputs]
        name = unknown.args[0]
        if name is None:
            message = f"the model has several inputs: name one of them, e.g. --input {names[0]}=224x224x3"
        else:
            message = (
                f"there is no input '{name}'{did_you_mean(name, names) or '; the inputs are ' + listed(names, 'and')}"
            )
        raise error(codes.UNKNOWN_INPUT, message) from None
    except Refusal as refused:
        raise error(refused.code, refused.message) from None
