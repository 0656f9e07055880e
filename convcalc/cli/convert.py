"""``convcalc convert``."""

from __future__ import annotations

from pathlib import Path

import click

from convcalc.base import codes
from convcalc.base.problems import error, listed
from convcalc.cli import OK, print_warnings, warn
from convcalc.cli.completion import files


@click.command("convert")
@click.argument("model", shell_complete=files)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    shell_complete=files,
    help="Where to write; its ending says what: .json, .yaml or .py.",
)
def command(model: str, output: str) -> int:
    """Write MODEL (a spec, a Keras config or archive) as a Keras config, which keras.models.model_from_json builds, as a spec, or
    as Keras code.
    """
    from convcalc.analyse import infer
    from convcalc.layers import LayerDefinition
    from convcalc.model import Foreign
    from convcalc.read import load
    from convcalc.write import FORMATS, write_whole

    target = Path(output)
    if target.suffix not in FORMATS:
        raise error(codes.UNKNOWN_FORMAT, f"{output}: a model can be written as {listed(FORMATS)}")
    report = infer(load(model))
    print_warnings(report.problems)
    own = sorted({row.class_name for row in report.layers if isinstance(row.definition, Foreign)})
    own += sorted(
        {
            row.class_name
            for row in report.layers
            if isinstance(row.definition, LayerDefinition) and row.definition.is_custom
        }
    )
    write_whole(target, FORMATS[target.suffix](report))
    if own:
        needs = (
            "the code imports, and you supply,"
            if target.suffix == ".py"
            else "to load it, Keras needs custom_objects for"
        )
        warn(f"note: {needs} {listed(own, 'and')}")
    return OK
