"""``convcalc layers``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from convcalc.base import codes
from convcalc.base.problems import Source, did_you_mean, error
from convcalc.cli import OK
from convcalc.cli.command import declare
from convcalc.cli.completion import known_layers
from convcalc.cli.output import text_options, text_style
from convcalc.cli.terminal import write

if TYPE_CHECKING:
    from convcalc.rendering.style import TextStyle


_MODULE = r"^(tf\.)?(keras\.)?layers\."


@declare("layers", examples=("convcalc layers", "convcalc layers Conv2D", "convcalc layers ops.matmul"))
@click.argument("name", required=False, shell_complete=known_layers)
@text_options
def command(name: str | None, width: int | None, ascii: bool, no_color: bool) -> int:
    """List the known layers, or show the arguments of one.

    NAME is a layer, `ops` for the list of operations of keras.ops, or `ops.NAME` for one operation. The page of a layer shows its
    arguments, its rule and an example.
    """
    from convcalc.layers import find, load_plugins
    from convcalc.layers.registry import all_layers
    from convcalc.rendering.catalogue import layer_list, layer_page

    style = text_style(width, ascii, no_color)
    if name is None:
        load_plugins()
        write(layer_list(all_layers().values(), style))
        return OK
    if name == "ops" or name.startswith(("ops.", "keras.ops.")):
        write(_operations(name.removeprefix("keras.").removeprefix("ops."), style))
        return OK
    definition = find(name) or find(re.sub(_MODULE, "", name))
    if definition is None:
        from convcalc.layers.other_names import meant_layer

        hint = meant_layer(name) or "; `convcalc layers` lists the known layers"
        raise error(codes.UNKNOWN_LAYER, f"there is no layer '{name}'{hint}")
    from convcalc.analyse import infer
    from convcalc.layers.examples import example_spec
    from convcalc.read.spec.spec import read_spec

    spec = example_spec(definition)
    write(layer_page(definition, spec, infer(read_spec(Source("example", spec))), style))
    return OK


def _operations(function: str, style: TextStyle) -> str:
    """Returns the page of one operation (``ops.NAME``), or the list of all operations (``ops``)."""
    from convcalc.ops import OPERATIONS, find_function
    from convcalc.rendering.catalogue import operation_list, operation_page

    if function == "ops":
        return operation_list(OPERATIONS.values(), style)
    operation = find_function(function)
    if operation is None:
        functions = [operation.function for operation in OPERATIONS.values()]
        hint = did_you_mean(function, functions) or "; `convcalc layers ops` lists the known operations"
        raise error(codes.UNKNOWN_OPERATION, f"there is no operation 'ops.{function}'{hint}")
    return operation_page(operation, style)
