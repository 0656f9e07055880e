"""Reads Python syntax in a spec: tuples such as ``(3, 3)``, and layers such as ``Conv2D(32, 3, padding='same')``.

Users copy such texts from Keras programs. Only literals and the names of Keras are read, and nothing is run. A spec
without parentheses never imports this module.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from convcalc.base.structs import Struct
from convcalc.layers import find
from convcalc.read.code.syntax import syntax_tree
from convcalc.read.spec.node_types import MAX_PYTHON, MappingNode, Node, ScalarNode, SequenceNode, TupleNode

_VARIABLE = r"(?<!['\"\w])\$(?:\{[^{}]*\}|\w+)"
# The variable of an assignment, as in ``x = Dense(3)(x)``.
_TARGET = r"^\w+\s*=\s*(?=[\w.]+\()"
_OBJECTS = ("initializers", "regularizers", "constraints", "activations")
_MAX_NUMBER = 2**53
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


class NotUnderstood(Exception):
    """Raised if a Python text is not a literal or the call of a layer. The text says why; it may be empty."""


class PythonCall(Struct):
    """The call of a layer in Python.

    Attributes:
        name: the layer's name, without a module
        arguments: the node of the arguments, as in a spec; None if there are none
        inputs: the tensors that the layer is called on, such as ``["x"]`` for ``Dense(3)(x)``
    """

    name: str
    arguments: Node | None
    inputs: tuple[str, ...] = ()


def tuple_node(text: str, line: int, column: int) -> Node | None:
    """Returns the node of a Python tuple such as ``(28, 28, 1)``; None if the text is not a tuple of literals.

    ``(3)`` is the number 3, as in Python.
    """
    try:
        return _Nodes(line, column).value(_parsed(text, column), names=False)
    except NotUnderstood:
        return None


def layer_call(text: str, line: int, column: int, names_of: Callable[[str], Sequence[str]]) -> PythonCall:
    """Returns the layer that a text such as ``layers.Dense(10, activation="relu")`` creates.

    ``names_of`` returns the names of a layer's positional arguments. Raises :class:`NotUnderstood`.
    """
    target = re.match(_TARGET, text)
    tree = _parsed(text[target.end() :] if target else text, column)
    inputs: tuple[str, ...] = ()
    if isinstance(tree, ast.Tuple) and len(tree.elts) == 1:
        tree = tree.elts[0]  # a comma follows the layer, as in a list
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute) and tree.func.attr == "add":
        tree = tree.args[0] if len(tree.args) == 1 and not tree.keywords else tree  # model.add(LAYER)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Call):
        inputs = tuple(_called_on(tree))
        tree = tree.func
    if not isinstance(tree, ast.Call):
        raise NotUnderstood
    nodes = _Nodes(line, column + (target.end() if target else 0), names_of)
    return PythonCall(_dotted(tree.func), nodes.arguments(tree), inputs)


def positional_call(name: str, text: str, line: int, column: int, names_of: Callable[[str], Sequence[str]]) -> Node:
    """Returns the node of arguments that are written as in Python, without parentheses: ``32, 3, padding='same'``.

    Raises :class:`NotUnderstood`.
    """
    tree = _parsed(f"f({text})", column)
    if not isinstance(tree, ast.Call) or not (tree.args or tree.keywords):
        raise NotUnderstood
    node = _Nodes(line, column - 2, names_of).arguments(tree, name)
    assert node is not None
    return node


def _parsed(text: str, column: int) -> ast.expr:
    """Returns the expression of a text. Variables of a spec, such as ``${filters}``, become strings."""
    if len(text) > MAX_PYTHON:
        raise NotUnderstood
    quoted = re.sub(_VARIABLE, lambda match: repr(match[0]), text) if "$" in text else text
    try:
        body = syntax_tree(quoted.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise NotUnderstood from None
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        raise NotUnderstood
    return body[0].value


def _dotted(function: ast.expr) -> str:
    """Returns the name of a function: ``ops.add`` for ``keras.ops.add``, ``Dense`` for ``layers.Dense``."""
    parts: list[str] = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        raise NotUnderstood
    parts.append(function.id)
    return ".".join(reversed(parts[:2] if "ops" in parts[1:2] else parts[:1]))


def _called_on(call: ast.Call) -> list[str]:
    if len(call.args) != 1 or call.keywords:
        raise NotUnderstood
    given = call.args[0]
    names = given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]
    if not all(isinstance(name, ast.Name) for name in names):
        raise NotUnderstood
    return [name.id for name in names if isinstance(name, ast.Name)]


class _Nodes:
    """Converts the syntax tree of one text to nodes. ``column`` is the column of the text in its line."""

    def __init__(self, line: int, column: int, names_of: Callable[[str], Sequence[str]] | None = None) -> None:
        self.line = line
        self.column = column
        self.names_of = names_of or (lambda name: ())

    def scalar(self, value: Any, tree: ast.AST) -> ScalarNode:
        return ScalarNode(value, self.line, self.column + getattr(tree, "col_offset", 0))

    def value(self, tree: ast.expr, names: bool = True) -> Node:
        """Returns the node of a literal; with ``names``, also of a name or an object of Keras such as ``tf.nn.relu``."""
        if isinstance(tree, ast.Constant) and isinstance(tree.value, (str, int, float, type(None))):
            return self.scalar(tree.value, tree)
        if isinstance(tree, (ast.Tuple, ast.List)):
            kind = TupleNode if isinstance(tree, ast.Tuple) else SequenceNode
            sequence = kind(self.line, self.column + tree.col_offset)
            sequence.items = [self.value(item, names) for item in tree.elts]
            return sequence
        if isinstance(tree, (ast.UnaryOp, ast.BinOp)):
            return self.scalar(self.number(tree), tree)
        if names and isinstance(tree, ast.Dict):
            return self.mapping(tree)
        if names and isinstance(tree, (ast.Name, ast.Attribute)):
            return self.scalar(tree.id if isinstance(tree, ast.Name) else tree.attr, tree)
        if names and isinstance(tree, ast.Call):
            return self.object(tree)
        raise NotUnderstood

    def number(self, tree: ast.expr) -> Any:
        """Returns the value of a number, or of arithmetic with whole numbers such as ``2 * 64``."""
        if isinstance(tree, ast.Constant) and isinstance(tree.value, (int, float)):
            return tree.value
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return -self.number(tree.operand)
        if isinstance(tree, ast.BinOp) and (function := _ARITHMETIC.get(type(tree.op))):
            left, right = self.number(tree.left), self.number(tree.right)
            both_whole = isinstance(left, int) and isinstance(right, int)
            if (
                both_whole
                and max(abs(left), abs(right)) <= _MAX_NUMBER
                and (right or function is not operator.floordiv)
            ):
                return function(left, right)
        raise NotUnderstood

    def mapping(self, tree: ast.Dict) -> MappingNode:
        node = MappingNode(self.line, self.column + tree.col_offset)
        for key, value in zip(tree.keys, tree.values):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                raise NotUnderstood
            node.fields[key.value] = (self.scalar(key.value, key), self.value(value))
        return node

    def object(self, tree: ast.Call) -> Node:
        """Returns the node of an object that is an argument: a layer, or the name of a regularizer."""
        name = _dotted(tree.func)
        module = tree.func.value if isinstance(tree.func, ast.Attribute) else None
        in_module = getattr(module, "attr", getattr(module, "id", ""))
        if in_module in _OBJECTS or find(name) is None:
            return self.scalar(name, tree)  # its arguments change no shape and no count
        given = self.arguments(tree)
        node = MappingNode(self.line, self.column + tree.col_offset)
        node.fields[name] = (self.scalar(name, tree), self.scalar(None, tree) if given is None else given)
        return node

    def arguments(self, tree: ast.Call, name: str = "") -> Node | None:
        """Returns the node of a call's arguments: a list if none has a name, else a mapping; None if there are none."""
        name = name or _dotted(tree.func)
        if any(isinstance(item, ast.Starred) for item in tree.args) or not all(word.arg for word in tree.keywords):
            raise NotUnderstood("* and ** are not supported")
        if not tree.args and not tree.keywords:
            return None
        values = [self.value(item) for item in tree.args]
        if not tree.keywords:
            sequence = SequenceNode(self.line, self.column + tree.args[0].col_offset)
            sequence.items = values
            return sequence
        names = self.names_of(name)
        if len(values) > len(names):
            raise NotUnderstood
        node = MappingNode(self.line, self.column + tree.col_offset)
        for key, value in zip(names, values):
            node.fields[key] = (ScalarNode(key, value.line, value.column), value)
        for word in tree.keywords:
            key = str(word.arg)
            if key in node.fields:
                raise NotUnderstood(f"'{key}' is given twice, by position and by name")
            node.fields[key] = (self.scalar(key, word), self.value(word.value))
        return node
