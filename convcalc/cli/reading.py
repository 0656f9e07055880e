"""The models of a command line as reports, with what is to be said of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from convcalc.cli import FAILED, FINE, WRONG, say, say_warnings
from convcalc.cli.sizes import parse_sizes
from convcalc.problems import ConvcalcError, did_you_mean, error, listed

if TYPE_CHECKING:
    from convcalc.analyse import Report
    from convcalc.analyse.report import Assumptions
    from convcalc.model import Model
    from convcalc.numbers import Number
    from convcalc.read.weights import Weights

F = TypeVar("F", bound="Callable[..., Any]")


class Reading:
    """The reports of the models, one at a time as they are read. ``options`` are those of the command; ``code`` is the exit code
    by what was found so far.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self.assumptions = _assumptions(options["assume_dtype"], options["inplace"], options["training"])
        self.code = FINE

    def reports(self, models: tuple[str, ...]) -> Iterator[Report]:
        """A report for each model; one that cannot be read hides no other."""
        for source in models:
            try:
                report, weights = self._read(source)
            except ConvcalcError as failed:
                if len(models) == 1:
                    raise
                say(str(failed))
                self.code = WRONG
                continue
            say_warnings(report.problems)
            agrees = weights is None or _agrees(source, report, weights)
            complete = not self.options["strict"] or _is_complete(source, report, self.options["memory"])
            if not (agrees and complete):
                self.code = max(self.code, FAILED)
            yield report

    def _read(self, source: str) -> tuple[Report, Weights | None]:
        """The report on a model, and the weights that its file stores where they are to be compared."""
        from convcalc.analyse import infer
        from convcalc.read import parse

        model = parse(source)
        asked = resized(model, self.options["inputs"], self.options["batch"])
        report = replace(infer(asked), assumptions=self.assumptions)
        weights = _stored(source, model) if self.options["verify"] else None
        if self.options["convention"] is None:
            return report, weights
        from convcalc.analyse.flops import with_flops

        return with_flops(report, self.options["convention"]), weights


def _stored(source: str, model: Model) -> Weights:
    from convcalc.read.weights import stored_weights

    return stored_weights(source, model)


def _is_complete(source: str, report: Report, memory: bool) -> bool:
    """Whether all totals that are shown are known; says which are not."""
    labels = {**report.totals.incomplete, **(report.memory.incomplete if memory else {})}
    for name, label in labels.items():
        say(f"{source}: {name}: {'only a lower bound' if label == 'partial' else 'unknown'}")
    return not labels


def _assumptions(dtype: str | None, in_place: bool, optimizer: str | None) -> Assumptions:
    """What the command line says that memory is counted under."""
    from convcalc.analyse.optimizers import SLOTS
    from convcalc.analyse.report import Assumptions
    from convcalc.layers.dtypes import BITS

    sized = [name for name, bits in BITS.items() if bits]
    for option, value, known in (("--assume-dtype", dtype, sized), ("--training", optimizer, list(SLOTS))):
        if value is not None and value not in known:
            hint = did_you_mean(value, known) or f"; known are {listed(known, 'and')}"
            raise error("invalid-value", f"{option} does not know '{value}'{hint}")
    return Assumptions(dtype, in_place, optimizer)


def _agrees(source: str, report: Report, weights: Weights) -> bool:
    """Whether the report agrees with the weights in the file; says on standard error what does not, or that all do."""
    from convcalc.check.verify import verify

    found = verify(report, weights)
    for problem in found.problems:
        say(str(problem._replace(message=f"{source}: {problem.message}")))
    if not found.problems:
        agree = f"{_counted(found.weights, 'weight')} of {_counted(found.layers, 'layer')} agree with the file"
        rest = f"; of {_counted(found.unknown, 'layer')} nothing is known to compare" if found.unknown else ""
        say(f"{source}: {agree}{rest}")
    return not found.problems


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def input_options(command: F) -> F:
    """The options for other sizes than those that a model states."""
    for option in (
        click.option("--batch", type=click.IntRange(1), help="The batch size."),
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
        names = [model.layers[model.calls[ref.call].layer].name for ref in model.inputs]
        name = unknown.args[0]
        if name is None:
            message = f"the model has several inputs: say which, as in --input {names[0]}=224x224x3"
        else:
            message = f"there is no input '{name}'{did_you_mean(name, names) or f'; there is {listed(names, chr(38))}'}"
        raise error("unknown-input", message) from None
