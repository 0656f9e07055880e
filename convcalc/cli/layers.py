"""``convcalc layers``."""

from __future__ import annotations

import click

from convcalc.cli import FINE
from convcalc.cli.output import look, look_options, write
from convcalc.problems import Source, did_you_mean, error


@click.command("layers")
@click.argument("name", required=False)
@look_options
def command(name: str | None, width: int | None, ascii: bool, no_color: bool) -> int:
    """The layers that are known, by family; with a NAME, that layer's arguments, rule and an example."""
    from convcalc.layers import CATALOGUE, find, known_names
    from convcalc.render.catalogue import layer_list, layer_page

    appearance = look(width, ascii, no_color)
    if name is None:
        write(layer_list(CATALOGUE.values(), appearance))
        return FINE
    kind = find(name)
    if kind is None:
        hint = did_you_mean(name, known_names()) or "; `convcalc layers` lists those that are known"
        raise error("unknown-layer", f"there is no layer '{name}'{hint}")
    from convcalc.analyse import infer
    from convcalc.layers.examples import example_spec
    from convcalc.read.spec import read_spec

    spec = example_spec(kind)
    write(layer_page(kind, spec, infer(read_spec(Source("example", spec))), appearance))
    return FINE
