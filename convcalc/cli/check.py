"""``convcalc check``."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

import click

from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.cli import warn
from convcalc.cli.check_run import CheckRun
from convcalc.cli.completion import files
from convcalc.cli.jobs import MOST_JOBS, in_order, jobs_for
from convcalc.cli.output import Output, output_options, text_options
from convcalc.cli.progress import progress
from convcalc.cli.reading import input_options
from convcalc.model import MAXIMA
from convcalc.rendering.formats import CHECK_FORMATS, OutputFormat, write_checks

if TYPE_CHECKING:
    from convcalc.checking.budget import Limit
    from convcalc.cli.check_run import NewRecord, Outcome

F = TypeVar("F", bound="Callable[..., Any]")


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
@output_options(tuple(CHECK_FORMATS))
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
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, MOST_JOBS),
    metavar="N",
    help="How many models to check at once, each in a process of its own; default: one for each core where there are many.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing of what is found: the exit code says it.")
@text_options
def command(
    models: tuple[str, ...],
    to: Output,
    against: str | None,
    record: str | None,
    ignore_names: bool,
    allow_incomplete: bool,
    inputs: tuple[str, ...],
    batch: int | None,
    jobs: int | None,
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
    from convcalc.checking.budget import limits_of
    from convcalc.cli.project import project

    if against is not None and record is not None:
        raise error(
            codes.INVALID_VALUE, "--against holds the model to a record, --record writes it: give one of the two"
        )
    settings = project()
    names = models or tuple(settings.records)
    if not names:
        raise error(
            codes.MISSING_ARGUMENT,
            "say which MODEL to check, or name some under [tool.convcalc.records] in pyproject.toml",
        )
    run = CheckRun(
        settings,
        against,
        record,
        ignore_names,
        allow_incomplete,
        limits_of(settings.budget, settings.file or ""),
        _limits(budget),
        inputs,
        batch,
        None if quiet else to.format,
        None if quiet else to.text_style(width, ascii, no_color),
    )
    outcomes = in_order(names, run.check, _processes(jobs, names, against))
    exit_codes: list[int] = []
    with closing(_parts(progress(names, outcomes, quiet), exit_codes)) as parts:
        if not quiet:
            to.write(_text(CHECK_FORMATS[to.format], parts))
        for _ in parts:  # what nobody wrote is checked all the same
            pass
    return max(exit_codes)


def _parts(outcomes: Iterable[Outcome], exit_codes: list[int]) -> Generator[Any, None, None]:
    """What the format has of each model, one after the other; what else there is to do for it is done, and its code is noted."""
    for outcome in outcomes:
        for text in outcome.messages:
            warn(text)
        if outcome.new_record is not None:
            _write_record(outcome.new_record)
        exit_codes.append(outcome.code)
        yield outcome.payload


def _text(format: OutputFormat, payloads: Iterable[Any]) -> Iterator[str]:
    """The output in pieces. Pieces for standard error are written here."""
    for piece in write_checks(format, payloads):
        if piece.to_stderr:
            warn(piece.text)
        else:
            yield piece.text


def _processes(jobs: int | None, names: Sequence[str], against: str | None) -> int:
    """How many processes share the work. Standard input, and what else belongs to this process, others cannot read."""
    own = (name == "-" or name.startswith(("/dev/", "/proc/")) for name in (*names, against or ""))
    return 1 if any(own) else jobs or jobs_for(names)


def _limits(budget: Mapping[str, str | None]) -> dict[str, Limit]:
    """The budget of the command line."""
    from convcalc.checking.budget import Limit

    given = {key: value for key, value in budget.items() if value is not None}
    return {key.removeprefix("max_"): Limit(value, f"--{key.replace('_', '-')}") for key, value in given.items()}


def _write_record(record: NewRecord) -> None:
    """Write a record where it is not as it should be."""
    from convcalc.write import write_whole

    exists = record.path.exists()
    if exists and record.path.read_text(encoding="utf-8") == record.text:
        warn(f"{record.path}: unchanged")
        return
    write_whole(record.path, record.text)
    warn(f"{record.path}: {'updated' if exists else 'written'}")
