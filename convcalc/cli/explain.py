"""``convcalc explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from convcalc.base import codes
from convcalc.base.problems import did_you_mean, error, listed
from convcalc.cli import OK
from convcalc.cli.completion import layers_of_the_model, models_or_codes
from convcalc.cli.output import text_options, text_style
from convcalc.cli.terminal import write

if TYPE_CHECKING:
    from convcalc.rendering.grid import TextStyle


@click.command("explain")
@click.argument("model", metavar="MODEL|CODE", shell_complete=models_or_codes)
@click.argument("layer", required=False, shell_complete=layers_of_the_model)
@text_options
def command(model: str, layer: str | None, width: int | None, ascii: bool, no_color: bool) -> int:
    """Every number of one LAYER of MODEL, worked out; or, with the CODE of an insight alone, what it means.

    LAYER is a name, a number (from 1), or the beginning of a name. CODE is one that `convcalc summary --insights` shows.
    """
    style = text_style(width, ascii, no_color)
    if layer is None:
        write(_meaning(model, style))
        return OK
    from convcalc.analyse import Study, infer
    from convcalc.analyse.explain import explain
    from convcalc.read import parse
    from convcalc.rendering.explain import explanation

    write(explanation(explain(Study.of(infer(parse(model))), layer), style))
    return OK


def _meaning(code: str, style: TextStyle) -> str:
    """What the code of an insight means."""
    from convcalc.checking.insights import INSIGHT_RULES
    from convcalc.rendering.insights import kind_page

    if code not in INSIGHT_RULES:
        hint = did_you_mean(code, INSIGHT_RULES) or f"; codes are {listed(INSIGHT_RULES, 'and')}"
        takes = "explain takes a MODEL and a LAYER, or the code of an insight"
        raise error(codes.UNKNOWN_CODE, f"{takes}; there is no code '{code}'{hint}")
    return kind_page(INSIGHT_RULES[code], style)
