"""``convcalc diff``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.cli import CHECK_FAILED, OK, warn_lines
from convcalc.cli.command import COMPARISON, EXIT_CODE, declare, option
from convcalc.cli.completion import files
from convcalc.cli.custom import custom_option
from convcalc.cli.custom_files import custom_layers
from convcalc.cli.inputs import Inputs, raised_if_faulty, size_options, warnings_of
from convcalc.cli.output import Output, output_options, text_options
from convcalc.cli.records import compare_snapshots, model_or_snapshot
from convcalc.rendering.formats import COMPARISON_FORMATS, ComparisonRequest, write_comparison

if TYPE_CHECKING:
    from convcalc.analyse import Study
    from convcalc.differences.comparison import Comparison
    from convcalc.model import Model
    from convcalc.stored import Snapshot


@declare(
    "diff",
    examples=(
        "convcalc diff old.yaml new.keras",
        "convcalc diff model.yaml --git HEAD~1           # the file against an earlier revision",
        "convcalc diff model.py:build --git main",
        "convcalc diff summary.txt model.yaml            # a text that model.summary() printed, or a JSON report",
        "convcalc diff old.yaml new.yaml --format markdown -o diff.md",
    ),
)
@click.argument("models", nargs=-1, required=True, metavar="A [B]", shell_complete=files)
@option(
    "--git",
    "revisions",
    metavar="REV[..REV]",
    heading=COMPARISON,
    help="Compare a revision of A with the file, or two revisions of A.",
)
@size_options
@custom_option
@output_options(tuple(COMPARISON_FORMATS))
@option("--all", "everything", is_flag=True, heading=COMPARISON, help="Show unchanged layers too.")
@option("--ignore-names", is_flag=True, heading=COMPARISON, help="Do not compare the names of layers.")
@option("--exit-zero", is_flag=True, heading=EXIT_CODE, help="Exit with 0 even if the models differ.")
@option("-q", "--quiet", is_flag=True, heading=EXIT_CODE, help="Print nothing; only set the exit code.")
@text_options
def command(
    models: tuple[str, ...],
    revisions: str | None,
    values: tuple[str, ...],
    inputs: tuple[str, ...],
    custom: tuple[str, ...],
    to: Output,
    everything: bool,
    ignore_names: bool,
    exit_zero: bool,
    quiet: bool,
    width: int | None,
    ascii: bool,
    no_color: bool,
) -> int:
    """Compare two models layer by layer.

    A and B are specs, Keras configs, .keras archives, HDF5 files or Python code (FILE.py:NAME). With --git, compare two
    revisions of A.

    The exit code is 1 if the models differ.
    """
    before, after = _models(models, revisions, Inputs(values, inputs, None, custom))
    result = _compared(before, after, ignore_names)
    if not quiet:
        request = ComparisonRequest(everything, lambda: to.text_style(width, ascii, no_color))
        to.write([write_comparison(COMPARISON_FORMATS[to.format], result, request)])
    return CHECK_FAILED if result.differs and not exit_zero else OK


def _compared(before: Model | Snapshot, after: Model | Snapshot, ignore_names: bool) -> Comparison:
    """Returns the differences between two models, or between a model and a record."""
    from convcalc.model import Model

    if isinstance(before, Model) and isinstance(after, Model):
        from convcalc.differences.compare import diff

        return diff(_report(before), _report(after), ignore_names)
    from convcalc.checking.against_snapshot import compare_before_snapshot, compare_with_snapshot

    if isinstance(after, Model):
        assert not isinstance(before, Model)
        return compare_with_snapshot(_report(after), before, ignore_names)[0]
    if isinstance(before, Model):
        return compare_before_snapshot(_report(before), after, ignore_names)
    return compare_snapshots(before, after, ignore_names)


def _models(
    models: tuple[str, ...], revisions: str | None, options: Inputs
) -> tuple[Model | Snapshot, Model | Snapshot]:
    return _from_files(models, options) if revisions is None else _from_git(models, revisions, options)


def _from_files(models: tuple[str, ...], options: Inputs) -> tuple[Model | Snapshot, Model | Snapshot]:
    if len(models) != 2:
        raise error(codes.MISSING_ARGUMENT, "give two models, or one model and --git REV")
    if models[0] == models[1] == "-":
        raise error(codes.INVALID_VALUE, "only one of the models can be standard input")
    before, after = (model_or_snapshot(source, partial(options.sound_model, source)) for source in models)
    return before, after


def _from_git(models: tuple[str, ...], revisions: str, options: Inputs) -> tuple[Model, Model]:
    """Returns the two models to compare.

    With one revision, returns the model in the revision and the model on disk. With two revisions, returns the models
    in both revisions; an omitted revision is HEAD, as in git.
    """
    if len(models) != 1 or models[0] == "-":
        raise error(codes.INVALID_VALUE, "--git compares revisions of one file: give only that file")
    (file,) = models
    before, dots, after = revisions.partition("..")
    if after.startswith("."):
        raise error(codes.INVALID_VALUE, f"--git expects REV or REV..REV, not '{revisions}'")
    if not dots:
        return _at(file, before, options), options.sound_model(file)
    return _at(file, before or "HEAD", options), _at(file, after or "HEAD", options)


def _at(source: str, revision: str, options: Inputs) -> Model:
    """Returns the model of a file in a revision. Files that a program imports come from the same revision."""
    from tempfile import TemporaryDirectory

    from convcalc.cli.git import at_revision, code_at_revision
    from convcalc.read import read
    from convcalc.read.code_settings import is_code, split_target

    file, target = split_target(source)
    content = at_revision(file, revision)
    name, custom = f"{revision}:{file}", custom_layers(options.custom)
    if not is_code(file):
        return raised_if_faulty(options.finished(read(content, name, custom), False))
    with TemporaryDirectory() as folder:
        code_at_revision(file, revision, folder)
        model = read(content, name, custom, options.settings(folder), target)
    return raised_if_faulty(options.finished(model, True))


def _report(model: Model) -> Study:
    from convcalc.analyse import Study, infer

    report = Study.of(infer(model))
    for text in warnings_of(report.problems):
        warn_lines(text)
    return report
