"""Plain Python values, such as numbers, texts and lists: their types, and the limits of their sizes."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.language.limits import MAX_BITS, MAX_ELEMENTS
from convcalc.read.code.language.values import Unknown

PLAIN = (str, bytes, int, float, complex, list, tuple, dict, set, frozenset, range, slice, bool)


def is_hashable(value: Any) -> bool:
    """Returns True if a value can be a key of a dict."""
    if isinstance(value, tuple):
        return all(map(is_hashable, value))
    return not isinstance(value, (list, dict, set, Unknown))


def is_plain(value: Any) -> bool:
    """Returns True if a value, and all values in it, have plain Python types such as int and list."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(map(is_plain, value)) and all(map(is_plain, value.values()))
    return isinstance(value, (str, bytes, int, float, complex, bool, type(None), range))


def set_order(value: Any) -> tuple[str, Any]:
    """Returns a sort key, so that sets always have the same order."""
    return (type(value).__name__, value if isinstance(value, (int, float, str, bytes)) else str(value))


def has_long_number(text: str) -> bool:
    """Returns True if a format contains a number of five or more digits: ``{:99999}`` would create a very long text."""
    digits = 0
    for character in text:
        digits = digits + 1 if character.isdigit() else 0
        if digits > 4:
            return True
    return False


def makes_too_much(symbol: str, left: Any, right: Any) -> bool:
    """Returns True if the result of an operator on plain values would be too large."""
    if symbol == "*":
        for value, count in ((left, right), (right, left)):
            if (
                isinstance(value, (str, bytes, list, tuple))
                and isinstance(count, int)
                and len(value) * count > MAX_ELEMENTS
            ):
                return True
    if symbol in ("**", "<<") and isinstance(left, int) and isinstance(right, int):
        return right > MAX_BITS or (symbol == "**" and left.bit_length() * right > MAX_BITS)
    if symbol == "+" and isinstance(left, (str, bytes, list, tuple)) and isinstance(right, (str, bytes, list, tuple)):
        return len(left) + len(right) > MAX_ELEMENTS
    return False
