"""Reads ``when:`` and ``unless:``, the conditions for a declaration or for a part of it.

    when: {axis: [-1, [-1]], use_bias: [true]}

The condition is met if each argument has one of its listed values. A part with ``when:`` is used if the condition is met, a part
with ``unless:`` if it is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Refusal, did_you_mean, listed
from convcalc.layers.arguments import shown
from convcalc.read.spec.nodes import MappingNode, Node
from convcalc.read.spec.values import AlreadyReported, NodeReader, Scope

WHEN = "when"
CONDITIONS = (WHEN, "unless")
Condition = Mapping[str, Sequence[Any]]


def read_condition(reader: NodeReader, node: Node | None, names: Mapping[str, Any], scope: Scope) -> Condition:
    """Returns a condition: the allowed values of each argument. ``names`` are the arguments that it may use.

    Raises :class:`AlreadyReported` if the condition cannot be read.
    """
    if node is None:
        return {}
    condition: dict[str, Sequence[Any]] = {}
    for name, (key, listed_node) in node.fields.items() if isinstance(node, MappingNode) else ():
        values = reader.value(listed_node, scope)
        if name not in names:
            hint = did_you_mean(name, names) or f"; the arguments are {listed(names, 'and') or 'none'}"
            reader.report(key, codes.UNKNOWN_VARIABLE, f"there is no argument '{name}' for a condition{hint}", scope)
            raise AlreadyReported
        condition[name] = values if isinstance(values, list) else ()
    if not condition or not all(condition.values()):
        message = "a condition must be a mapping from an argument to a list of its values, such as {use_bias: [true]}"
        reader.report(node, codes.INVALID_VALUE, message, scope)
        raise AlreadyReported
    return condition


def unmet(condition: Condition, values: Mapping[str, Any]) -> str:
    """Returns the reason why a condition is not met, such as ``axis -1, not 2``; "" if it is met."""
    for name, allowed in condition.items():
        value = values.get(name)
        # True and 1 are equal in Python, but different in a config.
        if not any(isinstance(value, bool) == isinstance(other, bool) and value == other for other in allowed):
            return f"{name} {listed(list(map(shown, allowed)))}, not {shown(value)}"
    return ""


def check_condition(condition: Condition, values: Mapping[str, Any]) -> None:
    """Raises :class:`Refusal` if the arguments of a layer do not meet the condition in its declaration."""
    if reason := unmet(condition, values):
        raise Refusal(f"is declared only for {reason}", codes.INVALID_VALUE)
