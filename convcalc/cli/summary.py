"""``convcalc summary``."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from convcalc.cli import FAILED, FINE, WRONG, say, say_warnings
from convcalc.cli.completion import columns_so_far, dtypes, files, optimizers
from convcalc.cli.output import look, look_options, write
from convcalc.cli.sizes import parse_sizes
from convcalc.problems import ConvcalcError, did_you_mean, error, listed

if TYPE_CHECKING:
    from convcalc.analyse import Report
    from convcalc.analyse.report import Assumptions
    from convcalc.check.insights import Insight
    from convcalc.model import Model
    from convcalc.numbers import Number
    from convcalc.read.weights import Weights

FORMATS = ("table", "keras", "keras2", "json")
CONVENTIONS = ("convcalc", "tf")
LONGEST = 10_000  # of a line: what is longer is a slip of the keyboard


@click.command("summary")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=files)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True)
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
@click.option("--input", "inputs", multiple=True, metavar="[NAME=]SIZES", help="Another input size, as 224x224x3.")
@click.option("--batch", type=click.IntRange(1), help="The batch size.")
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
@look_options
def command(
    models: tuple[str, ...],
    format_: str,
    columns: str | None,
    convention: str | None,
    depth: int,
    inputs: tuple[str, ...],
    batch: int | None,
    line_length: int | None,
    positions: str | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: tuple[str, str] | None,
    memory: bool,
    inplace: bool,
    assume_dtype: str | None,
    training: str | None,
    insights: bool,
    verify: bool,
    strict: bool,
    width: int | None,
    ascii: bool,
    no_color: bool,
) -> int:
    """Layers, shapes, parameters and MACs of each MODEL: a YAML spec, a Keras config (model.to_json()) or a .keras archive;
    - is standard input.
    """
    from convcalc.analyse import infer
    from convcalc.read import parse

    if insights and format_ not in ("table", "json"):
        raise error("invalid-value", f"--insights goes with --format table or json, not with {format_}")
    assumptions = _assumptions(assume_dtype, inplace, training)
    code = FINE
    reports: list[Report] = []
    for number, source in enumerate(models):
        try:
            model = parse(source)
            report = replace(infer(_resized(model, inputs, batch)), assumptions=assumptions)
            weights = _stored(source, model) if verify else None
        except ConvcalcError as failed:
            if len(models) == 1:
                raise
            say(str(failed))
            code = WRONG
            continue
        say_warnings(report.problems)
        if convention is not None:
            from convcalc.analyse.flops import with_flops

            report = with_flops(report, convention)
        if weights is not None and not _agrees(source, report, weights):
            code = max(code, FAILED)
        if strict and not _is_complete(source, report, memory):
            code = max(code, FAILED)
        if format_ == "json":
            reports.append(report)
            continue
        if format_ in ("keras", "keras2"):
            from convcalc.render.keras_common import Options

            if format_ == "keras":
                from convcalc.render.keras import keras_text as text
            else:
                from convcalc.render.keras2 import keras2_text as text
            shares = None if positions is None else [share(each) for each in positions.split(",")]
            chosen_look = look(width, ascii, no_color).width or 80
            options = Options(chosen_look, line_length, shares, expand_nested, show_trainable, layer_range)
            write("\n" * (number > 0) + text(report, options))
            continue
        from convcalc.render.columns import FIELDS
        from convcalc.render.table import table

        chosen = None if columns is None else list(FIELDS) if columns == "all" else columns.replace("-", "_").split(",")
        write("\n" * (number > 0) + table(report, look(width, ascii, no_color), chosen, depth))
        if memory or training:
            from convcalc.render.memory import memory_text

            write("\n" + memory_text(report, look(width, ascii, no_color)))
        if insights:
            from convcalc.render.insights import insights_text

            write("\n" + insights_text(_insights(report), look(width, ascii, no_color)))
        sys.stdout.flush()
    if format_ == "json":
        from convcalc.render.json import dumps

        data = [report.as_dict() for report in reports]
        if insights:
            for each, report in zip(data, reports):
                each["insights"] = [found._asdict() for found in _insights(report)]
        write(dumps(data[0] if len(models) == 1 else data))
    return code


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


def _insights(report: Report) -> tuple[Insight, ...]:
    """What stands out in a model."""
    from convcalc.check.insights import insights

    return insights(report)


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


def share(text: str) -> float:
    """One of ``--positions``."""
    try:
        value = float(text)
    except ValueError:
        raise error("invalid-value", f"--positions takes numbers such as 0.3,0.6,0.7,1.0; '{text}' is none") from None
    if not 0 <= value <= LONGEST:
        raise error("invalid-value", f"--positions takes numbers from 0 to {LONGEST:,}, not {text}")
    return value


def _resized(model: Model, inputs: tuple[str, ...], batch: int | None) -> Model:
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
