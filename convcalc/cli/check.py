"""``convcalc check``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import click

from convcalc.cli import FAILED, FINE, WRONG, say, say_warnings
from convcalc.cli.completion import files
from convcalc.cli.output import Output, look_options, output_options
from convcalc.cli.progress import progress
from convcalc.cli.reading import input_options, resized
from convcalc.model import MAXIMA
from convcalc.problems import ConvcalcError, error, listed

if TYPE_CHECKING:
    from convcalc.analyse import Report
    from convcalc.check.budget import Limit
    from convcalc.check.checked import Checked
    from convcalc.read.project import Project
    from convcalc.render.grid import Look

F = TypeVar("F", bound="Callable[..., Any]")

FORMATS = ("table", "json", "jsonl", "csv", "markdown", "html", "latex", "github", "sarif", "junit")

_ENDINGS = (".txt", ".json", ".yaml", ".keras", ".h5")  # of a model's record in a folder of records


def _budget_options(command: F) -> F:
    """An option for each number that a budget can limit."""
    least = "The receptive field to reach, as 64 or 64x48."
    command = click.option("--min-receptive-field", metavar="SIZE", help=least)(command)
    for key in reversed(MAXIMA):
        words = key.replace("_", " ")
        option = f"--max-{key.replace('_', '-')}"
        command = click.option(option, f"max_{key}", metavar="N", help=f"The most {words}, as 5M or 256KiB.")(command)
    return command


@click.command("check")
@click.argument("models", nargs=-1, metavar="[MODEL...]", shell_complete=files)
@output_options(FORMATS)
@click.option(
    "--against",
    metavar="RECORD",
    shell_complete=files,
    help="What the model must agree with: Keras's summary as a text, a JSON report, a model file; or a folder of such.",
)
@click.option(
    "--record",
    metavar="FILE",
    shell_complete=files,
    help="Write the model's record, as .txt or .json, or bring it up to date.",
)
@click.option("--ignore-names", is_flag=True, help="Names of layers need not agree with the record.")
@_budget_options
@click.option("--allow-incomplete", is_flag=True, help="Let a budget pass whose number is unknown or a lower bound.")
@input_options
@click.option("-q", "--quiet", is_flag=True, help="Print nothing of what is found: the exit code says it.")
@look_options
def command(
    models: tuple[str, ...],
    to: Output,
    against: str | None,
    record: str | None,
    ignore_names: bool,
    allow_incomplete: bool,
    inputs: tuple[str, ...],
    batch: int | None,
    quiet: bool,
    width: int | None,
    ascii: bool,
    no_color: bool,
    **budget: str | None,
) -> int:
    """Hold each MODEL to the expectations and the budget in its spec, to the budget that is given here and in the project's
    pyproject.toml, and to a record. Without MODEL: those that have a record in pyproject.toml.

    Exits with 1 when one does not hold.
    """
    from convcalc.read.project import project

    if against is not None and record is not None:
        raise error("invalid-value", "--against holds the model to a record, --record writes it: give one of the two")
    settings = project()
    names = models or tuple(settings.records)
    if not names:
        raise error(
            "missing-argument", "say which MODEL to check, or name some under [tool.convcalc.records] in pyproject.toml"
        )
    checks = _Checks(settings, against, record, ignore_names, allow_incomplete, _limits(budget), inputs, batch)
    found = checks.told(progress(names, checks.of, quiet))
    if not quiet:
        to.write(_texts(found, to, to.look(width, ascii, no_color)))
    for _ in found:  # what nobody wrote is checked all the same
        pass
    return checks.code


def _texts(found: Iterable[Checked], to: Output, appearance: Look) -> Iterator[str]:
    """The result in pieces: for people model by model as they are checked, in other formats all at the end."""
    if to.format == "table":
        for checked in found:
            yield from _told(checked, appearance)
        return
    from convcalc.render.checks import CHECK_FORMATS

    yield CHECK_FORMATS[to.format](tuple(found))


class _Checks:
    """What every model of a run is held to."""

    def __init__(
        self,
        settings: Project,
        against: str | None,
        record: str | None,
        ignore_names: bool,
        allow_incomplete: bool,
        limits: Mapping[str, Limit],
        inputs: tuple[str, ...],
        batch: int | None,
    ) -> None:
        from convcalc.check.budget import limits_of

        self.settings = settings
        self.against = against
        self.record = record
        self.ignore_names = ignore_names or settings.ignore_names
        self.allow_incomplete = allow_incomplete or settings.allow_incomplete
        self.project_limits = limits_of(settings.budget, settings.file or "")
        self.limits = limits
        self.inputs = inputs
        self.batch = batch
        self.code = FINE

    def told(self, checks: Iterable[Checked]) -> Iterator[Checked]:
        """The checks as they come; ``code`` is then the exit code."""
        for found in checks:
            self.code = max(self.code, WRONG if found.report is None else FINE if found.passed else FAILED)
            yield found

    def of(self, name: str) -> Checked:
        """What becomes of one model; one that cannot be read keeps no other from its check."""
        from convcalc.check.checked import Checked

        began = monotonic()
        try:
            found = self._of(name)
        except ConvcalcError as failed:
            found = Checked(name, None, failed.problems)
        return replace(found, seconds=monotonic() - began)

    def _of(self, name: str) -> Checked:
        """The nearer word counts: an option before the spec, the spec before the project."""
        from convcalc.analyse import infer
        from convcalc.check.budget import spec_limits
        from convcalc.check.checked import checked
        from convcalc.check.records.load import load_record
        from convcalc.read import parse

        report = infer(resized(parse(name), self.inputs, self.batch))
        say_warnings(report.problems)
        place = None if self.record else _in_folder(self.against, name) or self.settings.record_of(name)
        held_to = load_record(place) if place else None
        limits = {**self.project_limits, **spec_limits(report.model), **self.limits}
        found = checked(name, report, limits, held_to, self.ignore_names, self.allow_incomplete)
        if self.record:
            _write_record(report, self.record, name)
        return found


def _limits(budget: Mapping[str, str | None]) -> dict[str, Limit]:
    """The budget of the command line."""
    from convcalc.check.budget import Limit

    given = {key: value for key, value in budget.items() if value is not None}
    return {key.removeprefix("max_"): Limit(value, f"--{key.replace('_', '-')}") for key, value in given.items()}


def _in_folder(record: str | None, model: str) -> str | None:
    """A record; that of the model's name where it is a folder of records."""
    if record is None or not Path(record).is_dir():
        return record
    places = [Path(record, Path(model).stem + ending) for ending in _ENDINGS]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise error("no-record", f"{model}: no record of it in {record}: looked for {listed(p.name for p in places)}")
    return str(found)


