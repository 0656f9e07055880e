"""``convcalc diff``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from convcalc.cli import FAILED, FINE, say, say_warnings
from convcalc.cli.completion import files
from convcalc.cli.output import Output, look_options, output_options
from convcalc.problems import error

if TYPE_CHECKING:
    from convcalc.analyse import Report
    from convcalc.check.comparing.comparison import Comparison
    from convcalc.model import Model
    from convcalc.render.grid import Look

FORMATS = ("table", "json", "jsonl", "csv", "markdown", "html", "latex")


@click.command("diff")
@click.argument("models", nargs=-1, required=True, metavar="A [B]", shell_complete=files)
@click.option(
    "--git", "revisions", metavar="REV[..REV]", help="Of A alone: a revision against the file, or two of them."
)
@output_options(FORMATS)
@click.option("--all", "everything", is_flag=True, help="Layers that are the same too.")
@click.option("--ignore-names", is_flag=True, help="A layer may have another name.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where the models differ, too.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing: the exit code says it.")
@look_options
def command(
    models: tuple[str, ...],
    revisions: str | None,
    to: Output,
    everything: bool,
    ignore_names: bool,
    exit_zero: bool,
    quiet: bool,
    width: int | None,
    ascii: bool,
    no_color: bool,
) -> int:
    """What differs between the models A and B: specs, Keras configs, archives or HDF5 files; with --git between two states
    of A.

    Exits with 1 when they differ.
    """
    from convcalc.check.comparing.compare import diff

    before, after = _of_git(models, revisions) if revisions is not None else _of_files(models)
    found = diff(_report(before), _report(after), ignore_names)
    if not quiet:
        to.write([_text(found, to.format, everything, lambda: to.look(width, ascii, no_color))])
    return FAILED if found.differs and not exit_zero else FINE


def _of_files(models: tuple[str, ...]) -> tuple[Model, Model]:
    from convcalc.read import load

    if len(models) != 2:
        raise error("missing-argument", "give two models, or one and --git REV")
    if models[0] == models[1] == "-":
        raise error("invalid-value", "standard input can be one of the models, not both")
    return load(models[0]), load(models[1])


def _of_git(models: tuple[str, ...], revisions: str) -> tuple[Model, Model]:
    """The file in a revision and on the disk, or in two revisions; as for git, the one that is left out is HEAD."""
    from convcalc.read import load

    if len(models) != 1 or models[0] == "-":
        raise error("invalid-value", "--git compares states of one file: give that alone")
    (file,) = models
    before, dots, after = revisions.partition("..")
    if after.startswith("."):
        raise error("invalid-value", f"--git takes REV or REV..REV, not '{revisions}'")
    if not dots:
        return _at(file, before), load(file)
    return _at(file, before or "HEAD"), _at(file, after or "HEAD")


def _at(file: str, revision: str) -> Model:
    from convcalc.problems import ConvcalcError
    from convcalc.read import read
    from convcalc.read.git import at_revision

    model = read(at_revision(file, revision), f"{revision}:{file}")
    if any(problem.severity == "error" for problem in model.problems):
        raise ConvcalcError(model.problems)
    return model


def _report(model: Model) -> Report:
    from convcalc.analyse import infer

    report = infer(model)
    say_warnings(report.problems)
    for name, label in report.totals_with_memory()["incomplete"].items():
        if label == "partial":  # which a comparison of numbers does not show
            say(f"{model.source}: {name}: only a lower bound")
    return report


def _text(found: Comparison, format: str, everything: bool, look: Callable[[], Look]) -> str:
    """The comparison in a format."""
    if format in ("json", "jsonl"):
        from convcalc.render.json import dumps, line

        return (dumps if format == "json" else line)(found.as_dict())
    from convcalc.render.diff import diff_sheet
    from convcalc.render.sheet import drawn
    from convcalc.render.sheets import SHEET_FORMATS

    sheet = diff_sheet(found, everything, plain=format == "csv")
    return SHEET_FORMATS[format]([sheet]) if format in SHEET_FORMATS else drawn(sheet, look())
