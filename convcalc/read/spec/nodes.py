"""Parses YAML text into nodes with positions. Nothing in the text is executed.

PyYAML's parser yields events, and this module builds nodes from them. It does so without recursion, so that deep nesting or many
aliases in a hostile file do no harm. As in YAML 1.2, ``yes`` and ``on`` are words, not booleans.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from convcalc.base import codes
from convcalc.base.codes import Code
from convcalc.base.problems import LINE_END, ConvcalcError, Mark, Problem, Source, error
from convcalc.base.structs import Struct
from convcalc.read.spec.node_types import MAX_PYTHON
from convcalc.read.spec.node_types import MappingNode as MappingNode
from convcalc.read.spec.node_types import Node as Node
from convcalc.read.spec.node_types import ScalarNode as ScalarNode
from convcalc.read.spec.node_types import SequenceNode as SequenceNode
from convcalc.read.spec.node_types import TupleNode as TupleNode
from convcalc.read.spec.syntax import explain_yaml_error

MAX_DEPTH = 64
MAX_BYTES = 256 * 2**20  # the maximum size of a file on standard input or in a revision of git
MAX_TEXT_BYTES = 64 * 2**20  # the maximum size of a text file
MAX_TEXT_MEMORY = 100 * 2**20  # the maximum size of its text in memory: up to four bytes a character
MAX_CHARACTERS = 4 * 2**20  # the maximum length of a YAML text
MAX_VALUES = 300_000  # the maximum number of values in a YAML text; each alias counts all its values
MAX_DIGITS = 40
MAX_DUPLICATES = 100  # the maximum number of keys given twice that are reported

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
# Patterns are compiled when they are first used. Most files need only a few of them.
_INTEGER = r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+"
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_SPECIAL = r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
_BEGIN_NUMBERS = frozenset("+-.0123456789")
# The characters that YAML allows, as ranges. To compile a pattern of them would take longer than to read most files.
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
_ESCAPE_BEYOND_UNICODE = r"\\U(?!00(?:0|10))|$"  # an escape above U+10FFFF, or the end of the text


def mark(source: Source, node: Node) -> Mark:
    """Returns the place of a node."""
    return Mark(source, node.line + 1, node.column + 1)


def decode(data: bytes, name: str) -> Source:
    """Returns the text of a file in UTF-8, or in UTF-16 if it begins with a byte order mark."""
    if len(data) > MAX_TEXT_BYTES:
        raise error(codes.TOO_LARGE, f"{name} has more than {MAX_TEXT_BYTES:,} bytes, the maximum for a text")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as bad:
        line = data[: bad.start].count(b"\n") + 1
        message = f"{name} is not a text file: line {line} is not valid {encoding.upper()}; save a text as UTF-8"
        raise error(codes.ENCODING, message) from None
    if sys.getsizeof(text) > MAX_TEXT_MEMORY:
        raise error(codes.TOO_LARGE, f"{name} would take more than {MAX_TEXT_MEMORY >> 20} MB of memory as text")
    return Source(name, text)


class _Anchor(Struct):
    """A node that aliases can refer to. ``values`` is the number of values in the node, and ``height`` is their nesting
    depth.
    """

    node: Node
    values: int
    height: int


class _Open:
    """A list or mapping that is being read.

    ``key`` is the key of the next value. ``values`` is the number of values so far, and ``height`` is their nesting
    depth.
    """

    __slots__ = ("anchor", "ends_text", "height", "is_flow", "key", "node", "unclosed", "values")

    def __init__(self, node: SequenceNode | MappingNode, anchor: str | None, is_flow: bool) -> None:
        self.node = node
        self.anchor = anchor
        self.key: ScalarNode | None = None
        self.values = 1
        self.height = 1
        self.is_flow = is_flow
        # The last value, if its parentheses are not closed: YAML splits ``[(3, 3)]`` at the comma.
        self.unclosed: ScalarNode | None = None
        # True if the next value of a mapping is the empty value after a part of such a text.
        self.ends_text = False


class _Composer:
    """Builds nodes from the events of PyYAML's parser."""

    def __init__(self, source: Source, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        self.anchors: dict[str, _Anchor] = {}
        self.stack: list[_Open] = []
        self.root: Node | None = None
        self.values = 0

    def fail(self, code: Code, message: str, line: int, column: int) -> ConvcalcError:
        """Returns the error that stops reading. The error contains the earlier problems too."""
        return ConvcalcError([*self.problems, Problem(code, message, Mark(self.source, line + 1, column + 1))])

    def compose(self) -> Node | None:
        """Returns the node of the whole text."""
        import yaml  # imported lazily: not needed for Keras configs

        documents = 0
        for event in self.events():
            line, column = event.start_mark.line, event.start_mark.column
            if isinstance(event, yaml.ScalarEvent):  # tested first, because it is the most frequent event
                self.count(1, line, column)
                node = self.scalar(event, line, column)
                if self.stack and self.stack[-1].unclosed is not None and self.continued(self.stack[-1], node):
                    continue
                if isinstance(node.value, str) and "(" in node.value and event.implicit[0]:
                    self.put(self.with_parentheses(node), 1, 0, event.anchor)
                else:
                    self.put(node, 1, 0, event.anchor)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "a file can hold only one model; this line begins a second YAML document"
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

    def with_parentheses(self, node: ScalarNode) -> Node:
        """Returns the node of a text with parentheses. A Python tuple becomes a list."""
        text = node.value
        if text.count("(") > text.count(")"):
            parent = self.stack[-1] if self.stack else None
            key = parent.key if parent else None
            if parent and parent.is_flow and (isinstance(parent.node, SequenceNode) or (key and key.value)):
                parent.unclosed = node
        elif text.startswith("("):
            from convcalc.read.spec.python_syntax import tuple_node  # imported lazily: few specs contain Python

            self.count(text.count(","), node.line, node.column)
            return tuple_node(text, node.line, node.column) or node
        return node

    def continued(self, parent: _Open, node: ScalarNode) -> bool:
        """Adds a text to the last value if that has an open parenthesis, as in ``{kernel_size: (3, 3)}``.

        Returns False if the text is not a part of the last value.
        """
        if parent.ends_text:
            # In a mapping, YAML reads each part of the text as a key with an empty value.
            parent.ends_text = False
            if parent.unclosed is not None and parent.unclosed.value.count("(") <= parent.unclosed.value.count(")"):
                parent.unclosed = None
            return node.value is None
        last = parent.unclosed
        assert last is not None
        if len(last.value) > MAX_PYTHON:
            parent.unclosed = None
            return False
        last.value += f", {node.value if isinstance(node.value, str) else repr(node.value)}"
        is_closed = last.value.count("(") <= last.value.count(")")
        if is_closed:
            whole = self.with_parentheses(last)
            if isinstance(parent.node, SequenceNode):
                parent.node.items[-1] = whole
            else:
                name, (key, _) = parent.node.fields.popitem()
                parent.node.fields[name] = (key, whole)
        if isinstance(parent.node, MappingNode):
            parent.ends_text = True
        elif is_closed:
            parent.unclosed = None
        return True

    def open(self, node: SequenceNode | MappingNode, event: Any) -> None:
        """Begins a list or a mapping, which the next events fill."""
        self.reject_tag(event.tag, node.line, node.column)
        self.count(1, node.line, node.column)
        self.check_depth(len(self.stack) + 1, node.line, node.column)
        if self.stack:
            self.stack[-1].unclosed, self.stack[-1].ends_text = None, False
        self.stack.append(_Open(node, event.anchor, event.flow_style))

    def alias(self, anchor: str, line: int, column: int) -> None:
        """Adds the node that an alias refers to."""
        if anchor not in self.anchors:
            message = (
                f"there is no complete anchor '&{anchor}' above; to write the character '*', put quotes around the text"
            )
            raise self.fail(codes.UNKNOWN_ALIAS, message, line, column)
        target = self.anchors[anchor]
        self.count(target.values, line, column)
        self.check_depth(len(self.stack) + target.height, line, column)
        self.put(_alias_of(target.node, line, column), target.values, target.height, None)

    def count(self, values: int, line: int, column: int) -> None:
        """Counts ``values`` for the file. Raises an error if there are too many.

        An alias counts all values of the node that it repeats.
        """
        self.values += values
        if self.values > MAX_VALUES:
            cause = " with its aliases expanded" if values > 1 else ""
            message = f"this file{cause} holds more than the maximum of {MAX_VALUES:,} values"
            raise self.fail(codes.TOO_LARGE, message, line, column)

    def check_depth(self, depth: int, line: int, column: int) -> None:
        """Stops reading if values are nested too deeply."""
        if depth > MAX_DEPTH:
            raise self.fail(
                codes.TOO_DEEP, f"lists and mappings are nested deeper than {MAX_DEPTH} levels", line, column
            )

    def events(self) -> Any:
        """Yields PyYAML's events, from libyaml if it is installed. Converts syntax errors to messages in plain words."""
        import yaml

        text = self.source.text
        if len(text) > MAX_CHARACTERS:
            raise error(
                codes.TOO_LARGE, f"{self.source.name} has {len(text):,} characters; the maximum is {MAX_CHARACTERS:,}"
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
        except ValueError:  # PyYAML's own parser fails on an escape above U+10FFFF
            place = re.search(_ESCAPE_BEYOND_UNICODE, text)
            assert place is not None
            raise self.failure_at(place.start(), "an escape of a character that does not exist") from None

    def failure_at(self, place: int, message: str) -> ConvcalcError:
        """Returns the syntax error at a position in the text."""
        lines = re.split(LINE_END, self.source.text[:place])
        return self.fail(codes.YAML_SYNTAX, message, len(lines) - 1, len(lines[-1]))

    def put(self, node: Node, values: int, height: int, anchor: str | None) -> None:
        """Adds a complete node to its parent."""
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
        """Returns a key as a word. A duplicate key is reported and its value is ignored."""
        word = node.value if isinstance(node.value, str) else _key_text(node.value)
        if word == "<<":
            message = "merge keys ('<<') are not supported; repeat the entries, or define a block under 'blocks:'"
            raise self.fail(codes.YAML_MERGE, message, node.line, node.column)
        if word in parent.fields:
            first = parent.fields[word][0].line + 1
            message = f"'{word}' is given twice (first on line {first}); remove one of them"
            if len(self.problems) < MAX_DUPLICATES:
                self.problems.append(Problem(codes.DUPLICATE_KEY, message, mark(self.source, node)))
            return ScalarNode(None, node.line, node.column)
        return ScalarNode(word, node.line, node.column)

    def reject_tag(self, tag: str | None, line: int, column: int) -> None:
        if tag is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            message = f"YAML tags such as {short} are not supported; remove the tag"
            if short == "!":
                message = "'!' begins a YAML tag, which is not supported; put quotes around a text that begins with '!'"
            raise self.fail(codes.YAML_TAG, message, line, column)

    def scalar(self, event: Any, line: int, column: int) -> ScalarNode:
        self.reject_tag(event.tag, line, column)
        text: str = event.value
        if not text.isascii() and re.search(_SURROGATE, text):
            raise self.fail(
                codes.YAML_SYNTAX,
                "an escape of half a character (a surrogate); write the whole character",
                line,
                column,
            )
        if not event.implicit[0]:
            return ScalarNode(text, line, column)
        if text in _WORDS:
            return ScalarNode(_WORDS[text], line, column)
        if text[0] not in _BEGIN_NUMBERS:  # tested first, because most scalars are words
            return ScalarNode(text, line, column)
        if re.fullmatch(_INTEGER, text):
            decimal = text.lstrip("+-").isdigit()
            # such a number cannot be a size, so a float is precise enough
            if len(text) > MAX_DIGITS:
                return ScalarNode(float(text) if decimal else text, line, column)
            return ScalarNode(int(text) if decimal else int(text, 0), line, column)
        if re.fullmatch(_FLOAT, text):
            return ScalarNode(float(text), line, column)
        if re.fullmatch(_SPECIAL, text):
            return ScalarNode(float(text.replace(".", "")), line, column)
        return ScalarNode(text, line, column)


def _alias_of(node: Node, line: int, column: int) -> Node:
    """Returns a copy of the node that an alias refers to. The copy has the place of the alias."""
    alias: Node
    if isinstance(node, ScalarNode):
        alias = ScalarNode(node.value, line, column)
    elif isinstance(node, SequenceNode):
        alias = SequenceNode(line, column)
        alias.items = node.items
    else:
        alias = MappingNode(line, column)
        alias.fields = node.fields
    return alias


def _key_text(value: Any) -> str:
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )


def compose(source: Source, problems: list[Problem]) -> Node | None:
    """Parses a YAML text. Returns None if the text is empty. Adds duplicate keys to ``problems``.

    Raises :class:`ConvcalcError` if the text is not valid YAML, or uses a part of YAML that specs do not allow.
    """
    return _Composer(source, problems).compose()


def plain_value(node: Node | None) -> Any:
    """Returns the value of a node as plain data, without places."""
    if isinstance(node, SequenceNode):
        return [plain_value(item) for item in node.items]
    if isinstance(node, MappingNode):
        return {key: plain_value(value) for key, (_, value) in node.fields.items()}
    return None if node is None else node.value
