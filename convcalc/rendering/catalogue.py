"""The catalogue of layers as text: the list by family, and one layer's page."""

from __future__ import annotations

from collections.abc import Iterable

from convcalc.analyse.report import Report
from convcalc.base.problems import listed
from convcalc.base.text import number_text, shapes_text, wrapped
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import REQUIRED, Anything
from convcalc.ops import Operation
from convcalc.rendering.grid import TextStyle, draw
from convcalc.rendering.sheet import Column
from convcalc.rendering.text import value_text


def layer_list(kinds: Iterable[LayerDefinition], look: TextStyle) -> str:
    """Every layer with its one-line summary, family by family."""
    families: dict[str, list[LayerDefinition]] = {}
    for kind in kinds:
        families.setdefault(kind.family, []).append(kind)
    width = max(len(kind.name) for family in families.values() for kind in family) + 2
    out: list[str] = []
    for family, members in sorted(families.items()):
        out += ["", look.painted(family.replace("_", " ").capitalize(), "bold")]
        out += [f"  {kind.name:<{width}}{kind.summary}" for kind in members]
    return "".join(f"{look.signs(line)}\n" for line in out[1:])


def layer_page(kind: LayerDefinition, spec: str, example: Report, look: TextStyle) -> str:
    """One layer: what it does, its arguments in their order, its rule, and an example with its outcome."""
    names = f", also {listed(kind.aliases, 'and')}" if kind.aliases else ""
    out = [look.painted(f"{kind.name}{names}", "bold"), *wrapped(kind.doc, look.width), ""]
    expects = f"Input: (batch, {', '.join(kind.axes)})" if kind.axes else "Input: any shape"
    if isinstance(kind.inputs, tuple):
        expects += f", {kind.inputs[0]} to {kind.inputs[1]} inputs"
    elif kind.inputs != 1:
        expects += ", several inputs" if kind.inputs is None else f", {kind.inputs} inputs"
    if kind.inputs != 0:
        out.append(expects)
    text = "".join(f"{look.signs(line)}\n" for line in out)
    rows = [[argument.name, *_told(kind, argument.name)] for argument in (*kind.arguments, *kind.call_arguments)]
    if rows:
        text += draw([Column("Argument"), Column("Default"), Column("Expects")], rows, look)
    counts = f"{number_text(example.totals.params)} parameters, {number_text(example.totals.macs)} MACs"
    outcome = f"gives {shapes_text(example.output_shapes)}, {counts}"
    page = ["", look.painted("Example", "bold"), *(f"  {line}" for line in spec.splitlines()), outcome]
    return text + "".join(f"{look.signs(line)}\n" for line in [*page, "", f"In Keras: {kind.keras}"])


def operation_list(operations: Iterable[Operation], look: TextStyle) -> str:
    """Every operation with what it does, by the name of its function."""
    named = sorted((f"ops.{each.function}", each.summary) for each in operations)
    width = max(len(name) for name, _ in named) + 2
    return "".join(f"{look.signs(f'{name:<{width}}{summary}')}\n" for name, summary in named)


def operation_page(operation: Operation, look: TextStyle) -> str:
    """One operation: what it does, and its arguments in their order."""
    name = f"ops.{operation.function}"
    out = [look.painted(name, "bold"), *wrapped(operation.doc, look.width), ""]
    text = "".join(f"{look.signs(line)}\n" for line in out)
    rows = []
    for each in (*operation.parameters, *operation.init_parameters):
        known = value_text(operation.defaults[each]) if each in operation.defaults else "required"
        rows.append([each, known, "a tensor or a value" if each in operation.parameters else "a value"])
    text += draw([Column("Argument"), Column("Default"), Column("Expects")], rows, look)
    return text + look.signs(f"\nIn Keras: keras.{name}") + "\n"


def _told(kind: LayerDefinition, name: str) -> tuple[str, str]:
    argument = kind.argument(name)
    assert argument is not None
    default = "required" if argument.default is REQUIRED else value_text(argument.default)
    if argument in kind.call_arguments:
        return default, f"{argument.expects} (of the call)"
    carried = "carried as it is: changes no shape and no count"
    return default, carried if isinstance(argument.kind, Anything) else argument.expects
