"""The catalogue of layers and operations as text: the lists, and the page of a layer or an operation."""

from __future__ import annotations

from collections.abc import Iterable

from convcalc.analyse.report import Report
from convcalc.base.problems import listed
from convcalc.base.text import number_text, shapes_text, wrapped
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import REQUIRED, Anything
from convcalc.ops import Operation
from convcalc.rendering.grid import TextStyle, draw_table
from convcalc.rendering.sheet import Column
from convcalc.rendering.text import value_text


def layer_list(definitions: Iterable[LayerDefinition], style: TextStyle) -> str:
    """Returns every layer with its one-line summary, family by family."""
    families: dict[str, list[LayerDefinition]] = {}
    for definition in definitions:
        families.setdefault(definition.family, []).append(definition)
    width = max(len(definition.name) for family in families.values() for definition in family) + 2
    out: list[str] = []
    for family, members in sorted(families.items()):
        out += ["", style.painted(family.replace("_", " ").capitalize(), "bold")]
        out += [f"  {definition.name:<{width}}{definition.summary}" for definition in members]
    return "".join(f"{style.encoded(line)}\n" for line in out[1:])


def layer_page(definition: LayerDefinition, spec: str, example: Report, style: TextStyle) -> str:
    """Returns the page of a layer: what it does, its arguments in order, and an example with its result.

    ``example`` is the report of the example's spec.
    """
    names = f", also {listed(definition.aliases, 'and')}" if definition.aliases else ""
    out = [style.painted(f"{definition.name}{names}", "bold"), *wrapped(definition.doc, style.width), ""]
    expects = f"Input: (batch, {', '.join(definition.axes)})" if definition.axes else "Input: any shape"
    if isinstance(definition.inputs, tuple):
        expects += f", {definition.inputs[0]} to {definition.inputs[1]} inputs"
    elif definition.inputs != 1:
        expects += ", several inputs" if definition.inputs is None else f", {definition.inputs} inputs"
    if definition.inputs != 0:
        out.append(expects)
    text = "".join(f"{style.encoded(line)}\n" for line in out)
    rows = [
        [argument.name, *_default_and_expected(definition, argument.name)]
        for argument in (*definition.arguments, *definition.call_arguments)
    ]
    if rows:
        text += draw_table([Column("Argument"), Column("Default"), Column("Expects")], rows, style)
    counts = f"{number_text(example.totals.params)} parameters, {number_text(example.totals.macs)} MACs"
    result = f"results in {shapes_text(example.output_shapes)}, {counts}"
    page = ["", style.painted("Example", "bold"), *(f"  {line}" for line in spec.splitlines()), result]
    return text + "".join(f"{style.encoded(line)}\n" for line in [*page, "", definition.source])


def operation_list(operations: Iterable[Operation], style: TextStyle) -> str:
    """Returns every operation with its one-line summary, in alphabetical order."""
    summaries = sorted((f"ops.{operation.function}", operation.summary) for operation in operations)
    width = max(len(name) for name, _ in summaries) + 2
    return "".join(f"{style.encoded(f'{name:<{width}}{summary}')}\n" for name, summary in summaries)


def operation_page(operation: Operation, style: TextStyle) -> str:
    """Returns the page of an operation: what it does, and its arguments in order."""
    name = f"ops.{operation.function}"
    out = [style.painted(name, "bold"), *wrapped(operation.doc, style.width), ""]
    text = "".join(f"{style.encoded(line)}\n" for line in out)
    rows = []
    for argument in (*operation.parameters, *operation.init_parameters):
        default = value_text(operation.defaults[argument], argument) if argument in operation.defaults else "required"
        rows.append([argument, default, "a tensor or a value" if argument in operation.parameters else "a value"])
    text += draw_table([Column("Argument"), Column("Default"), Column("Expects")], rows, style)
    return text + style.encoded(f"\nIn Keras: keras.{name}") + "\n"


def _default_and_expected(definition: LayerDefinition, name: str) -> tuple[str, str]:
    argument = definition.argument(name)
    assert argument is not None
    default = "required" if argument.default is REQUIRED else value_text(argument.default, argument.name)
    if argument in definition.call_arguments:
        return default, f"{argument.expects} (of the call)"
    carried = "any value; changes neither shapes nor counts"
    return default, carried if isinstance(argument.kind, Anything) else argument.expects
