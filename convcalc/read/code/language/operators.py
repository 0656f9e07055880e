"""Computes the operators of Python, such as `+` and `-`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from convcalc.read.code.language.attributes import Attributes
from convcalc.read.code.language.comparisons import plain_member
from convcalc.read.code.language.plain import PLAIN, has_long_number, is_plain, makes_too_much
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    Instance,
    Library,
    LibraryObject,
    Special,
    Spot,
    Unknown,
    first_unknown,
    is_known,
    unknown_result,
)

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
_DUNDER = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul", "&": "and", "|": "or",
    "^": "xor", "<<": "lshift", ">>": "rshift", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge",
}  # fmt: skip
_UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": operator.neg,
    "pos": operator.pos,
    "invert": operator.invert,
    "abs": abs,
}


class Operators(Attributes):
    """Computes operators. The result for an unknown value is unknown."""

    def binary(self, symbol: str, left: Any, right: Any, spot: Spot) -> Any:
        """Returns the result of an operator such as ``+``."""
        left, right = plain_member(left), plain_member(right)
        for value, other, reflected in ((left, right, False), (right, left, True)):
            if isinstance(value, Special):
                result = value.operate(self, symbol, other, reflected, spot)
                if result is not MISSING:
                    return result
            if isinstance(value, Instance):
                method = value.cls.find(f"__{'r' if reflected else ''}{_DUNDER[symbol]}__")
                if method is not MISSING:
                    return self.call(Bound(method, value), [other], {}, spot)
        for value in (left, right):
            if isinstance(value, Unknown):
                return unknown_result((left, right), value)
            if (doubt := self.doubtful(value)) is not None:
                return doubt
        if symbol == "%" and isinstance(left, str) and isinstance(right, (Instance, LibraryObject)):
            text = self.text_of(right)
            right = right if text is None else text
            if isinstance(value, Library):
                return Unknown(f"`{value.path}` is not supported", spot, value.name)
        if not isinstance(left, PLAIN) or not isinstance(right, (*PLAIN, type(None))):
            return self.unknown("this operation is not supported", spot)
        if symbol == "%" and isinstance(left, (str, bytes)):
            if not is_known(right):
                unknown = first_unknown(right)
                return (
                    Unknown(unknown.reason, unknown.spot)
                    if unknown
                    else self.unknown("this text is not supported", spot)
                )
            if not is_plain(right) or has_long_number(str(left)):
                return self.unknown("convcalc does not compute this text", spot)
        elif makes_too_much(symbol, left, right):
            return self.unknown("the result is too large to compute", spot)
        return self.guarded(lambda: _BINARY[symbol](left, right), spot)

    def unary(self, name: str, value: Any, spot: Spot) -> Any:
        """Returns the result of a unary operator."""
        if isinstance(value, Unknown):
            return unknown_result((value,), value)
        if isinstance(value, Special):
            result = value.operate(self, name, None, False, spot)
            return self.unknown("this operation is not supported", spot) if result is MISSING else result
        if isinstance(value, Instance) and (method := value.cls.find(f"__{name}__")) is not MISSING:
            return self.call(Bound(method, value), [], {}, spot)
        return self.guarded(lambda: _UNARY[name](value), spot)
