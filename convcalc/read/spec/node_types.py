"""The nodes of a YAML text: values with their positions."""

from __future__ import annotations

from typing import Any, TypeAlias

MAX_PYTHON = 2000  # longer texts are not read as Python


class ScalarNode:
    """A node with a single value: None, a bool, an int, a float or a str."""

    __slots__ = ("column", "line", "value")

    def __init__(self, value: Any, line: int, column: int) -> None:
        self.value = value
        self.line = line
        self.column = column


class SequenceNode:
    """A node with a list of nodes."""

    __slots__ = ("column", "items", "line")

    def __init__(self, line: int, column: int) -> None:
        self.items: list[Node] = []
        self.line = line
        self.column = column


class TupleNode(SequenceNode):
    """A list that is written as a Python tuple, such as ``(3, 3)``."""

    __slots__ = ()


class MappingNode:
    """A node with a mapping. ``fields`` maps each key, as a word, to the node of the key and the node of the value."""

    __slots__ = ("column", "fields", "line")

    def __init__(self, line: int, column: int) -> None:
        self.fields: dict[str, tuple[ScalarNode, Node]] = {}
        self.line = line
        self.column = column

    def get(self, key: str) -> Node | None:
        """Returns the value of a key; None if the mapping does not contain the key."""
        pair = self.fields.get(key)
        return pair[1] if pair else None


Node: TypeAlias = "ScalarNode | SequenceNode | MappingNode"
