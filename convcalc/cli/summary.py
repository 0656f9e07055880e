"""``convcalc summary``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.cli import warn
from convcalc.cli.completion import columns_so_far, dtypes, files, optimizers
from convcalc.cli.output import Output, output_options, text_options
from convcalc.cli.reading import Reading, input_options
from convcalc.rendering.formats import REPORT_FORMATS, FormatRequest, require_options, write_reports

if TYPE_CHECKING:
    from convcalc.keras_text.options import Options
    from convcalc.rendering.grid import TextStyle

CONVENTIONS = ("convcalc", "tf")
LONGEST = 10_000  # of a line: what is longer is a slip of the keyboard


@click.command("summary")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=files)
@output_options(tuple(REPORT_FORMATS))
@click.option(
    "--columns",
    metavar="A,B,...",
    shell_complete=columns_so_far,
    help="Columns of the table; 'cost', 'memory' and 'field' for several, 'all' for every one.",
)
@click.option(
    "--convention", type=click.Choice(CONVENTIONS), help="Count FLOPs as convcalc does, or as TensorFlow's profiler."
)
@click.option("--depth", type=click.IntRange(0), default=0, show_default=True, help="Levels of nested models to show.")
@input_options
@click.option("--line-length", type=click.IntRange(1, LONGEST), help="Of keras and keras2: the table's width.")
@click.option("--positions", metavar="P,P,...", help="Of keras and keras2: where columns end, as shares of the width.")
@click.option("--expand-nested", is_flag=True, help="Of keras and keras2: the layers of nested models too.")
@click.option("--show-trainable", is_flag=True, help="Of keras and keras2: a column that says what trains.")
@click.option("--layer-range", nargs=2, metavar="A B", help="Of keras and keras2: from layer A to layer B (patterns).")
@click.option("--memory", is_flag=True, help="Below the table: memory over the execution, and its peak.")
@click.option(
    "--inplace", is_flag=True, help="For memory: results written over inputs that are not needed, views free."
)
@click.option(
    "--assume-dtype", metavar="DTYPE", shell_complete=dtypes, help="For memory: everything as if of this type, as int8."
)
@click.option(
    "--training",
    metavar="OPTIMIZER",
    shell_complete=optimizers,
    help="Memory of training with an optimizer, as adam: an estimate.",
)
@click.option("--insights", is_flag=True, help="Below the table, or in the JSON report: what stands out in the model.")
@click.option("--verify", is_flag=True, help="Compare with the weights in the file; exit code 1 where they differ.")
@click.option("--strict", is_flag=True, help="Exit code 1 where a total is unknown, or only a lower bound.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing of what is found: the exit code says it.")
@text_options
@click.pass_context
def command(context: click.Context, /, models: tuple[str, ...], to: Output, **options: Any) -> int:
    """Layers, shapes, parameters and MACs of each MODEL: a YAML spec, a Keras config (model.to_json()) or a .keras archive;
    - is standard input.
    """
    given = [name for name in options if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT]
    format = REPORT_FORMATS[to.format]
    require_options(format, given, len(models) > 1)
    request = _request(models, to, options)
    reading = Reading(options)
    if options["quiet"]:
        for _ in reading.reports(models):
            pass
    else:
        to.write(write_reports(format, reading.reports(models), request))
    return reading.code


def _request(models: tuple[str, ...], to: Output, options: dict[str, Any]) -> FormatRequest:
    """The request to the format."""

    def text_style() -> TextStyle:
        return to.text_style(options["width"], options["ascii"], options["no_color"])

    return FormatRequest(
        several=len(models) > 1,
        text_style=text_style,
        columns=_columns(options["columns"]),
        depth=options["depth"],
        memory=options["memory"] or options["training"] is not None,
        insights=options["insights"],
        keras=_keras_options(text_style().width or 80, options)
        if "line_length" in REPORT_FORMATS[to.format].options
        else None,
        note=lambda text: warn(f"note: {text}"),
    )


def _columns(names: str | None) -> list[str] | None:
    if names is None:
        return None
    from convcalc.rendering.columns import FIELDS

    return list(FIELDS) if names == "all" else names.replace("-", "_").split(",")


def _keras_options(width: int, options: dict[str, Any]) -> Options:
    from convcalc.keras_text.options import Options

    positions = options["positions"]
    return Options(
        width,
        options["line_length"],
        None if positions is None else [share(each) for each in positions.split(",")],
        options["expand_nested"],
        options["show_trainable"],
        options["layer_range"],
    )


def share(text: str) -> float:
    """One of ``--positions``."""
    try:
        value = float(text)
    except ValueError:
        raise error(
            codes.INVALID_VALUE, f"--positions takes numbers such as 0.3,0.6,0.7,1.0; '{text}' is none"
        ) from None
    if not 0 <= value <= LONGEST:
        raise error(codes.INVALID_VALUE, f"--positions takes numbers from 0 to {LONGEST:,}, not {text}")
    return value
