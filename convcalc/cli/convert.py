"""``convcalc convert``."""

from __future__ import annotations

from pathlib import Path

import click

from convcalc.base import codes
from convcalc.base.problems import error, listed
from convcalc.cli import OK, warn, warn_lines
from convcalc.cli.command import OUTPUT, declare, option
from convcalc.cli.completion import files
from convcalc.cli.custom import custom_option
from convcalc.cli.inputs import Inputs, size_options, warnings_of


@declare(
    "convert",
    examples=(
        "convcalc convert model.yaml -o model.json",
        "convcalc convert model.keras -o model.py",
        "convcalc convert train.py:model -o model.json",
    ),
)
@click.argument("model", shell_complete=files)
@option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    shell_complete=files,
    heading=OUTPUT,
    help="Write to FILE; its ending selects the format: .json, .yaml or .py.",
)
@option("--force", is_flag=True, heading=OUTPUT, help="Overwrite the file that is converted.")
@size_options
@custom_option
def command(
    model: str, output: str, force: bool, values: tuple[str, ...], inputs: tuple[str, ...], custom: tuple[str, ...]
) -> int:
    """Convert a model to a Keras config, a YAML spec or Python code.

    MODEL is a spec, a Keras config, a .keras archive or an HDF5 file. keras.models.model_from_json builds a model from the
    config.
    """
    from convcalc.analyse import infer
    from convcalc.write import FORMATS, classes_to_supply, require_graph, write_whole
    from convcalc.write.calls import calls_in_training, models_with_other_ends

    target = Path(output)
    if target.suffix not in FORMATS:
        raise error(codes.UNKNOWN_FORMAT, f"{output}: the ending must be {listed(FORMATS)}")
    if not force and _is_same_file(model, target):
        message = f"{output} is the file that is converted: it would lose its comments, blocks, repeats and functions"
        raise error(codes.WOULD_OVERWRITE, f"{message}; write to another file, or pass --force")
    loaded = Inputs(values, inputs, None, custom).sound_model(model)
    require_graph(loaded)
    report = infer(loaded)
    for text in warnings_of(report.problems):
        warn_lines(text)
    write_whole(target, FORMATS[target.suffix](report))
    if target.suffix in (".yaml", ".yml"):
        if paths := calls_in_training(loaded):
            warn(f"note: the spec does not contain the argument 'training' of the calls of {listed(paths[:5], 'and')}")
        if paths := models_with_other_ends(loaded):
            warn(
                f"note: the spec lists the inputs and outputs of {listed(paths[:5], 'and')} without their lists and dicts"
            )
    classes = classes_to_supply(report)
    if classes:
        needs = (
            "you must supply the code of these classes, which the written file lists in comments:"
            if target.suffix == ".py"
            else "to load the file, Keras needs custom_objects with"
        )
        warn(f"note: {needs} {listed(classes, 'and')}")
    return OK


def _is_same_file(model: str, target: Path) -> bool:
    """Returns True if the output is the file of the model, also under another name."""
    from convcalc.read.code_settings import split_target

    path = Path(split_target(model)[0])
    return target.exists() and path.exists() and path.samefile(target)
