"""The models of a command line as reports, with what is to be said of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from convcalc.base import codes
from convcalc.base.numbers import LARGEST
from convcalc.base.problems import ConvcalcError, Refusal, did_you_mean, error, listed
from convcalc.cli import CHECK_FAILED, OK, USAGE_ERROR, warn
from convcalc.cli.progress import progress
from convcalc.cli.sizes import parse_sizes

if TYPE_CHECKING:
    from convcalc.analyse import Report, Study
    from convcalc.analyse.assumptions import Assumptions
    from convcalc.base.numbers import Number
    from convcalc.model import Model
    from convcalc.read.keras_files.weights import Weights

F = TypeVar("F", bound="Callable[..., Any]")


class Reading:
    """The reports of the models, one at a time as they are read. ``options`` are those of the command; ``code`` is the exit code
    by what was found so far.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self.assumptions = _assumptions(options["assume_dtype"], options["inplace"], options["training"])
        self.code = OK

    def reports(self, models: tuple[str, ...]) -> Iterator[Study]:
        """A report for each model; one that cannot be read hides no other."""
        alone = len(models) == 1
        reports = progress(models, (self._report(source, alone) for source in models), self.options["quiet"])
        return (report for report in reports if report is not None)

    def _report(self, source: str, alone: bool) -> Study | None:
        """A model's report, with what is to be said of it; None for one of several that cannot be read."""
        try:
            report, weights = self._read(source)
        except ConvcalcError as failed:
            if alone:
                raise
            warn(str(failed))
            self.code = USAGE_ERROR
            return None
        failures = [] if weights is None else _differences(source, report, weights)
        said = [] if weights is None or failures else [_agreement(source, report, weights)]
        if self.options["strict"]:
            failures += _unknown(source, report, self.options["memory"])
        if failures:
            self.code = max(self.code, CHECK_FAILED)
        if not self.options["quiet"]:
            for text in (*map(str, report.problems), *said, *failures):
                warn(text)
        return report

    def _read(self, source: str) -> tuple[Study, Weights | None]:
        """The report on a model, and the weights that its file stores where they are to be compared."""
        from convcalc.analyse import Study, infer
        from convcalc.read import parse

        model = parse(source)
        asked = resized(model, self.options["inputs"], self.options["batch"])
        report = Study.of(infer(asked), self.assumptions)
        weights = _stored(source, model) if self.options["verify"] else None
        convention = self.options["convention"]
        return report if convention is None else report.with_flops(convention), weights


def _stored(source: str, model: Model) -> Weights:
    from convcalc.read.keras_files.weights import stored_weights

    return stored_weights(source, model)


def _unknown(source: str, report: Study, memory: bool) -> list[str]:
    """Which of the totals that are shown are not wholly known."""
    labels = {**report.totals.incomplete, **(report.memory.incomplete if memory else {})}
    words = {"partial": "only a lower bound"}
    return [f"{source}: {name}: {words.get(label, 'unknown')}" for name, label in labels.items()]


def _assumptions(dtype: str | None, in_place: bool, optimizer: str | None) -> Assumptions:
    """What the command line says that memory is counted under."""
    from convcalc.analyse.assumptions import Assumptions
    from convcalc.analyse.optimizers import SLOTS
    from convcalc.layers.dtypes import BITS

    sized = [name for name, bits in BITS.items() if bits]
    for option, value, known in (("--assume-dtype", dtype, sized), ("--training", optimizer, list(SLOTS))):
        if value is not None and value not in known:
            hint = did_you_mean(value, known) or f"; known are {listed(known, 'and')}"
            raise error(codes.INVALID_VALUE, f"{option} does not know '{value}'{hint}")
    return Assumptions(dtype, in_place, optimizer)


def _differences(source: str, report: Report, weights: Weights) -> list[str]:
    """Where the report does not agree with the weights in the file."""
    from convcalc.checking.verify import verify

    problems = verify(report, weights).problems
    return [str(problem._replace(message=f"{source}: {problem.message}")) for problem in problems]


def _agreement(source: str, report: Report, weights: Weights) -> str:
    """How much of the report agrees with the weights in the file."""
    from convcalc.checking.verify import verify

    found = verify(report, weights)
    agree = f"{_counted(found.weights, 'weight')} of {_counted(found.layers, 'layer')} agree with the file"
    rest = f"; of {_counted(found.unknown, 'layer')} nothing is known to compare" if found.unknown else ""
    return f"{source}: {agree}{rest}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def input_options(command: F) -> F:
    """The options for other sizes than those that a model states."""
    for option in (
        click.option("--batch", type=click.IntRange(1, LARGEST), help="The batch size."),
        click.option(
            "--input", "inputs", multiple=True, metavar="[NAME=]SIZES", help="Another input size, as 224x224x3."
        ),
    ):
        command = option(command)
    return command


def resized(model: Model, inputs: tuple[str, ...], batch: int | None) -> Model:
    """The model with the input sizes and the batch size of the command line."""
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
            message = f"the model has several inputs: say which, as in --input {names[0]}=224x224x3"
        else:
            message = f"there is no input '{name}'{did_you_mean(name, names) or f'; there is {listed(names, chr(38))}'}"
        raise error(codes.UNKNOWN_INPUT, message) from None
    except Refusal as refused:
        raise error(refused.code, refused.message) from None
