"""YAML text to nodes that know their place, without executing or constructing anything.

PyYAML's parser gives events; this module builds plain nodes of them, on a stack of its own, so that neither depth nor
aliases of a hostile file can hurt. Scalars follow YAML 1.2's core schema: ``yes`` and ``on`` are words, not booleans.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import yaml

from convcalc.problems import ConvcalcError, Mark, Problem, Source, error

MAX_DEPTH = 64
MAX_BYTES = 256 * 2**20
MAX_ALIASED = 1_000_000
MAX_DIGITS = 40

_WORDS = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class Scalar:
    """A single value: None, a bool, an int, a float or a str."""

    __slots__ = ("column", "line", "value")

    def __init__(self, value: Any, line: int, column: int) -> None:
        self.value = value
        self.line = line
        self.column = column


class Items:
    """A list of nodes."""

    __slots__ = ("column", "items", "line")

    def __init__(self, line: int, column: int) -> None:
        self.items: list[Node] = []
        self.line = line
        self.column = column


class Fields:
    """A mapping: keys are words, each with the node of its key and that of its value."""

    __slots__ = ("column", "fields", "line")

    def __init__(self, line: int, column: int) -> None:
        self.fields: dict[str, tuple[Scalar, Node]] = {}
        self.line = line
        self.column = column

    def get(self, key: str) -> Node | None:
        """The value of a key; None where it is not given."""
        found = self.fields.get(key)
        return found[1] if found else None


Node: TypeAlias = "Scalar | Items | Fields"


def mark(source: Source, node: Node) -> Mark:
    """The place of a node."""
    return Mark(source, node.line + 1, node.column + 1)


def decode(data: bytes, name: str) -> Source:
    """The text of a file: UTF-8, or UTF-16 where a byte order mark says so."""
    if len(data) > MAX_BYTES:
        raise error("too-large", f"{name} has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return Source(name, data.decode(encoding))
    except UnicodeDecodeError as bad:
        line = data[: bad.start].count(b"\n") + 1
        message = f"{name} is not {encoding.upper().removesuffix('-SIG')} text: line {line} has a byte that is none; save it as UTF-8"
        raise error("encoding", message) from None


class _Composer:
    """Builds nodes of events. ``size`` of an anchor counts the nodes that an alias to it stands for."""

    def __init__(self, source: Source, problems: list[Problem]) -> None:
        self.source = source
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.aliased = 0
        self.problems = problems

    def fail(self, code: str, message: str, line: int, column: int) -> ConvcalcError:
        return error(code, message, Mark(self.source, line + 1, column + 1))

    def compose(self) -> Node | None:
        root: Node | None = None
        documents = 0
        # Each open collection: its node, the key that waits for a value, its anchor, and its size so far.
        stack: list[tuple[Items | Fields, list[Scalar], str | None, list[int]]] = []
        for event in self.events():
            line, column = event.start_mark.line, event.start_mark.column
            size, anchor = 1, getattr(event, "anchor", None)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.fail(
                        "documents", "a file holds one model; this starts a second YAML document", line, column
                    )
                continue
            if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                self.refuse_tag(event.tag, line, column)
                if len(stack) >= MAX_DEPTH:
                    raise self.fail("too-deep", f"nested deeper than {MAX_DEPTH} levels", line, column)
                opened: Items | Fields = (
                    Items(line, column) if isinstance(event, yaml.SequenceStartEvent) else Fields(line, column)
                )
                stack.append((opened, [], anchor, [1]))
                continue
            if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                closed, _, anchor, sizes = stack.pop()
                node: Node = closed
                size = sizes[0]
                line, column = closed.line, closed.column
            elif isinstance(event, yaml.AliasEvent):
                if anchor not in self.anchors:
                    raise self.fail("unknown-alias", f"there is no complete anchor '&{anchor}' above", line, column)
                node, size = self.anchors[anchor]
                self.aliased += size
                if self.aliased > MAX_ALIASED:
                    raise self.fail("alias-bomb", f"aliases stand for more than {MAX_ALIASED:,} values", line, column)
            elif isinstance(event, yaml.ScalarEvent):
                node = self.scalar(event, line, column)
            else:
                continue
            if anchor is not None and not isinstance(event, yaml.AliasEvent):
                self.anchors[anchor] = (node, size)
            if stack:
                stack[-1][3][0] += size
                self.place(stack[-1][0], stack[-1][1], node, line, column)
            else:
                root = node
        return root

    def events(self) -> Any:
        """PyYAML's events, from libyaml where it is there; its complaints become ours."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            yield from yaml.parse(self.source.text, Loader=loader)
        except yaml.MarkedYAMLError as bad:
            at = bad.problem_mark or bad.context_mark
            message = " ".join(part for part in (bad.problem, f"({bad.context})" if bad.context else "") if part)
            line, column = (at.line, at.column) if at else (0, 0)
            if Mark(self.source, line + 1, column + 1).excerpt[column : column + 1] == "\t":
                message = "a tab cannot indent in YAML; use spaces"
            raise self.fail("yaml-syntax", message, line, column) from None
        except yaml.reader.ReaderError as bad:
            before = self.source.text[: bad.position]
            column = len(before) - before.rfind("\n") - 1
            character = bad.character if isinstance(bad.character, str) else chr(bad.character)
            message = f"the character U+{ord(character):04X} is not allowed in YAML"
            raise self.fail("yaml-syntax", message, before.count("\n"), column) from None

    def place(self, parent: Items | Fields, waiting: list[Scalar], node: Node, line: int, column: int) -> None:
        """Put a finished node where it belongs."""
        if isinstance(parent, Items):
            parent.items.append(node)
        elif waiting:
            key = waiting.pop()
            if key.value is not None:
                parent.fields[key.value] = (key, node)
        elif not isinstance(node, Scalar):
            raise self.fail("yaml-key", "a key must be a word, not a list or a mapping", line, column)
        else:
            waiting.append(self.key(parent, node))

    def key(self, parent: Fields, node: Scalar) -> Scalar:
        """A key as a word; a key that was there already is a problem, and its value is passed over."""
        word = node.value if isinstance(node.value, str) else _word(node.value)
        if word in parent.fields:
            first = parent.fields[word][0].line + 1
            place = Mark(self.source, node.line + 1, node.column + 1)
            self.problems.append(
                Problem("duplicate-key", f"'{word}' is given twice; it was first given on line {first}", place)
            )
            return Scalar(None, node.line, node.column)
        return Scalar(word, node.line, node.column)

    def refuse_tag(self, tag: str | None, line: int, column: int) -> None:
        if tag is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            raise self.fail("yaml-tag", f"tags such as {short} are not read: plain YAML only", line, column)

    def scalar(self, event: Any, line: int, column: int) -> Scalar:
        self.refuse_tag(event.tag, line, column)
        text: str = event.value
        if not event.implicit[0]:
            return Scalar(text, line, column)
        if text in _WORDS:
            return Scalar(_WORDS[text], line, column)
        if _INTEGER.fullmatch(text):
            if len(text) > MAX_DIGITS:
                raise self.fail("invalid-value", f"a number of {len(text)} digits is no size", line, column)
            return Scalar(int(text) if text.lstrip("+-").isdigit() else int(text, 0), line, column)
        if _FLOAT.fullmatch(text):
            return Scalar(float(text), line, column)
        if _SPECIAL.fullmatch(text):
            return Scalar(float(text.replace(".", "")), line, column)
        return Scalar(text, line, column)


def _word(value: Any) -> str:
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )


def compose(source: Source, problems: list[Problem]) -> Node | None:
    """The nodes of a YAML text; None for an empty one. Keys that are given twice are added to ``problems``.

    Raises :class:`ConvcalcError` for a text that is no plain YAML.
    """
    return _Composer(source, problems).compose()
