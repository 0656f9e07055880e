"""The place of a layer in a spec, and the options that every layer has."""

from __future__ import annotations

from convcalc.base.problems import Mark, Source
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.ops import Operation
from convcalc.read.spec.nodes import MappingNode, Node, ScalarNode, SequenceNode, mark

# Options of every layer. A spec writes them with the layer's arguments, or next to the layer's name.
COMMON_OPTIONS = ("name", "from", "as", "expect", "trainable", "dtype")


class SpecPlace(Struct):
    """A :class:`convcalc.model.Place` in a spec.

    Attributes:
        node: the YAML node of the layer's name, or of the entry without a name
        arguments: the YAML node after the name: the layer's arguments
        entry: the YAML node of the whole entry in the list of layers
        definition: the layer or operation, which knows the order of positional arguments; None if there are none
        context: the text at the end of messages, as in :class:`Scope`
        blocks: the blocks and rounds around the layer, as in :class:`Scope`
    """

    source: Source
    node: Node
    arguments: Node | None = None
    entry: Node | None = None
    definition: LayerDefinition | Operation | None = None
    context: str = ""
    blocks: tuple[tuple[str, int], ...] = ()

    def __repr__(self) -> str:
        """Returns the file, the line and the column."""
        mark = self.mark()
        return f"{type(self).__name__}({mark.file}:{mark.line}:{mark.column})"

    @property
    def made_at(self) -> Mark | None:
        """Returns None: a spec has no position in Python code."""
        return None

    def mark(self, argument: str | None = None) -> Mark:
        """Returns the place of an argument's value, or of the layer's name if the argument is not written."""
        return mark(
            self.source, (self._named(argument) or self.positional(argument) if argument else None) or self.node
        )

    def key_mark(self, argument: str) -> Mark:
        """Returns the place of an argument's name, or of the layer's name if the argument is not written."""
        for mapping in (self.arguments, self.entry):
            if isinstance(mapping, MappingNode) and argument in mapping.fields:
                return mark(self.source, mapping.fields[argument][0])
        return self.mark()

    def option(self, key: str) -> Node | None:
        """Returns the value of an option that every layer has; None if the entry does not state the option."""
        return self._named(key)

    @property
    def positional_names(self) -> tuple[str, ...]:
        """The names of the arguments that can be given by position, in order."""
        if isinstance(self.definition, Operation):
            return self.definition.positional
        return tuple(known.name for known in self.definition.arguments) if self.definition else ()

    def _named(self, argument: str) -> Node | None:
        for mapping in (self.arguments, self.entry):
            if isinstance(mapping, MappingNode) and argument in mapping.fields:
                return mapping.fields[argument][1]
        return None

    def positional(self, argument: str) -> Node | None:
        """Returns the value of an argument that is given by position; None if it is not."""
        if argument not in self.positional_names:
            return None
        index = self.positional_names.index(argument)
        if isinstance(self.arguments, SequenceNode):
            return self.arguments.items[index] if index < len(self.arguments.items) else None
        return self.arguments if isinstance(self.arguments, ScalarNode) and index == 0 else None
