"""Reads entries and arguments that are copied from Python programs. Used only if a spec is not valid without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Refusal
from convcalc.layers import LayerDefinition, bind, find
from convcalc.layers.arguments import Real, shown
from convcalc.layers.other_names import meant_layer
from convcalc.read.spec.corrected import entry_line, flow
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode, TupleNode
from convcalc.read.spec.python_syntax import NotUnderstood, PythonCall, layer_call, positional_call

NamesOf = Callable[[str], Sequence[str]]


def entry_of(call: PythonCall, target: str, inputs: str, at: Node) -> MappingNode:
    """Returns the entry for a layer that is called on tensors, such as ``x = Dense(3)(x)``.

    ``target`` is the label of the output, and ``inputs`` the name that stands for the model's input; "" if there is none.
    """
    entry = MappingNode(at.line, at.column)
    given = call.arguments or ScalarNode(None, at.line, at.column)
    entry.fields[call.name] = (ScalarNode(call.name, at.line, at.column), given)
    names = [name for name in call.inputs if name != inputs]
    if names:
        sources = SequenceNode(at.line, at.column)
        sources.items = [ScalarNode(name, at.line, at.column) for name in names]
        entry.fields["from"] = (ScalarNode("from", at.line, at.column), sources)
    if target:
        entry.fields["as"] = (ScalarNode("as", at.line, at.column), ScalarNode(target, at.line, at.column))
    return entry


def understood_arguments(
    definition: LayerDefinition, given: Node | None, names_of: NamesOf, read: Callable[[Node | None], Any]
) -> tuple[Node, dict[str, Any]] | None:
    """Returns other nodes for the arguments of a layer, and the bound arguments; None if no other form is valid.

    The forms: ``32, 3`` and ``32, padding='same'`` without brackets, one list as the first argument
    (``ZeroPadding2D: [[1, 0], [0, 1]]``), and Python in the value of an argument (``layer: LSTM(32)``). ``read``
    returns the positional and the named arguments of a node.
    """
    for node in _forms(definition, given, names_of):
        args, refusals = bind(definition, *read(node))
        if not refusals:
            return node, args
    return None


def _forms(definition: LayerDefinition, given: Node | None, names_of: NamesOf) -> list[Node]:
    if isinstance(given, SequenceNode):
        return [_one_list(given)] if len(given.items) > 1 else []
    if isinstance(given, MappingNode):
        return _mapping_forms(given, names_of)
    if given is None or not isinstance(given.value, str) or not any(sign in given.value for sign in ",(="):
        return []
    if definition.arguments and isinstance(definition.arguments[0].kind, Real):
        return []  # 0,5 may be a decimal comma
    try:
        return [positional_call(definition.name, given.value, given.line, given.column, names_of)]
    except NotUnderstood:
        return []


def _one_list(given: SequenceNode) -> SequenceNode:
    outer = SequenceNode(given.line, given.column)
    outer.items = [given]
    return outer


def _mapping_forms(given: MappingNode, names_of: NamesOf) -> list[Node]:
    """Returns a mapping in which values that are Python texts, such as ``LSTM(32)``, are read."""
    node = MappingNode(given.line, given.column)
    for key, (key_node, value) in given.fields.items():
        node.fields[key] = (key_node, value)
        if isinstance(value, ScalarNode) and isinstance(value.value, str) and "(" in value.value:
            try:
                read = positional_call("", value.value, value.line, value.column, names_of)
            except NotUnderstood:
                return []
            if not isinstance(read, SequenceNode) or len(read.items) != 1:
                return []
            node.fields[key] = (key_node, read.items[0])
    return [node] if any(node.fields[key][1] is not given.fields[key][1] for key in given.fields) else []


def tuple_arguments(
    definition: LayerDefinition, given: TupleNode, args: Mapping[str, Any], read: Callable[[Node | None], Any]
) -> tuple[Node, Mapping[str, Any], list[Refusal]]:
    """Returns the arguments of a layer whose only value is a Python tuple, such as ``MaxPooling2D: (2, 2)``.

    The tuple is the first argument, or it has all arguments. ``args`` are the bound arguments of the second form. If
    both forms are valid and differ, returns a refusal.
    """
    whole = _one_list(given)
    ((values,), _) = read(whole)
    other, refusals = bind(definition, [values], {})
    if refusals:
        return given, args, []
    if len(set(map(repr, values))) == 1:
        return whole, other, []  # (2, 2): the strides of pooling are the pool size unless they are given
    names = [argument.name for argument in definition.arguments[: len(values)]]
    each = " and ".join(f"{name} {flow(value)}" for name, value in zip(names, values))
    message = (
        f"{definition.name}: {shown(tuple(values)).replace('[', '(').replace(']', ')')} has two meanings; "
        f"write {flow([values])} for {names[0]} {flow(values)}, or {flow(values)} for {each}"
    )
    return given, args, [Refusal(message, codes.INVALID_VALUE, names[0])]


def not_understood(text: str, reason: str, names_of: NamesOf, values: Callable[[Node], Any]) -> str:
    """Returns the message for an entry with Python code that is not the call of a layer."""
    start = f"this Python text cannot be read{f' ({reason})' if reason else ''}: {shown(text)}"
    if "lambda" in text:
        return f"{start}; a spec runs no code: state the result with '- Lambda: {{output_shape: [28, 28, 1]}}'"
    called = re.match(r"(?:\w+\s*=\s*)?([\w.]+)\(", text)
    if called and called[1].rpartition(".")[2] in ("Sequential", "Model"):
        return f"{start}; list the layers of the inner model in this spec, one on each line"
    if called and find(called[1].rpartition(".")[2]) is None and (hint := meant_layer(called[1])):
        of_torch = (
            " PyTorch's layers also name the inputs, Keras's only the outputs."
            if re.search(r"\w\dd\b|Linear", called[1])
            else ""
        )
        return f"there is no layer '{called[1]}'{hint}{of_torch}"
    line = corrected_line(text, names_of, values)
    return (
        f"{start}; write {line!r}"
        if line
        else f"{start}; write the layer as '- Conv2D: {{filters: 32, kernel_size: 3}}'"
    )


def corrected_line(text: str, names_of: NamesOf, values: Callable[[Node], Any]) -> str:
    """Returns the line of a spec for the first call of a layer at the start of a Python text; "" if there is none."""
    depth = 0
    for end, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == ")" and depth == 0:
            try:
                call = layer_call(text[: end + 1], 0, 0, names_of)
            except NotUnderstood:
                return ""
            return line_of(call, values)
    return ""


def line_of(call: PythonCall, values: Callable[[Node], Any]) -> str:
    """Returns the line of a spec for the call of a layer."""
    given = call.arguments
    value = None if given is None else values(given)
    if isinstance(value, Mapping):
        return entry_line(call.name, (), value)
    return entry_line(call.name, value or ())
