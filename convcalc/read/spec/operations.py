"""Reads an operation of ``keras.ops`` in a spec: ``- ops.add: {x2: 3.0}``, ``- ops.where: {from: [mask, a, b]}``.

The tensors under ``from:`` are the missing tensor arguments, in order. Without ``from:``, the output of the previous entry is used.
An argument can also name a tensor: ``x2: {from: shortcut}``. A constant tensor is ``{constant: [1, 2], dtype: int32}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Refusal, did_you_mean, listed
from convcalc.base.structs import Struct
from convcalc.layers.dtypes import DTYPES
from convcalc.model import Constant, Ref, Slot
from convcalc.ops import Operation
from convcalc.ops.keys import read_key
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode
from convcalc.read.spec.references import References
from convcalc.read.spec.values import AlreadyReported, NodeReader, Scope, SpecPlace

# The keys that an operation's entry can have in addition to the operation's arguments.
OPERATION_OPTIONS = ("name", "from", "as", "expect")


class OperationUse(Struct):
    """The arguments of an operation.

    Attributes:
        made: the arguments of the operation's constructor
        call: the arguments of the operation's call, with a :class:`Slot` in place of each tensor
        inputs: the tensors that belong in the slots, in the order of the slots
    """

    made: dict[str, Any]
    call: dict[str, Any]
    inputs: tuple[Ref, ...]


class OperationReader:
    """Reads the arguments of operations in one scope."""

    def __init__(self, reader: NodeReader, references: References, scope: Scope) -> None:
        self.reader = reader
        self.references = references
        self.scope = scope

    def read(self, operation: Operation, place: SpecPlace, current: Ref | None) -> OperationUse:
        """Returns the arguments of an entry. Raises :class:`AlreadyReported`."""
        nodes = self._by_name(operation, place)
        given = {name: self._operand(node) for name, node in nodes.items()}
        try:
            self._check(operation, given)
            self._put_tensors(operation, place, given, current)
            if operation.name == "GetItem" and isinstance(given.get("key"), str):
                given["key"] = read_key(given["key"])
        except Refusal as refusal:
            self.reader.report_refusals(place, [refusal])
            raise AlreadyReported from None
        inputs: list[Ref] = []
        call = {name: _with_slots(given[name], inputs) for name in operation.parameters if name in given}
        made = operation.without_defaults({name: given[name] for name in operation.init_parameters if name in given})
        if not inputs:
            self.reader.report_refusals(
                place,
                [Refusal(f"{_name(operation)} has no tensor as input; name one under 'from:'", codes.WRONG_INPUTS)],
            )
            raise AlreadyReported
        return OperationUse(made, call, tuple(inputs))

    def _by_name(self, operation: Operation, place: SpecPlace) -> dict[str, Node]:
        """Returns the nodes of the arguments by name.

        In the file, arguments are given by name, or by position after the first tensor.
        """
        given, entry = place.arguments, place.entry
        if isinstance(entry, MappingNode):
            for name in ("trainable", "dtype"):
                if name in entry.fields:
                    message = f"{_name(operation)} has no option '{name}'; remove it"
                    self.reader.report_refusals(place, [Refusal(message, codes.UNKNOWN_ARGUMENT, name)])
                    raise AlreadyReported
        if isinstance(given, SequenceNode) or (isinstance(given, ScalarNode) and given.value is not None):
            nodes = given.items if isinstance(given, SequenceNode) else [given]
            names = place.positional_names
            if len(nodes) > len(names):
                message = f"{_name(operation)} takes at most {len(names)} arguments after its tensor, not {len(nodes)}"
                self.reader.report_refusals(place, [Refusal(message, codes.TOO_MANY_ARGUMENTS)])
                raise AlreadyReported
            return dict(zip(names, nodes))
        known = (*operation.parameters, *operation.init_parameters)
        by_name: dict[str, Node] = {}
        for name, (_, node) in given.fields.items() if isinstance(given, MappingNode) else ():
            if name in OPERATION_OPTIONS:
                continue
            if name not in known:
                hint = did_you_mean(name, known) or f"; it has {listed(known, 'and')}"
                message = f"{_name(operation)} has no argument '{name}'{hint}"
                self.reader.report_refusals(place, [Refusal(message, codes.UNKNOWN_ARGUMENT, name)])
                raise AlreadyReported
            by_name[name] = node
        return by_name

    def _operand(self, node: Node) -> Any:
        """Returns the value of an argument. A name of a tensor becomes the tensor.

        Raises :class:`AlreadyReported`.
        """
        if isinstance(node, MappingNode) and [*node.fields] == ["from"]:
            refs = self.references.read(node.fields["from"][1])
            return refs[0] if len(refs) == 1 else list(refs)
        if isinstance(node, MappingNode) and {*node.fields} == {"constant", "dtype"}:
            dtype = self.reader.dtype(node.get("dtype"), self.scope, DTYPES) or "float32"
            return Constant(self.reader.value(node.fields["constant"][1], self.scope), dtype)
        if isinstance(node, SequenceNode):
            return [self._operand(item) for item in node.items]
        return self.reader.value(node, self.scope)

    def _check(self, operation: Operation, given: Mapping[str, Any]) -> None:
        for name in operation.init_parameters:
            if name not in given and name not in operation.defaults:
                raise Refusal(f"{_name(operation)} needs the argument '{name}'", codes.MISSING_ARGUMENT, name)

    def _put_tensors(self, operation: Operation, place: SpecPlace, given: dict[str, Any], current: Ref | None) -> None:
        """Adds the missing tensor arguments: the tensors under ``from:``, or the output of the previous entry."""
        free = [name for name in operation.parameters if name not in given]
        needed = [name for name in free if name not in operation.defaults]
        node = place.option("from")
        if node is not None:
            refs = self.references.read(node)
        elif not needed:
            return
        elif current is None:
            raise Refusal("the input of this entry is not clear; name it under 'from:'", codes.MISSING_FROM)
        else:
            refs = (current,)
        if free and (operation.variadic or operation.takes_list):
            given[free[0]] = list(refs)
            return
        if not len(needed) <= len(refs) <= len(free):
            count = f"{len(needed)}" if len(needed) == len(free) else f"{len(needed)} to {len(free)}"
            message = f"{_name(operation)} takes {count} tensor{'s' * (count != '1')} for {listed(free, 'and')}, not {len(refs)}"
            if not free:
                message = f"all tensors of {_name(operation)} are already given as arguments; remove 'from:'"
            raise Refusal(message, codes.WRONG_INPUTS, argument="from")
        given.update(zip(free, refs))


def _name(operation: Operation) -> str:
    return f"ops.{operation.function}"


def _with_slots(value: Any, inputs: list[Ref]) -> Any:
    """Returns a value with each tensor replaced by a :class:`Slot`. The tensors are added to ``inputs``."""
    if isinstance(value, Ref):
        inputs.append(value)
        return Slot(len(inputs) - 1)
    return [_with_slots(part, inputs) for part in value] if isinstance(value, list) else value
