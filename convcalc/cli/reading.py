"""Reads the models that a command names. Handles reports, warnings and the exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, did_you_mean, error, listed
from convcalc.base.text import visible
from convcalc.cli import CHECK_FAILED, OK, USAGE_ERROR, warn_lines
from convcalc.cli.custom_files import custom_layers
from convcalc.cli.inputs import are_several, inputs_of, warnings_of
from convcalc.cli.progress import progress
from convcalc.cli.records import model_or_record

if TYPE_CHECKING:
    from convcalc.analyse import Study
    from convcalc.analyse.assumptions import Assumptions
    from convcalc.model import Model
    from convcalc.read.keras_files.weights import Weights


class Reading:
    """Reads the models one at a time.

    ``options`` are the options of the command. ``code`` is the exit code for the models read so far. ``part`` is the
    report of the layers above an error, if the only model has one.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self.inputs = inputs_of(options)
        self.assumptions = _assumptions(options["assume_dtype"], options["inplace"], options["training"])
        self.code = OK
        self.part: Study | None = None
        self._model: Model | None = None

    def reports(self, models: tuple[str, ...]) -> Iterator[Study]:
        """Yields a report for each model. If there are several models, a model that cannot be read is skipped with a
        message.
        """
        alone = not are_several(models)
        sources = self.inputs.sources(models)
        reports = progress(sources, (self._report(source, alone) for source in sources), self.options["quiet"])
        return (report for report in reports if report is not None)

    def _report(self, source: str, alone: bool) -> Study | None:
        """Returns the report of a model, and prints messages about it.

        If the model cannot be read: raises the error if ``alone`` (the only model), otherwise returns None.
        """
        try:
            report, weights = self._read(source)
        except ConvcalcError as failed:
            if alone:
                self._keep_part()
                raise
            warn_lines(str(failed))
            self.code = USAGE_ERROR
            return None
        failures: list[str] = []
        messages: list[str] = []
        if weights is not None:
            from convcalc.checking.verify import verify

            result = verify(report, weights)
            failures = [str(problem._replace(message=f"{source}: {problem.message}")) for problem in result.problems]
            messages = [] if failures else [f"{visible(source)}: {result.agreement}"]
        if self.options["strict"]:
            failures += _unknown(source, report, self.options["memory"])
        if failures:
            self.code = max(self.code, CHECK_FAILED)
        if not self.options["quiet"]:
            for text in (*warnings_of(report.problems), *messages, *failures):
                warn_lines(text)
        return report

    def _keep_part(self) -> None:
        """Keeps the report of the layers above the error."""
        from convcalc.analyse import Study
        from convcalc.analyse.broken import part_of

        part = None if self._model is None else part_of(self._model)
        self.part = None if part is None else Study.of(part, self.assumptions)

    def _read(self, source: str) -> tuple[Study, Weights | None]:
        """Returns the report of a model, and the weights in its file. The weights are None without ``--verify``."""
        from convcalc.analyse import Study, infer

        model, resized_model = self._models(source)
        self._model = resized_model
        weights_file = self.options.get("weights")
        report = Study.of(infer(resized_model), self.assumptions)
        weights = (
            _stored(weights_file or source, report.model if model.fallback else model)
            if self.options["verify"]
            else None
        )
        convention = self.options["convention"]
        return report if convention is None else report.with_flops(convention), weights

    def _models(self, source: str) -> tuple[Model, Model]:
        """Returns two models: as it is in its file, and with the sizes that the options give."""
        from convcalc.read import parse
        from convcalc.read.code_settings import names_code

        model = model_or_record(
            source, lambda: parse(source, custom_layers(self.options["custom"]), self.inputs.settings())
        )
        weights_file = self.options.get("weights")
        if weights_file is not None:
            from convcalc.read.keras_files.weights import with_weights

            model = with_weights(model, weights_file)
        return model, self.inputs.finished(model, names_code(source))


def _stored(source: str, model: Model) -> Weights:
    from convcalc.read.keras_files.weights import stored_weights

    return stored_weights(source, model)


def _unknown(source: str, report: Study, memory: bool) -> list[str]:
    """Returns one message for each total in the output that is unknown or only a lower bound."""
    labels = {**report.totals.incomplete, **(report.memory.incomplete if memory else {})}
    words = {"partial": "only a lower bound"}
    return [f"{visible(source)}: {name} is {words.get(label, 'unknown')} (--strict)" for name, label in labels.items()]


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