def _write_record(report: Report, record: str, name: str) -> None:
    """Write a record where it is not as it should be; a folder takes one of the model's own name."""
    from convcalc.render.recording import record_text
    from convcalc.write import write_whole

    place = Path(record)
    if place.is_dir():
        place = place / f"{Path(name).stem}.txt"
    text = record_text(report, place.suffix)
    there = place.exists()
    if there and place.read_text(encoding="utf-8") == text:
        say(f"{place}: is as it was")
        return
    write_whole(place, text)
    say(f"{place}: {'brought up to date' if there else 'written'}")


def _told(found: Checked, appearance: Look) -> Iterator[str]:
    """A line of what holds. Of what does not every problem, on standard error; of differences from a record the first, and a
    table of all of them.
    """
    from convcalc.render.text import number_text

    report, comparison = found.report, found.comparison
    if report is None:
        say(str(ConvcalcError(found.problems)))
    elif found.passed:
        record = f", as in {comparison.before.source}" if comparison else ""
        params = number_text(report.totals.params, report.totals.incomplete.get("params"))
        yield f"{found.source}: {len(report.layers)} layers, {params} parameters: all expectations hold{record}\n"
    else:
        differences = [problem for problem in found.problems if problem.code == "record-differs"]
        for problem in [*(each for each in found.problems if each not in differences), *differences[:1]]:
            say(f"{'' if problem.mark else f'{found.source}: '}{problem}")
        if comparison is not None and differences:
            from convcalc.render.diff import diff_sheet
            from convcalc.render.sheet import drawn

            yield drawn(diff_sheet(comparison), appearance)
