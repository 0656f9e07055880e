"""``convcalc explain``."""

from __future__ import annotations

import click

from convcalc.cli import FINE
from convcalc.cli.output import look, look_options, write


@click.command("explain")
@click.argument("model")
@click.argument("layer")
@look_options
def command(model: str, layer: str, width: int | None, ascii: bool, no_color: bool) -> int:
    """Every number of one LAYER of MODEL, worked out.

    LAYER is a name, a number (from 1), or the beginning of a name.
    """
    from convcalc.analyse import infer
    from convcalc.analyse.explain import explain
    from convcalc.read import parse
    from convcalc.render.explain import explanation

    write(explanation(explain(infer(parse(model)), layer), look(width, ascii, no_color)))
    return FINE
