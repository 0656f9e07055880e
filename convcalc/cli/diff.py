"""``convcalc diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.cli import CHECK_FAILED, OK, print_warnings
from convcalc.cli.command import COMPARISON, EXIT_CODE, declare, option
from convcalc.cli.completion import files
from convcalc.cli.custom import custom_option
from convcalc.cli.custom_files import custom_layers
from convcalc.cli.output import Output, output_options, text_options
from convcalc.rendering.formats import COMPARISON_FORMATS, ComparisonRequest, write_comparison

if TYPE_CHECKING:
    from convcalc.analyse import Study
    from convcalc.model import Model
    from convcalc.read.custom_layers import CustomLayers


@declare(
    "diff",
    examples=(
        "convcalc diff old.yaml new.keras",
        "convcalc diff model.yaml --git HEAD~1           # the file against an earlier revision",
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

    A and B are specs, Keras configs, .keras archives or HDF5 files. With --git, compare two revisions of A.

    The exit code is 1 if the models differ.
    """
    from convcalc.differences.compare import diff

    before, after = _models(models, revisions, custom_layers(custom))
    result = diff(_report(before), _report(after), ignore_names)
    if not quiet:
        request = ComparisonRequest(everything, lambda: to.text_style(width, ascii, no_color))
        to.write([write_comparison(COMPARISON_FORMATS[to.format], result, request)])
    return CHECK_FAILED if result.differs and not exit_zero else OK


def _models(models: tuple[str, ...], revisions: str | None, custom: CustomLayers) -> tuple[Model, Model]:
    return _from_files(models, custom) if revisions is None else _from_git(models, revisions, custom)


def _from_files(models: tuple[str, ...], custom: CustomLayers) -> tuple[Model, Model]:
    from convcalc.read import load

    if len(models) != 2:
        raise error(codes.MISSING_ARGUMENT, "give two models, or one model and --git REV")
    if models[0] == models[1] == "-":
        raise error(codes.INVALID_VALUE, "only one of the models can be standard input")
    return load(models[0], custom), load(models[1], custom)


def _from_git(models: tuple[str, ...], revisions: str, custom: CustomLayers) -> tuple[Model, Model]:
    """Returns the two models to compare.

    With one revision, returns the model in the revision and the model on disk. With two revisions, returns the models
    in both revisions; an omitted revision is HEAD, as in git.
    """
    from convcalc.read import load

    if len(models) != 1 or models[0] == "-":
        raise error(codes.INVALID_VALUE, "--git compares revisions of one file: give only that file")
    (file,) = models
    before, dots, after = revisions.partition("..")
    if after.startswith("."):
        raise error(codes.INVALID_VALUE, f"--git expects REV or REV..REV, not '{revisions}'")
    if not dots:
        return _at(file, before, custom), load(file, custom)
    return _at(file, before or "HEAD", custom), _at(file, after or "HEAD", custom)


def _at(file: str, revision: str, custom: CustomLayers) -> Model:
    from convcalc.base.problems import ConvcalcError
    from convcalc.cli.git import at_revision
    from convcalc.read import read

    model = read(at_revision(file, revision), f"{revision}:{file}", custom)
    if any(problem.severity == "error" for problem in model.problems):
        raise ConvcalcError(model.problems)
    return model


def _report(model: Model) -> Study:
    from convcalc.analyse import Study, infer

    report = Study.of(infer(model))
    print_warnings(report.problems)
    return report
