"""Nodes to plain values, with a word for everything that is wrong on the way.

A :class:`NodeReader` belongs to one file: it knows the file's source and collects its problems. A :class:`Scope` is what is in
view where a node stands: variables, labels, the inputs of the block around it.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.problems import Mark, Refusal, Source, did_you_mean, listed
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import REQUIRED, shown
from convcalc.layers.dtypes import POLICIES
from convcalc.model import Ref
from convcalc.ops import Operation
from convcalc.read.spec.expressions import substitute
from convcalc.read.spec.graph import FileContext
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode, mark

_VARIABLE = r"[A-Za-z_]\w*"


# What any layer may have besides its own arguments, among them or beside its name.
COMMON_OPTIONS = ("name", "from", "as", "expect", "trainable", "dtype")


class AlreadyReported(Exception):
    """A node could not be used, and its problem is put down already: go on behind it."""


class Scope(Struct):
    """What is in view: variables, labels, the block's inputs (for ``$input``), the open blocks, how many blocks, repeats
    and models are open, and a word on where.

    A block sees the labels of where it is used, so that it can be told one (``from: $skip``); its own stay in it.
    """

    variables: Mapping[str, Any] = {}
    labels: ChainMap[str, Ref] = ChainMap()  # noqa: RUF012 - nobody writes to it: each model begins labels of its own
    inputs: tuple[Ref, ...] = ()
    open_blocks: tuple[str, ...] = ()
    depth: int = 0
    context: str = ""


class SpecPlace(Struct):
    """A :class:`convcalc.model.Place`: the node that names a layer, the node of its arguments, and its whole entry."""

    source: Source
    node: Node
    arguments: Node | None = None
    entry: Node | None = None
    definition: LayerDefinition | Operation | None = None
    context: str = ""

    def mark(self, argument: str | None = None) -> Mark:
        """The value of an argument where it is written, else the name of the layer."""
        return mark(
            self.source, (self._named(argument) or self._positional(argument) if argument else None) or self.node
        )

    def key_mark(self, argument: str) -> Mark:
        """The name of an argument where it is written."""
        for holder in (self.arguments, self.entry):
            if isinstance(holder, MappingNode) and argument in holder.fields:
                return mark(self.source, holder.fields[argument][0])
        return self.mark()

    def option(self, key: str) -> Node | None:
        """The value of a key that any layer may have, among its arguments or beside its name."""
        return self._named(key)

    @property
    def positional_names(self) -> tuple[str, ...]:
        """The arguments that may stand without a name."""
        if isinstance(self.definition, Operation):
            return self.definition.positional
        return tuple(known.name for known in self.definition.arguments) if self.definition else ()

    def _named(self, argument: str) -> Node | None:
        for holder in (self.arguments, self.entry):
            if isinstance(holder, MappingNode) and argument in holder.fields:
                return holder.fields[argument][1]
        return None

    def _positional(self, argument: str) -> Node | None:
        if argument not in self.positional_names:
            return None
        index = self.positional_names.index(argument)
        if isinstance(self.arguments, SequenceNode):
            return self.arguments.items[index] if index < len(self.arguments.items) else None
        return self.arguments if isinstance(self.arguments, ScalarNode) and index == 0 else None


class NodeReader:
    """Reads nodes of one file."""

    def __init__(self, source: Source, file: FileContext) -> None:
        self.source = source
        self.file = file

    def report(self, node: Node, code: Code, message: str | Callable[[], str], scope: Scope) -> None:
        """Put a problem down at a node."""
        self.file.report(code, message, mark(self.source, node), context=scope.context)

    def charge(self, work: int, node: Node) -> None:
        """Count what reading a node takes. Raises :class:`ConvcalcError` when the file takes too much."""
        self.file.charge(work, lambda: mark(self.source, node))

    def report_refusals(self, place: SpecPlace, refusals: Sequence[Refusal]) -> None:
        """Put down what binding a layer's arguments found: names at the name, values at the value."""
        for refusal in refusals:
            several = place.arguments.items if isinstance(place.arguments, SequenceNode) else []
            if (
                refusal.code == codes.TOO_MANY_ARGUMENTS
                and place.definition
                and len(several) > len(place.positional_names)
            ):
                extra = several[len(place.positional_names)]
                self.file.report(refusal.code, refusal.message, mark(self.source, extra), context=place.context)
                continue
            at_key = refusal.code in (codes.UNKNOWN_ARGUMENT, codes.DUPLICATE_ARGUMENT) and refusal.argument
            at = place.key_mark(str(refusal.argument)) if at_key else place.mark(refusal.argument)
            about = str(refusal.argument) if refusal.argument else None
            message = refusal.message
            is_layer = not isinstance(
                place.definition, Operation
            )  # an operation has nothing of what any layer may have
            if is_layer and refusal.code == codes.UNKNOWN_ARGUMENT and about and "did you mean" not in message:
                message += did_you_mean(about, COMMON_OPTIONS)
            self.file.report(refusal.code, message, at, context=place.context, about=about)

    def check_keys(self, fields: MappingNode, known: Sequence[str], owner: str, scope: Scope) -> None:
        """Every key must be a known one."""
        for key, (key_node, _) in fields.fields.items():
            if key not in known:
                hint = did_you_mean(key, known) or f"; known are {listed(known, 'and')}"
                self.report(key_node, codes.UNKNOWN_KEY, f"{owner} has no key '{key}'{hint}", scope)

    def value(self, node: Node, scope: Scope) -> Any:
        """A node as a plain value, variables replaced. Raises :class:`AlreadyReported`."""
        if isinstance(node, ScalarNode):
            if not isinstance(node.value, str) or "$" not in node.value:
                return node.value
            self.charge(len(node.value) // 2, node)
            try:
                value = substitute(node.value, scope.variables)
                if isinstance(value, (list, dict)):
                    self.charge(_count_values(value), node)
                return value
            except Refusal as refusal:
                self.report(node, refusal.code, refusal.message, scope)
                raise AlreadyReported from None
        if isinstance(node, SequenceNode):
            self.charge(len(node.items), node)
            return [self.value(item, scope) for item in node.items]
        return {key: self.value(value, scope) for key, (_, value) in node.fields.items()}

    def declared(self, node: Node | None, expects: str) -> Iterable[tuple[str, tuple[ScalarNode, Node]]]:
        """What the file declares under a key, by name: a block, a custom layer."""
        if node is None:
            return ()
        if not isinstance(node, MappingNode):
            self.report(node, codes.INVALID_VALUE, expects, Scope())
            return ()
        return node.fields.items()

    def declared_arguments(self, node: Node | None, reserved: Sequence[str]) -> dict[str, Any]:
        """``[filters, {strides: 1}]``: names, with a default or without; of a block or of a custom layer."""
        found: dict[str, Any] = {}
        scope = Scope()
        for item in node.items if isinstance(node, SequenceNode) else [] if node is None else [node]:
            if isinstance(item, ScalarNode) and isinstance(item.value, str) and isinstance(node, SequenceNode):
                pairs: list[tuple[str, ScalarNode, Node | None]] = [(item.value, item, None)]
            elif isinstance(item, MappingNode) and isinstance(node, SequenceNode):
                pairs = [(name, key, value) for name, (key, value) in item.fields.items()]
            else:
                message = "'arguments' is a list of names, as in [filters, {strides: 1}], where strides has a default"
                self.report(item, codes.INVALID_VALUE, message, scope)
                continue
            for name, key, value in pairs:
                if not re.fullmatch(_VARIABLE, name):
                    message = f"an argument's name is a word of letters, digits and '_', not {shown(name)}"
                    self.report(key, codes.INVALID_NAME, message, scope)
                elif name in reserved:
                    message = f"an argument cannot be named '{name}': that has a meaning of its own in an entry"
                    self.report(key, codes.NAME_TAKEN, message, scope)
                elif name in found:
                    self.report(key, codes.NAME_TAKEN, f"two arguments are named '{name}'", scope)
                with suppress(AlreadyReported):
                    found[name] = REQUIRED if value is None else self.value(value, scope)
        return found

    def word(self, node: Node, scope: Scope, what: str) -> str:
        """A node that has to be a word; a whole number serves as one. Raises :class:`AlreadyReported`."""
        return self.as_word(self.value(node, scope), node, scope, what)

    def as_word(self, value: Any, node: Node, scope: Scope, what: str) -> str:
        """The same for the value of a node."""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str) or not value:
            self.report(node, codes.INVALID_VALUE, f"{what} must be a word, not {shown(value)}", scope)
            raise AlreadyReported
        return value

    def flag(self, node: Node | None, scope: Scope, what: str) -> bool:
        """A node that has to be true or false; true where it is not given."""
        value = True if node is None else self.value(node, scope)
        if not isinstance(value, bool) and node is not None:
            self.report(node, codes.INVALID_VALUE, f"'{what}' must be true or false, not {shown(value)}", scope)
            raise AlreadyReported
        return bool(value)

    def dtype(self, node: Node | None, scope: Scope, known: Sequence[str] = POLICIES) -> str | None:
        """A node that has to name a dtype or a dtype policy; None where it is not given."""
        if node is None:
            return None
        name = self.word(node, scope, "a dtype")
        if name not in known:
            hint = did_you_mean(name, known) or f"; known are {listed(known, 'and')}"
            self.report(node, codes.INVALID_VALUE, f"there is no dtype '{name}'{hint}", scope)
            raise AlreadyReported
        return name

    def limits(self, node: Node | None, known: Sequence[str], owner: str, scope: Scope) -> dict[str, Any]:
        """A mapping of numbers that a check holds the model against."""
        if node is None:
            return {}
        if not isinstance(node, MappingNode):
            self.report(node, codes.INVALID_VALUE, f"{owner} is a mapping with {listed(known)}", scope)
            raise AlreadyReported
        self.check_keys(node, known, owner, scope)
        return {key: self.value(value, scope) for key, (_, value) in node.fields.items() if key in known}


def has_misspelling_of(fields: MappingNode, key: str) -> bool:
    """Whether a mapping has a key that is nearly this one: that was reported, so that the key is missing needs no word."""
    return any(given != key and did_you_mean(given, [key]) for given in fields.fields)


# A value that a variable hands on: blocks that put lists into lists would build more than there is room for.
MAX_VARIABLE_VALUES = 200


def _count_values(value: Any) -> int:
    """How many values a value holds. Raises :class:`Refusal` for one that holds too many to be handed on."""
    seen, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        seen += 1
        if seen > MAX_VARIABLE_VALUES:
            raise Refusal(
                f"a variable that holds more than {MAX_VARIABLE_VALUES} values cannot be handed on", codes.EXPRESSION
            )
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            waiting.extend(part.values())
    return seen
