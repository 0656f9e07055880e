"""``convcalc summary``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error, listed
from convcalc.base.selection import SORT_KEYS, Selection
from convcalc.cli import warn
from convcalc.cli.command import COLUMNS, EXIT_CODE, INPUT, KERAS, MEMORY, OUTPUT, ROWS, WholeNumber, declare, option
from convcalc.cli.completion import columns_so_far, dtypes, files, optimizers
from convcalc.cli.custom import custom_option
from convcalc.cli.inputs import are_several, input_options
from convcalc.cli.output import Output, output_options, text_options
from convcalc.cli.reading import Reading
from convcalc.rendering.formats import REPORT_FORMATS, FormatRequest, require_options, write_reports

if TYPE_CHECKING:
    from convcalc.keras_text.options import Options
    from convcalc.rendering.style import TextStyle

CONVENTIONS = ("convcalc", "tf")
LONGEST = 10_000  # the maximum length of a line in characters; a larger number is probably a typing error


@declare(
    "summary",
    examples=(
        "convcalc summary model.yaml",
        "convcalc summary train.py                           # Python code is read, not run",
        "convcalc summary model.py:build --set classes=10",
        "convcalc summary model.keras --columns cost --input 320x320x3",
        "convcalc summary model.h5 --fold                    # one row for each block",
        "convcalc summary model.h5 --sort macs --top 10",
        "convcalc summary models/*.yaml --format csv -o models.csv",
        "convcalc summary model.yaml --memory --training adam --batch 32",
    ),
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=files)
@output_options(tuple(REPORT_FORMATS))
@option(
    "--columns",
    metavar="A,B,...",
    shell_complete=columns_so_far,
    heading=COLUMNS,
    help="Choose the columns; 'cost', 'memory' and 'field' are groups of columns, 'all' is every column.",
)
@option(
    "--convention",
    type=click.Choice(CONVENTIONS),
    heading=COLUMNS,
    help="Count FLOPs as convcalc or as TensorFlow's profiler does.",
)
@option(
    "--depth",
    type=WholeNumber(0),
    metavar="N",
    default=0,
    show_default=True,
    heading=COLUMNS,
    help="Show N levels of nested models.",
)
@option(
    "--fold",
    is_flag=True,
    heading=ROWS,
    help="Show each block and each repeated part as one row, with its sums; show nested models as a tree.",
)
@option(
    "--sort",
    type=click.Choice(SORT_KEYS),
    metavar="NUMBER",
    heading=ROWS,
    help=f"Show the largest first: {listed(SORT_KEYS)}.",
)
@option(
    "--top",
    type=WholeNumber(1),
    metavar="N",
    heading=ROWS,
    help="Show only the N largest layers by --sort. [default: by params]",
)
@option(
    "--layers",
    multiple=True,
    metavar="PATTERN",
    heading=ROWS,
    help="Show only the layers whose names match, e.g. 'block5_*'; can be given several times.",
)
@input_options
@custom_option
@option(
    "--line-length",
    type=WholeNumber(1, LONGEST),
    metavar="N",
    heading=KERAS,
    help="Set the width of the table.",
)
@option("--positions", metavar="P,P,...", heading=KERAS, help="Set the column ends, as fractions of the width.")
@option("--expand-nested", is_flag=True, heading=KERAS, help="Show the layers of nested models.")
@option("--show-trainable", is_flag=True, heading=KERAS, help="Add a Trainable column.")
@option("--layer-range", nargs=2, metavar="A B", heading=KERAS, help="Show only layers A to B (regular expressions).")
@option("--memory", is_flag=True, heading=MEMORY, help="Show which tensors are in memory at each step, and the peak.")
@option(
    "--inplace",
    is_flag=True,
    heading=MEMORY,
    help="Assume that elementwise layers reuse their input's buffer and that reshapes are free.",
)
@option(
    "--assume-dtype",
    metavar="DTYPE",
    shell_complete=dtypes,
    heading=MEMORY,
    help="Assume that every tensor has this dtype, e.g. int8.",
)
@option(
    "--training",
    metavar="OPTIMIZER",
    shell_complete=optimizers,
    heading=MEMORY,
    help="Estimate the memory of training with this optimizer, e.g. adam.",
)
@option("--weights", metavar="FILE", shell_complete=files, heading=INPUT, help="Take the weights from this file.")
@option("--insights", is_flag=True, heading=OUTPUT, help="Point out likely mistakes and expensive layers.")
@option(
    "--verify",
    is_flag=True,
    heading=EXIT_CODE,
    help="Compare with the weights in the file; exit with 1 if they differ.",
)
@option("--strict", is_flag=True, heading=EXIT_CODE, help="Exit with 1 if a total is unknown or only a lower bound.")
@option("-q", "--quiet", is_flag=True, heading=EXIT_CODE, help="Print nothing; only set the exit code.")
@text_options
@click.pass_context
def command(context: click.Context, /, models: tuple[str, ...], to: Output, **options: Any) -> int:
    """Print layers, shapes, parameters and MACs of models.

    MODEL is a YAML spec, a Keras config (model.to_json()), a .keras archive, an HDF5 file or a model's folder; - is
    standard input. Python code and notebooks are read, and never run: FILE.py, FILE.py:NAME (a variable, a function or a
    class) or FILE.py:* (all models).
    """
    given = [name for name in options if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT]
    format = REPORT_FORMATS[to.format]
    require_options(format, given, are_several(models))
    request = _request(models, to, options)
    _note_unused(given, to.format, options)
    reading = Reading(options)
    if to.format == "table" and not options["quiet"] and not are_several(models):
        return _one_table(models, to, reading, request)
    if options["quiet"]:
        for _ in reading.reports(models):
            pass
    else:
        to.write(write_reports(format, reading.reports(models), request))
    return reading.code


def _one_table(models: tuple[str, ...], to: Output, reading: Reading, request: FormatRequest) -> int:
    """Prints the table of one model. For a model with an error, prints the table down to the layer with the error."""
    try:
        to.write(write_reports(REPORT_FORMATS["table"], reading.reports(models), request))
    except ConvcalcError:
        if reading.part is not None and to.file is None:
            from convcalc.rendering.broken import broken_table

            to.write([broken_table(reading.part, request.text_style(), request.columns)])
        raise
    return reading.code


def _note_unused(given: list[str], format: str, options: dict[str, Any]) -> None:
    """Prints a note for options of the memory analysis, if the output shows no memory."""
    names = [f"--{name.replace('_', '-')}" for name in ("inplace", "assume_dtype") if name in given]
    columns = _columns(options["columns"]) or []
    shows_memory = options["memory"] or options["training"] or format in ("json", "jsonl")
    if names and not shows_memory and not any(name == "memory" or name.endswith("_bytes") for name in columns):
        warn(f"note: {' and '.join(names)} changes nothing here; add --memory or --columns memory")


def _request(models: tuple[str, ...], to: Output, options: dict[str, Any]) -> FormatRequest:
    """Returns the request for the functions that write the output format."""

    def text_style() -> TextStyle:
        return to.text_style(options["width"], options["ascii"], options["no_color"])

    accepts_keras_options = "line_length" in REPORT_FORMATS[to.format].options
    return FormatRequest(
        several=are_several(models),
        text_style=text_style,
        columns=_columns(options["columns"]),
        depth=options["depth"],
        selection=Selection(
            options["fold"],
            options["sort"],
            options["top"],
            tuple(pattern for text in options["layers"] for pattern in text.split(",")),
        ),
        memory=options["memory"] or options["training"] is not None,
        insights=options["insights"],
        keras=_keras_options(text_style().width or 80, options) if accepts_keras_options else None,
        note=lambda text: warn(f"note: {text}"),
    )


def _columns(names: str | None) -> list[str] | None:
    if names is None:
        return None
    from convcalc.rendering.columns import ALL

    return list(ALL) if names.strip() == "all" else [name.strip() for name in names.replace("-", "_").split(",")]


def _keras_options(width: int, options: dict[str, Any]) -> Options:
    from convcalc.keras_text.options import Options

    positions = options["positions"]
    return Options(
        width,
        options["line_length"],
        None if positions is None else [column_end(text) for text in positions.split(",")],
        options["expand_nested"],
        options["show_trainable"],
        options["layer_range"],
    )


def column_end(text: str) -> float:
    """Parses one of the numbers of ``--positions``."""
    try:
        value = float(text)
    except ValueError:
        raise error(
            codes.INVALID_VALUE, f"--positions expects numbers such as 0.3,0.6,0.7,1.0; '{text}' is not a number"
        ) from None
    if not 0 <= value <= LONGEST:
        raise error(codes.INVALID_VALUE, f"--positions expects numbers from 0 to {LONGEST:,}, not {text}")
    return value
