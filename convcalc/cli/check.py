"""``convcalc check``."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

import click

from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.cli import warn, warn_lines
from convcalc.cli.check_run import CheckRun
from convcalc.cli.command import BUDGET, COMPARISON, EXIT_CODE, OTHER, WholeNumber, declare, option
from convcalc.cli.completion import files
from convcalc.cli.custom import custom_option
from convcalc.cli.custom_files import custom_layers
from convcalc.cli.inputs import Inputs, input_options
from convcalc.cli.jobs import MOST_JOBS, in_order, jobs_for
from convcalc.cli.output import Output, output_options, text_options
from convcalc.cli.progress import progress
from convcalc.model import MAXIMA
from convcalc.rendering.formats import CHECK_FORMATS, OutputFormat, write_checks

if TYPE_CHECKING:
    from convcalc.checking.budget import Limit
    from convcalc.cli.check_run import NewRecord, Outcome

F = TypeVar("F", bound="Callable[..., Any]")

_WORDS = {
    "params": "parameters",
    "trainable_params": "trainable parameters",
    "non_trainable_params": "non-trainable parameters",
    "param_bytes": "bytes of parameters",
    "macs": "MACs",
    "flops": "FLOPs",
    "activation_bytes": "bytes of activations",
    "peak_activation_bytes": "bytes of activations in memory at the same time",
    "weight_bytes": "bytes of weights",
}


def _budget_options(command: F) -> F:
    """Adds one option to a command for each number that a budget can limit."""
    command = option(
        "--min-receptive-field",
        metavar="SIZE",
        heading=BUDGET,
        help="Fail if the receptive field is smaller, e.g. 64 or 64x48.",
    )(command)
    for key in reversed(MAXIMA):
        example = "64MiB" if key.endswith("bytes") else "5M"
        command = option(
            f"--max-{key.replace('_', '-')}",
            f"max_{key}",
            metavar="N",
            heading=BUDGET,
            help=f"Fail above this many {_WORDS[key]}, e.g. {example}.",
        )(command)
    return command


@declare(
    "check",
    examples=(
        "convcalc check model.yaml --max-params 5M --max-macs 300M",
        "convcalc check model.yaml --record records/model.txt     # write the record",
        "convcalc check model.yaml --against records/model.txt    # compare with it",
        "convcalc check train.py                                  # find wrong shapes in code before it runs",
        "convcalc check --format github                           # all models of pyproject.toml, in CI",
    ),
)
@click.argument("models", nargs=-1, metavar="[MODEL...]", shell_complete=files)
@output_options(tuple(CHECK_FORMATS))
@option(
    "--against",
    metavar="RECORD",
    shell_complete=files,
    heading=COMPARISON,
    help="Compare with a record (a text that Keras printed, a JSON report or a model file) or with a folder of records.",
)
@option(
    "--record",
    metavar="FILE",
    shell_complete=files,
    heading=COMPARISON,
    help="Write or update the model's record: a .txt or .json file, or a folder of records.",
)
@option("--ignore-names", is_flag=True, heading=COMPARISON, help="Do not compare the names of layers.")
@_budget_options
@option(
    "--allow-incomplete",
    is_flag=True,
    heading=BUDGET,
    help="Allow numbers that are unknown or only a lower bound.",
)
@input_options
@custom_option
@option(
    "-j",
    "--jobs",
    type=WholeNumber(1, MOST_JOBS),
    metavar="N",
    heading=OTHER,
    help="Check N models at once, each in its own process. [default: one per core if there are many models]",
)
@option("-q", "--quiet", is_flag=True, heading=EXIT_CODE, help="Print nothing; only set the exit code.")
@text_options
def command(
    models: tuple[str, ...],
    to: Output,
    against: str | None,
    record: str | None,
    ignore_names: bool,
    allow_incomplete: bool,
    values: tuple[str, ...],
    inputs: tuple[str, ...],
    batch: int | None,
    custom: tuple[str, ...],
    jobs: int | None,
    quiet: bool,
    width: int | None,
    ascii: bool,
    no_color: bool,
    **budget: str | None,
) -> int:
    """Check models against budgets, expectations and records (for CI).

    Each MODEL is checked against the `expect:` and `budget:` in its spec, the budgets given as options and in pyproject.toml, and
    its record. Python code (FILE.py) is also checked for what Keras refuses when it builds and trains a model. Without MODEL, the
    models under [tool.convcalc.records] in pyproject.toml are checked.

    The exit code is 1 if a check failed, 2 if a model could not be read.
    """
    from convcalc.checking.budget import limits_of
    from convcalc.cli.project import project

    if against is not None and record is not None:
        raise error(
            codes.INVALID_VALUE, "--against compares with a record and --record writes one: use only one of them"
        )
    settings = project()
    options = Inputs(values, inputs, batch, custom)
    names = tuple(options.sources(models or tuple(settings.records), each=True))
    if not names:
        raise error(
            codes.MISSING_ARGUMENT,
            "no MODEL to check: name one, or list models under [tool.convcalc.records] in pyproject.toml",
        )
    run = CheckRun(
        settings,
        against,
        record,
        ignore_names,
        allow_incomplete,
        limits_of(settings.budget, settings.file or ""),
        _limits(budget),
        options,
        None if quiet else to.format,
        None if quiet else to.text_style(width, ascii, no_color),
        frozenset(names) - frozenset(models),
    )
    # These files are read here, so that an error in them is reported once and not for each model.
    custom_layers(custom)
    outcomes = in_order(names, run.check, _processes(jobs, names, against))
    exit_codes: list[int] = []
    shown: set[str] = set()

    def warn_once(text: str) -> None:  # the models of a program can share a problem
        if text not in shown:
            warn_lines(text)
        shown.add(text)

    with closing(_payloads(progress(names, outcomes, quiet), exit_codes, warn_once)) as payloads:
        if not quiet:
            to.write(_text(CHECK_FORMATS[to.format], payloads, warn_once, exit_codes))
        for _ in payloads:  # with --quiet, this loop runs the checks; otherwise write() has already run them
            pass
    return max(exit_codes)


def _payloads(
    outcomes: Iterable[Outcome], exit_codes: list[int], warn_once: Callable[[str], None]
) -> Generator[Any, None, None]:
    """Yields each model's data for the output. Also prints its messages, writes its record and collects its exit code."""
    for outcome in outcomes:
        for text in outcome.messages:
            warn_once(text)
        if outcome.new_record is not None:
            _write_record(outcome.new_record)
        exit_codes.append(outcome.code)
        yield outcome.payload


