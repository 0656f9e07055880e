"""YAML text to nodes that know their place, without executing or constructing anything.

PyYAML's parser gives events; this module builds plain nodes of them, on a stack of its own, so that neither depth nor
aliases of a hostile file can hurt. Scalars follow YAML 1.2's core schema: ``yes`` and ``on`` are words, not booleans.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.problems import LINE_END, ConvcalcError, Mark, Problem, Source, error
from convcalc.base.structs import Struct
from convcalc.read.spec.syntax import explain_yaml_error

MAX_DEPTH = 64
MAX_BYTES = 256 * 2**20  # of any file
MAX_CHARACTERS = 4 * 2**20  # of a YAML text
MAX_VALUES = 300_000  # that a YAML text holds, and that its aliases stand for
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
# Patterns are compiled when a text needs them (``re`` keeps them): most files do without most.
_INTEGER = r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+"
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_SPECIAL = r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
_BEGIN_NUMBERS = frozenset("+-.0123456789")
# The characters of YAML, as ranges. (A pattern of them takes longer to compile than most files to read.)
_YAML_CHARACTERS = (
    ("\t", "\n"),
    ("\r", "\r"),
    (" ", "~"),
    ("\x85", "\x85"),
    ("\xa0", "\ud7ff"),
    ("\ue000", "\ufefe"),
    ("\uff00", "\ufffd"),
    ("\U00010000", "\U0010ffff"),
)
_SURROGATE = "[\ud800-\udfff]"
_ESCAPE_BEYOND_UNICODE = r"\\U(?!00(?:0|10))|$"  # an escape beyond Unicode


class ScalarNode:
    """A single value: None, a bool, an int, a float or a str."""

    __slots__ = ("column", "line", "value")

    def __init__(self, value: Any, line: int, column: int) -> None:
        self.value = value
        self.line = line
        self.column = column


class SequenceNode:
    """A list of nodes."""

    __slots__ = ("column", "items", "line")

    def __init__(self, line: int, column: int) -> None:
        self.items: list[Node] = []
        self.line = line
        self.column = column


class MappingNode:
    """A mapping: keys are words, each with the node of its key and that of its value."""

    __slots__ = ("column", "fields", "line")

    def __init__(self, line: int, column: int) -> None:
        self.fields: dict[str, tuple[ScalarNode, Node]] = {}
        self.line = line
        self.column = column

    def get(self, key: str) -> Node | None:
        """The value of a key; None where it is not given."""
        found = self.fields.get(key)
        return found[1] if found else None


Node: TypeAlias = "ScalarNode | SequenceNode | MappingNode"


def mark(source: Source, node: Node) -> Mark:
    """The place of a node."""
    return Mark(source, node.line + 1, node.column + 1)


def decode(data: bytes, name: str) -> Source:
    """The text of a file: UTF-8, or UTF-16 where a byte order mark says so."""
    if len(data) > MAX_BYTES:
        raise error(codes.TOO_LARGE, f"{name} has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return Source(name, data.decode(encoding))
    except UnicodeDecodeError as bad:
        line = data[: bad.start].count(b"\n") + 1
        message = f"{name} is not {encoding.upper()} text: line {line} has a byte that is none; save it as UTF-8"
        raise error(codes.ENCODING, message) from None


class _Anchor(Struct):
    """The node of an anchor, how many values an alias to it stands for, and how deep they are nested."""

    node: Node
    values: int
    height: int


class _Open:
    """A collection that is being read. ``key`` waits for its value; ``values`` and ``height`` are so far those of an anchor."""

    __slots__ = ("anchor", "height", "key", "node", "values")

    def __init__(self, node: SequenceNode | MappingNode, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: ScalarNode | None = None
        self.values = 1
        self.height = 1


class _Composer:
    """Builds nodes of events."""

    def __init__(self, source: Source, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        self.anchors: dict[str, _Anchor] = {}
        self.stack: list[_Open] = []
        self.root: Node | None = None
        self.values = 0

    def fail(self, code: Code, message: str, line: int, column: int) -> ConvcalcError:
        """The error that ends reading, with the problems that were found before it."""
        return ConvcalcError([*self.problems, Problem(code, message, Mark(self.source, line + 1, column + 1))])

    def compose(self) -> Node | None:
        """The node of the whole text."""
        import yaml  # a Keras config is read without it

        documents = 0
        for event in self.events():
            line, column = event.start_mark.line, event.start_mark.column
            if isinstance(event, yaml.ScalarEvent):  # most are
                self.count(1, line, column)
                self.put(self.scalar(event, line, column), 1, 0, event.anchor)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "a file holds one model; this starts a second YAML document"
                    raise self.fail(codes.DOCUMENTS, message, line, column)
            elif isinstance(event, yaml.SequenceStartEvent):
                self.open(SequenceNode(line, column), event)
            elif isinstance(event, yaml.MappingStartEvent):
                self.open(MappingNode(line, column), event)
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                closed = self.stack.pop()
                self.put(closed.node, closed.values, closed.height, closed.anchor)
            elif isinstance(event, yaml.AliasEvent):
                self.alias(str(event.anchor), line, column)
        return self.root

    def open(self, node: SequenceNode | MappingNode, event: Any) -> None:
        """A collection begins."""
        self.reject_tag(event.tag, node.line, node.column)
        self.count(1, node.line, node.column)
        self.check_depth(len(self.stack) + 1, node.line, node.column)
        self.stack.append(_Open(node, event.anchor))

    def alias(self, anchor: str, line: int, column: int) -> None:
        """An alias is the node of its anchor, written here."""
        if anchor not in self.anchors:
            message = f"there is no anchor '&{anchor}' above that is complete; to write '*' itself, quote it"
            raise self.fail(codes.UNKNOWN_ALIAS, message, line, column)
        target = self.anchors[anchor]
        self.count(target.values, line, column)
        self.check_depth(len(self.stack) + target.height, line, column)
        self.put(_alias_of(target.node, line, column), target.values, target.height, None)

    def count(self, values: int, line: int, column: int) -> None:
        """Bound how many values there are, those that aliases stand for included."""
        self.values += values
        if self.values > MAX_VALUES:
            cause = " with its aliases written out" if values > 1 else ""
            message = f"this file{cause} holds more than {MAX_VALUES:,} values; no more are read"
            raise self.fail(codes.TOO_LARGE, message, line, column)

    def check_depth(self, depth: int, line: int, column: int) -> None:
        """Bound how deep values are nested."""
        if depth > MAX_DEPTH:
            raise self.fail(
                codes.TOO_DEEP, f"lists and mappings are nested deeper than {MAX_DEPTH} levels", line, column
            )

    def events(self) -> Any:
        """PyYAML's events, from libyaml where it is there; its complaints become ours."""
        import yaml

        text = self.source.text
        if len(text) > MAX_CHARACTERS:
            raise error(
                codes.TOO_LARGE, f"{self.source.name} has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read"
            )
        wrong = [sign for sign in set(text) if not any(least <= sign <= most for least, most in _YAML_CHARACTERS)]
        if wrong:
            first = min(map(text.index, wrong))
            raise self.failure_at(first, f"the character U+{ord(text[first]):04X} is not allowed in YAML")
        try:
            yield from yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.MarkedYAMLError as bad:
            complaint = explain_yaml_error(bad, text)
            raise self.fail(codes.YAML_SYNTAX, complaint.message, complaint.line, complaint.column) from None
        except ValueError:  # PyYAML's own parser, which makes any character that an escape asks for
            place = re.search(_ESCAPE_BEYOND_UNICODE, text)
            assert place is not None
            raise self.failure_at(place.start(), "an escape of what is no character") from None

    def failure_at(self, place: int, message: str) -> ConvcalcError:
        """The error for what stands at a place in the text."""
        lines = re.split(LINE_END, self.source.text[:place])
        return self.fail(codes.YAML_SYNTAX, message, len(lines) - 1, len(lines[-1]))

    def put(self, node: Node, values: int, height: int, anchor: str | None) -> None:
        """Put a finished node where it belongs."""
        if anchor is not None:
            self.anchors[anchor] = _Anchor(node, values, height)
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.values += values
        parent.height = max(parent.height, height + 1)
        if isinstance(parent.node, SequenceNode):
            parent.node.items.append(node)
        elif parent.key is not None:
            key, parent.key = parent.key, None
            if key.value is not None:
                parent.node.fields[key.value] = (key, node)
        elif isinstance(node, ScalarNode):
            parent.key = self.key(parent.node, node)
        else:
            raise self.fail(codes.YAML_KEY, "a key must be a word, not a list or a mapping", node.line, node.column)

    def key(self, parent: MappingNode, node: ScalarNode) -> ScalarNode:
        """A key as a word; a key that was there already is a problem, and its value is passed over."""
        word = node.value if isinstance(node.value, str) else _key_text(node.value)
        if word == "<<":
            message = "'<<' is not read (YAML 1.2 has no merge keys): write the entries out, or make a block of them"
            raise self.fail(codes.YAML_MERGE, message, node.line, node.column)
        if word in parent.fields:
            first = parent.fields[word][0].line + 1
            message = f"'{word}' is given twice; it was first given on line {first}"
            self.problems.append(Problem(codes.DUPLICATE_KEY, message, mark(self.source, node)))
            return ScalarNode(None, node.line, node.column)
        return ScalarNode(word, node.line, node.column)

    def reject_tag(self, tag: str | None, line: int, column: int) -> None:
        if tag is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            message = f"tags such as {short} are not read: plain YAML only"
            if short == "!":
                message = "'!' begins a tag, and tags are not read; quote a text that begins with it"
            raise self.fail(codes.YAML_TAG, message, line, column)

    def scalar(self, event: Any, line: int, column: int) -> ScalarNode:
        self.reject_tag(event.tag, line, column)
        text: str = event.value
        if not text.isascii() and re.search(_SURROGATE, text):
            raise self.fail(codes.YAML_SYNTAX, "an escape of half a character", line, column)
        if not event.implicit[0]:
            return ScalarNode(text, line, column)
        if text in _WORDS:
            return ScalarNode(_WORDS[text], line, column)
        if text[0] not in _BEGIN_NUMBERS:  # most are words
            return ScalarNode(text, line, column)
        if re.fullmatch(_INTEGER, text):
            decimal = text.lstrip("+-").isdigit()
            if len(text) > MAX_DIGITS:  # as 1e60: no size, so what takes sizes refuses it
                return ScalarNode(float(text) if decimal else text, line, column)
            return ScalarNode(int(text) if decimal else int(text, 0), line, column)
        if re.fullmatch(_FLOAT, text):
            return ScalarNode(float(text), line, column)
        if re.fullmatch(_SPECIAL, text):
            return ScalarNode(float(text.replace(".", "")), line, column)
        return ScalarNode(text, line, column)


def _alias_of(node: Node, line: int, column: int) -> Node:
    """The node as an alias has it: with the alias's place, and the content (with its places) that it shares."""
    moved: Node
    if isinstance(node, ScalarNode):
        moved = ScalarNode(node.value, line, column)
    elif isinstance(node, SequenceNode):
        moved = SequenceNode(line, column)
        moved.items = node.items
    else:
        moved = MappingNode(line, column)
        moved.fields = node.fields
    return moved


def _key_text(value: Any) -> str:
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )


def compose(source: Source, problems: list[Problem]) -> Node | None:
    """The nodes of a YAML text; None for an empty one. Keys that are given twice are added to ``problems``.

    Raises :class:`ConvcalcError` for a text that is no plain YAML.
    """
    return _Composer(source, problems).compose()


def plain_value(node: Node | None) -> Any:
    """A node as plain data, where no place is needed."""
    if isinstance(node, SequenceNode):
        return [plain_value(item) for item in node.items]
    if isinstance(node, MappingNode):
        return {key: plain_value(value) for key, (_, value) in node.fields.items()}
    return None if node is None else node.value
