"""What stands under ``from:``, ``outputs:`` and ``call:``: names of layers and labels, to tensors of the graph."""

from __future__ import annotations

from typing import Any

from convcalc.base import codes
from convcalc.model import Ref
from convcalc.read.spec.graph import GraphBuilder
from convcalc.read.spec.nodes import Items, Node, Scalar
from convcalc.read.spec.values import Passed, Scope, Values

INPUT = "$input"


class References:
    """Reads references in one scope of one graph."""

    def __init__(self, values: Values, graph: GraphBuilder, scope: Scope) -> None:
        self.values = values
        self.graph = graph
        self.scope = scope

    def read(self, node: Node) -> tuple[Ref, ...]:
        """``a``, ``[a, b]`` or, for one output of several, ``[a, 1]``. Raises :class:`Passed`."""
        if isinstance(node, Items):
            if (index := self._output_index(node)) is not None:
                return (self._output(node.items[0], node.items[1], index),)
            if not node.items:
                self.values.report(node, codes.INVALID_VALUE, "this list names no layer", self.scope)
                raise Passed
            return self._each(node)
        if isinstance(node, Scalar) and node.value == INPUT:
            if not self.scope.inputs:
                message = f"'{INPUT}' is what a block takes; only the layers of a block can name it"
                self.values.report(node, codes.UNKNOWN_NAME, message, self.scope)
                raise Passed
            self.values.spend(len(self.scope.inputs), node)
            return self.scope.inputs
        value = self.values.value(node, self.scope)
        names = value if isinstance(value, list) and value and isinstance(node, Scalar) else [value]
        return tuple(self._named(node, name) for name in names)

    def _each(self, node: Items) -> tuple[Ref, ...]:
        """What each name in a list refers to; all that are wrong are reported. Raises :class:`Passed`."""
        self.values.spend(len(node.items), node)
        refs: list[Ref] = []
        failed = False
        for item in node.items:
            try:
                refs += self.read(item)
            except Passed:
                failed = True
        if failed:
            raise Passed
        return tuple(refs)

    def _named(self, node: Node, value: Any) -> Ref:
        """The output of the layer or label of that name. Raises :class:`Passed`."""
        name = self.values.as_word(value, node, self.scope, "the name of a layer")
        ref = self.graph.find(name, self.scope.labels)
        if ref is None:
            self.values.report(node, codes.UNKNOWN_NAME, lambda: self._not_found(name), self.scope)
            raise Passed
        return ref

    def _not_found(self, name: str) -> str:
        return f"no layer above is named '{name}'{self.graph.nearest(name, self.scope.labels)}"

    def _output_index(self, node: Items) -> int | None:
        """The number in ``[a, 1]``; None for a list that only names layers."""
        if len(node.items) != 2 or not all(isinstance(item, Scalar) for item in node.items):
            return None
        if any(isinstance(item, Scalar) and item.value == INPUT for item in node.items[1:]):
            return None
        index = self.values.value(node.items[1], self.scope)
        return index if isinstance(index, int) and not isinstance(index, bool) else None

    def _output(self, node: Node, index_node: Node, index: int) -> Ref:
        """One output of several: of a layer, or among the inputs of the block. Raises :class:`Passed`."""
        refs = self.read(node)
        several = isinstance(node, Scalar) and node.value == INPUT
        if index < 0 or (several and index >= len(refs)):
            message = f"outputs are counted from 0, and {index} is none"
            if several:
                message = f"the block takes {len(refs)} input{'s' * (len(refs) != 1)}, counted from 0: {index} is none of them"
            self.values.report(index_node, codes.NO_SUCH_OUTPUT, message, self.scope)
            raise Passed
        return refs[index] if several else Ref(refs[0].call, index)