def _text(
    format: OutputFormat, payloads: Iterable[Any], warn_once: Callable[[str], None], exit_codes: Sequence[int]
) -> Iterator[str]:
    """Yields the texts for standard output. Prints the other texts to standard error.

    If lines of text describe several models, a last line counts them.
    """
    for piece in write_checks(format, payloads):
        if piece.to_stderr:
            warn_once(piece.text)
        else:
            yield piece.text
    if format.check_pieces and len(exit_codes) > 1:
        failed = sum(code != 0 for code in exit_codes)
        yield f"{len(exit_codes):,} checked, {failed:,} failed\n"


def _processes(jobs: int | None, names: Sequence[str], against: str | None) -> int:
    """Returns the number of processes to use.

    Returns 1 if other processes cannot read one of the files, such as standard input.
    """
    private = (name == "-" or name.startswith(("/dev/", "/proc/")) for name in (*names, against or ""))
    return 1 if any(private) else jobs or jobs_for(names)


def _limits(budget: Mapping[str, str | None]) -> dict[str, Limit]:
    """Returns the limits that the options of the command set."""
    from convcalc.checking.budget import Limit

    return {
        key.removeprefix("max_"): Limit(value, f"--{key.replace('_', '-')}")
        for key, value in budget.items()
        if value is not None
    }


def _write_record(record: NewRecord) -> None:
    """Writes a record. A file that already contains the same text is not written again."""
    from convcalc.write import write_whole

    exists = record.path.exists()
    if exists and record.path.read_text(encoding="utf-8") == record.text:
        warn(f"{record.path}: unchanged")
        return
    write_whole(record.path, record.text)
    warn(f"{record.path}: {'updated' if exists else 'written'}")
