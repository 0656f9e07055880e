"""Finds the tensors that ``from:``, ``outputs:`` and ``call:`` name. A name is the name of a layer or a label."""

from __future__ import annotations

from typing import Any

from convcalc.base import codes
from convcalc.model import Ref
from convcalc.read.spec.graph import GraphBuilder
from convcalc.read.spec.nodes import Node, ScalarNode, SequenceNode
from convcalc.read.spec.values import AlreadyReported, NodeReader, Scope

INPUT = "$input"


class References:
    """Finds the tensors that names refer to, in one scope of one graph."""

    def __init__(self, reader: NodeReader, graph: GraphBuilder, scope: Scope) -> None:
        self.reader = reader
        self.graph = graph
        self.scope = scope

    def read(self, node: Node) -> tuple[Ref, ...]:
        """Returns the tensors of ``a``, ``[a, b]`` or ``[a, 1]`` (output 1 of a). Raises :class:`AlreadyReported`."""
        if isinstance(node, SequenceNode):
            if (index := self._output_index(node)) is not None:
                return (self._output(node.items[0], node.items[1], index),)
            if not node.items:
                self.reader.report(node, codes.INVALID_VALUE, "this list is empty; name at least one layer", self.scope)
                raise AlreadyReported
            return self._each(node)
        if isinstance(node, ScalarNode) and node.value == INPUT:
            if not self.scope.inputs:
                message = f"'{INPUT}' is the input of a block and can be used only inside a block"
                self.reader.report(node, codes.UNKNOWN_NAME, message, self.scope)
                raise AlreadyReported
            self.reader.charge(len(self.scope.inputs), node)
            return self.scope.inputs
        value = self.reader.value(node, self.scope)
        names = value if isinstance(value, list) and value and isinstance(node, ScalarNode) else [value]
        return tuple(self._named(node, name) for name in names)

    def _each(self, node: SequenceNode) -> tuple[Ref, ...]:
        """Returns the tensors for a list of names.

        Raises :class:`AlreadyReported` after all wrong names are reported.
        """
        self.reader.charge(len(node.items), node)
        refs: list[Ref] = []
        failed = False
        for item in node.items:
            try:
                refs += self.read(item)
            except AlreadyReported:
                failed = True
        if failed:
            raise AlreadyReported
        return tuple(refs)

    def _named(self, node: Node, value: Any) -> Ref:
        """Returns the tensor for the name of a layer or a label. Raises :class:`AlreadyReported`."""
        name = self.reader.as_word(value, node, self.scope, "the name of a layer")
        ref = self.graph.find(name, self.scope.labels)
        if ref is None:
            self.reader.report(node, codes.UNKNOWN_NAME, lambda: self._not_found(name), self.scope)
            raise AlreadyReported
        return ref

    def _not_found(self, name: str) -> str:
        from convcalc.read.spec.cures import unknown_tensor_cure  # imported lazily: only wrong specs need it

        inputs = [self.graph.layers[self.graph.calls[ref.call].layer].name for ref in self.graph.inputs]
        is_known = lambda word: self.graph.find(word, self.scope.labels) is not None  # noqa: E731
        cure = unknown_tensor_cure(name, inputs, is_known, self.scope.variables, bool(self.scope.open_blocks))
        return f"no layer above is named '{name}'{cure or self.graph.nearest(name, self.scope.labels)}"

    def _output_index(self, node: SequenceNode) -> int | None:
        """Returns the output index in a reference such as ``[a, 1]``; None for a list of names, such as ``[a, b]``."""
        if len(node.items) != 2 or not all(isinstance(item, ScalarNode) for item in node.items):
            return None
        if any(isinstance(item, ScalarNode) and item.value == INPUT for item in node.items[1:]):
            return None
        index = self.reader.value(node.items[1], self.scope)
        return index if isinstance(index, int) and not isinstance(index, bool) else None

    def _output(self, node: Node, index_node: Node, index: int) -> Ref:
        """Returns output ``index`` of a layer. For ``$input``, returns input ``index`` of the block.

        Raises :class:`AlreadyReported`.
        """
        refs = self.read(node)
        several = isinstance(node, ScalarNode) and node.value == INPUT
        if index < 0 or (several and index >= len(refs)):
            message = f"there is no output {index}; outputs are counted from 0"
            if several:
                message = f"there is no input {index}; the block has {len(refs)} input{'s' * (len(refs) != 1)}, counted from 0"
            self.reader.report(index_node, codes.NO_SUCH_OUTPUT, message, self.scope)
            raise AlreadyReported
        return refs[index] if several else Ref(refs[0].call, index)
