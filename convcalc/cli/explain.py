"""``convcalc explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, did_you_mean, error
from convcalc.cli import OK, warn
from convcalc.cli.command import declare
from convcalc.cli.completion import layers_of_the_model, models_or_codes
from convcalc.cli.custom import custom_option
from convcalc.cli.inputs import Inputs, size_options
from convcalc.cli.output import text_options, text_style
from convcalc.cli.terminal import write

if TYPE_CHECKING:
    from convcalc.analyse import Report
    from convcalc.model import Model
    from convcalc.rendering.style import TextStyle


@declare(
    "explain",
    examples=(
        "convcalc explain model.yaml conv2d_1",
        "convcalc explain model.yaml 3             # the third layer",
        "convcalc explain train.py:model dense",
        "convcalc explain wrong-rank               # the code of an error, warning or insight",
    ),
)
@click.argument("model", metavar="MODEL|CODE", shell_complete=models_or_codes)
@click.argument("layer", required=False, shell_complete=layers_of_the_model)
@size_options
@custom_option
@text_options
def command(
    model: str,
    layer: str | None,
    values: tuple[str, ...],
    inputs: tuple[str, ...],
    custom: tuple[str, ...],
    width: int | None,
    ascii: bool,
    no_color: bool,
) -> int:
    """Explain every number of a layer, or the meaning of a code.

    LAYER is a name, the beginning of a name, or a number (from 1). CODE is the word in brackets in an error or a warning, or the
    first word of an insight.
    """
    style = text_style(width, ascii, no_color)
    if layer is None:
        write(_meaning(model, style))
        return OK
    from convcalc.analyse import Study, infer
    from convcalc.analyse.explain import explain
    from convcalc.rendering.explain import explanation_text

    options = Inputs(values, inputs, None, custom)
    loaded = options.model(model)
    try:
        report = infer(loaded)
    except ConvcalcError as failed:
        report = _part(loaded, layer, failed)
    write(explanation_text(explain(Study.of(report), layer), style))
    return OK


def _part(model: Model, layer: str, failed: ConvcalcError) -> Report:
    """Returns the report of a model with errors, for a layer that they do not affect. Raises the errors otherwise."""
    from convcalc.analyse.broken import is_known, part_of
    from convcalc.analyse.explain import find_layer

    report = part_of(model)
    if report is None:
        raise failed
    try:
        _, row = find_layer(report, layer)
    except ConvcalcError:
        raise failed from None
    if not is_known(row, report):
        raise failed
    warn(f"note: another layer has an error: {next(p for p in failed.problems if p.severity == 'error').headline}")
    return report


def _meaning(code: str, style: TextStyle) -> str:
    """Returns a page with the meaning of a code. The code belongs to a problem or to an insight."""
    from convcalc.checking.insights import INSIGHT_RULES
    from convcalc.rendering.insights import code_page

    if code in INSIGHT_RULES:
        rule = INSIGHT_RULES[code]
        return code_page(code, rule.title, rule.explanation, style)
    if code in codes.CODES:
        meaning = codes.meaning(codes.Code(code))
        return code_page(code, meaning.title, meaning.help, style)
    from convcalc.layers import find

    if find(code.rpartition(".")[2]) is not None:
        name = code.rpartition(".")[2]
        raise error(codes.UNKNOWN_CODE, f"'{code}' is a layer of Keras: `convcalc layers {name}` shows it")
    hint = (
        did_you_mean(code, (*INSIGHT_RULES, *codes.CODES))
        or f"; to explain a layer of a model, use `convcalc explain {code} LAYER`"
    )
    raise error(codes.UNKNOWN_CODE, f"there is no code '{code}'{hint}")
