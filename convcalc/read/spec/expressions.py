"""Replaces variables in a spec: ``$filters``, ``${filters * 4}``, and words such as ``conv${stage}_out``.

Expressions use integer arithmetic: ``+ - * / // %``, parentheses, whole numbers and names. ``/`` must have no
remainder. ``filters[i]`` is an element of a list, counted from 0, and ``len(filters)`` is the length of the list. Python's
``eval`` is not used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import LARGEST, Number, Traced, Unknown
from convcalc.base.problems import Refusal, did_you_mean, listed
from convcalc.layers.arguments import shown

_VARIABLE = re.compile(r"\$\$|\$\{([^{}]*)\}|\$([A-Za-z_]\w*)|\$")
# An element of a list may be a word or a list. In a longer expression, it must be a number.
_ELEMENT = re.compile(r"([A-Za-z_]\w*)\s*\[([^\[\]]*)\]")
_TOKEN = r"\s*(?:([0-9]{1,20})|([A-Za-z_]\w*)|(//|[-+*/%()[\]]))"
MAX_TOKENS = 100
MAX_WORD = 1_000  # a word with its variables replaced has at most this many characters


def substitute(text: str, variables: Mapping[str, Any]) -> Any:
    """Returns a word with its variables replaced.

    If the word is a single variable, the value of the variable is returned, whatever its type.
    """
    if "$" not in text:
        return text
    whole = _VARIABLE.fullmatch(text)
    if whole and text != "$$":
        return _value(whole, variables)
    word = _VARIABLE.sub(lambda match: "$" if match[0] == "$$" else _as_text(_value(match, variables)), text)
    if len(word) > MAX_WORD:  # blocks can build longer and longer words, which would fill the memory
        raise Refusal(
            f"this word has {len(word):,} characters with its variables replaced; the maximum is {MAX_WORD:,}",
            codes.EXPRESSION,
        )
    return word


def _as_text(value: Any) -> str:
    if isinstance(value, (list, tuple, dict)) or value is None:
        raise Refusal(f"only a number or a word can be inserted into a word, not {shown(value)}", codes.EXPRESSION)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(match: re.Match[str], variables: Mapping[str, Any]) -> Any:
    if match[1] is not None:
        # ``name`` may be a word, as in ${name}_conv. In an expression, all values are numbers.
        name = match[1].strip()
        element = _ELEMENT.fullmatch(name)
        if element is not None:
            return _element(element[1], evaluate(element[2], variables), variables)
        return _lookup(name, variables) if name.isidentifier() else evaluate(name, variables)
    if match[2] is None:
        raise Refusal(
            "a '$' must be followed by a name or by {an expression}; write $$ for the character '$'", codes.EXPRESSION
        )
    return _lookup(match[2], variables)


def _lookup(name: str, variables: Mapping[str, Any]) -> Any:
    if name in variables:
        return variables[name]
    known = (
        f"; the variables here are {listed(map(repr, variables), 'and')}"
        if variables
        else "; variables exist only inside blocks and repeats"
    )
    raise Refusal(f"there is no variable '{name}'{did_you_mean(name, variables) or known}", codes.UNKNOWN_VARIABLE)


def _element(name: str, index: Any, variables: Mapping[str, Any]) -> Any:
    """Returns an element of a list."""
    value = _lookup(name, variables)
    if not isinstance(value, (list, tuple)):
        raise Refusal(f"'{name}' is {shown(value)}, not a list, so '{name}[…]' has no value", codes.EXPRESSION)
    if not isinstance(index, int) or not 0 <= index < len(value):
        raise Refusal(f"'{name}' has {len(value)} elements, from 0 to {len(value) - 1}, not {index}", codes.EXPRESSION)
    return value[index]


def evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    """Returns the value of an integer expression. Variables can have unknown values. Raises :class:`Refusal`."""
    return _Parser(text, variables).parse()


class _Parser:
    """Parses an expression by recursive descent: a sum of products of atoms. An atom may have a sign.

    The number of tokens is limited.
    """

    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self.text = text
        self.variables = variables
        self.tokens: list[str] = []
        position, pattern = 0, re.compile(_TOKEN)
        while text[position:].strip():
            token = pattern.match(text, position)
            if token is None:
                raise self.refusal()
            if len(self.tokens) >= MAX_TOKENS:
                raise Refusal(
                    f"an expression can have at most {MAX_TOKENS} numbers, names and operators", codes.EXPRESSION
                )
            self.tokens.append(token[0].strip())
            position = token.end()
        self.tokens.append("")
        self.next = 0

    def refusal(self) -> Refusal:
        return Refusal(
            f"'{self.text.strip()}' is not an integer expression; use names, integers and + - * / // % ( )",
            codes.EXPRESSION,
        )

    def take(self, *wanted: str) -> str:
        token = self.tokens[self.next]
        if wanted and token not in wanted:
            return ""
        self.next += 1
        return token

    def parse(self) -> Number:
        value = self.sum()
        if self.next != len(self.tokens) - 1:
            raise self.refusal()
        return value

    def sum(self) -> Number:
        value = self.product()
        while sign := self.take("+", "-"):
            value = self.bounded(value + self.product() if sign == "+" else value - self.product())
        return value

    def product(self) -> Number:
        value = self.atom()
        while sign := self.take("*", "//", "/", "%"):
            value = self.bounded(self.combine(sign, value, self.atom()))
        return value

    def combine(self, sign: str, left: Number, right: Number) -> Number:
        if sign == "*":
            return left * right
        if right == 0:
            raise Refusal(f"'{self.text.strip()}' divides by zero", codes.EXPRESSION)
        if sign == "/" and left % right > 0:
            raise Refusal(f"{left} / {right} is not a whole number; use // to round down", codes.EXPRESSION)
        return left % right if sign == "%" else left // right

    def bounded(self, value: Number) -> Number:
        if value > LARGEST or value < -LARGEST:
            raise Refusal(f"the result of '{self.text.strip()}' is too large for a size", codes.EXPRESSION)
        return value

    def atom(self) -> Number:
        token = self.take()
        if token == "-":
            return -self.atom()
        if token == "(":
            value = self.sum()
            if not self.take(")"):
                raise self.refusal()
            return value
        if token.isdigit():
            return int(token)
        if not token or not (token[0].isalpha() or token[0] == "_"):
            self.next = min(self.next, len(self.tokens) - 1)
            raise self.refusal()
        if self.take("["):
            value = _element(token, self.sum(), self.variables)
            if not self.take("]"):
                raise self.refusal()
        elif token == "len" and token not in self.variables and self.take("("):
            return self.length()
        else:
            value = _lookup(token, self.variables)
        if not isinstance(value, (int, Unknown, Traced)) or isinstance(value, bool):
            raise Refusal(f"'{token}' is {shown(value)}, but an expression needs whole numbers", codes.EXPRESSION)
        return value

    def length(self) -> int:
        """Returns the length of a list, after ``len(``."""
        name = self.take()
        if not name.isidentifier() or not self.take(")"):
            raise self.refusal()
        value = _lookup(name, self.variables)
        if not isinstance(value, (list, tuple)):
            raise Refusal(f"'{name}' is {shown(value)}, but len() needs a list", codes.EXPRESSION)
        return len(value)
