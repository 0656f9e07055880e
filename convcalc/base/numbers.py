"""The numbers that a layer's rule computes with. A *rule* is a function that computes output shapes and weights.

A rule is plain arithmetic and works with all types of numbers:

- An ``int`` is a known size.
- :data:`UNKNOWN` is Keras's ``None``. Arithmetic with it gives UNKNOWN, and comparisons with it are false.
- A :class:`Traced` number records its formula, such as ``3·3·1·32 + 32 = 320``. If a size has a name, the formula has
  the name, such as ``floor((H − 3)/2) + 1``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from fractions import Fraction

# The largest accepted size. The limit protects the arithmetic from numbers such as 10^1000.
LARGEST = 2**53

LONGEST_SIZE_TEXT = 16  # a shape shows ``?`` instead of a longer formula

# Precedences of operations in a formula: in ``(a + b)·c``, the operand ``a + b`` has a lower precedence than ``·``, so
# it gets brackets.
_SUM, _PRODUCT, _ATOM = 1, 2, 3


class Unknown:
    """An unknown size. The only instance is :data:`UNKNOWN`."""

    __slots__ = ()

    def _swallow(self, other: Number = 0) -> Unknown:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _swallow
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __neg__ = _swallow

    def _never(self, other: Number) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _never

    def __repr__(self) -> str:
        return "None"

    def __reduce__(self) -> str:
        return "UNKNOWN"  # makes copying and unpickling return the same instance


UNKNOWN = Unknown()


# ``__radd__`` and similar methods receive only ints and UNKNOWN, because Traced + Traced calls ``__add__``. Mypy does
# not know this and reports overlapping signatures: hence ``type: ignore``.
class Traced:
    """A number with its formula.

    Attributes:
        value: the number; :data:`UNKNOWN` for a named size
        text: the formula
        precedence: the precedence of the formula's outermost operation
        quotient: dividend and divisor before the last rounding down. Example: ``(6 − 3)/2 + 1`` has the value 2 and the
            quotient 5/2.
    """

    __slots__ = ("precedence", "quotient", "text", "value")

    def __init__(
        self,
        value: int | Unknown,
        text: str | None = None,
        precedence: int = _ATOM,
        quotient: tuple[int, int] | None = None,
    ) -> None:
        self.value = value
        self.text = str(value).replace("-", "−") if text is None else text
        self.precedence = precedence
        self.quotient = (value, 1) if quotient is None and isinstance(value, int) else quotient

    @property
    def exact(self) -> Fraction | None:
        """The exact quotient before rounding down; None if unknown."""
        from fractions import (
            Fraction,
        )  # imported lazily: the import is slow, and rarely needed

        return None if self.quotient is None else Fraction(*self.quotient)

    @property
    def floored(self) -> bool:
        """True if rounding down changed the number."""
        return self.quotient is not None and self.quotient[0] != self.value * self.quotient[1]

    def _shifted(self, value: int | Unknown) -> tuple[int, int] | None:
        """Returns (dividend, divisor) of the quotient plus the integer ``value``; None if the quotient is unknown."""
        if self.quotient is None or not isinstance(value, int):
            return None
        dividend, divisor = self.quotient
        return dividend + value * divisor, divisor

    def _as_operand(self, precedence: int, with_floor: bool = True) -> str:
        """Returns the formula, in brackets if needed. With ``with_floor``, rounding down is shown as ``floor(…)``."""
        if with_floor and self.floored:
            return f"floor({self.text})"
        return self.text if self.precedence >= precedence else f"({self.text})"

    def __add__(self, other: Number) -> Traced:
        other = traced(other)
        if other.text == "0":
            return self
        if self.text == "0":
            return other
        text = f"{self._as_operand(_SUM, with_floor=False)} + {other._as_operand(_SUM)}"
        return Traced(self.value + other.value, text, _SUM, self._shifted(other.value))

    def __radd__(self, other: int | Unknown) -> Traced:  # type: ignore[misc]
        return traced(other) + self

    def __sub__(self, other: Number) -> Traced:
        other = traced(other)
        if other.text == "0":
            return self
        text = f"{self._as_operand(_SUM, with_floor=False)} − {other._as_operand(_PRODUCT)}"
        return Traced(self.value - other.value, text, _SUM, self._shifted(-other.value))

    def __rsub__(self, other: int | Unknown) -> Traced:  # type: ignore[misc]
        return traced(other) - self

    def __neg__(self) -> Traced:
        return Traced(-self.value, f"−{self._as_operand(_PRODUCT)}", _SUM)

    def __mul__(self, other: Number) -> Traced:
        # A plain 1 comes from an empty product in the rule: omit it.
        if type(other) is int and other == 1:
            return self
        other = traced(other)
        return Traced(self.value * other.value, f"{self._as_operand(_PRODUCT)}·{other._as_operand(_PRODUCT)}", _PRODUCT)

    def __rmul__(self, other: int | Unknown) -> Traced:  # type: ignore[misc]
        if type(other) is int and other == 1:
            return self
        return traced(other) * self

    def __floordiv__(self, other: Number) -> Traced:
        other = traced(other)
        if isinstance(self.value, int) and isinstance(other.value, int):
            text = f"{self._as_operand(_PRODUCT)}/{other._as_operand(_ATOM)}"
            return Traced(self.value // other.value, text, _PRODUCT, (self.value, other.value))
        if other.value == 1:
            return self
        return Traced(UNKNOWN, f"floor({self._as_operand(_PRODUCT)}/{other._as_operand(_ATOM)})")

    def __rfloordiv__(self, other: int | Unknown) -> Traced:  # type: ignore[misc]
        return traced(other) // self

    def __mod__(self, other: Number) -> Traced:
        other = traced(other)
        return Traced(self.value % other.value, f"{self._as_operand(_PRODUCT)} mod {other._as_operand(_ATOM)}", _SUM)

    def __rmod__(self, other: int | Unknown) -> Traced:  # type: ignore[misc]
        return traced(other) % self

    def __lt__(self, other: Number) -> bool:
        return self.value < plain(other)

    def __le__(self, other: Number) -> bool:
        return self.value <= plain(other)

    def __gt__(self, other: Number) -> bool:
        return self.value > plain(other)

    def __ge__(self, other: Number) -> bool:
        return self.value >= plain(other)

    def __eq__(self, other: object) -> bool:
        value = other.value if isinstance(other, Traced) else other
        return self.value is not UNKNOWN and self.value == value

    def __ne__(self, other: object) -> bool:
        """Returns True if both numbers are known and differ."""
        value = other.value if isinstance(other, Traced) else other
        return self.value is not UNKNOWN and value is not UNKNOWN and self.value != value

    def __hash__(self) -> int:
        return hash(self.value)

    def __index__(self) -> int:
        if isinstance(self.value, int):
            return self.value
        raise TypeError(f"the size {self.text} is unknown")

    def __str__(self) -> str:
        return str(self.value) if isinstance(self.value, int) else self.text

    def __repr__(self) -> str:
        return f"Traced({self.worked})"

    @property
    def worked(self) -> str:
        """Returns ``formula = number``, or ``formula = 2.5 → 2`` after rounding down. For an unknown number, the
        formula alone.
        """
        if not isinstance(self.value, int):
            return self.text
        answer = f"{self.value:,}".replace("-", "−")
        if self.quotient is not None and self.floored:
            return f"{self.text} = {decimal(*self.quotient)} → {answer}"
        return answer if self.text == str(self.value).replace("-", "−") else f"{self.text} = {answer}"


Number: TypeAlias = "int | Unknown | Traced"
Shape: TypeAlias = "tuple[Number, ...]"


class ConstantShape(tuple[Number, ...]):
    """The shape of an operand that is a constant. It equals a tuple of the same sizes; rules recognise it by its class."""


def traced(number: Number) -> Traced:
    """Returns the number as :class:`Traced`, with itself as formula. A Traced number is returned unchanged."""
    return number if isinstance(number, Traced) else Traced(number, "?" if number is UNKNOWN else None)


def merged_names(first: Number, second: Number) -> Number:
    """Returns one size for an axis with two sizes, such as 3 for 3 and ``H``. Two different names give UNKNOWN."""
    numbers = [size for size in (first, second) if plain(size) is not UNKNOWN]
    if numbers:
        return numbers[0]
    return first if traced(first).text == traced(second).text else UNKNOWN


def named(name: str) -> Traced:
    """Returns an unknown size with a name, such as ``H``."""
    return Traced(UNKNOWN, name)


def plain(number: Number) -> int | Unknown:
    """Returns the number without its formula."""
    return number.value if isinstance(number, Traced) else number


def plain_number(number: Number) -> int | None:
    """Returns the number for JSON: None if unknown."""
    value = plain(number)
    return value if isinstance(value, int) else None


def plain_shape(shape: Shape | None) -> list[int | None] | None:
    """Returns the shape for JSON: None for unknown sizes, and for a shape of unknown rank."""
    return None if shape is None else [size if type(size) is int else plain_number(size) for size in shape]


def as_constant(number: Number) -> Number:
    """Returns a Traced number of known value without its formula (``7`` for ``2·3 + 1``), and other numbers unchanged."""
    return Traced(number.value) if isinstance(number, Traced) and isinstance(number.value, int) else number


def map_numbers(change: Callable[[Number], Any], value: Any) -> Any:
    """Returns ``value`` with ``change`` applied to every number, including numbers in nested lists."""
    if isinstance(value, (tuple, list)):
        return tuple(map_numbers(change, part) for part in value)
    if isinstance(value, (int, Unknown, Traced)) and not isinstance(value, bool):
        return change(value)
    return value


def shape_text(shape: Shape | None) -> str:
    """Returns the shape as Keras writes it, such as ``(None, 28, 28, 1)``; ``?`` if its rank is unknown.

    A size with a name is shown by its name or its formula, if that is short.
    """
    if shape is None:
        return "?"
    sizes = ", ".join(_size_text(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"


def _size_text(size: Number) -> str:
    if isinstance(size, Traced) and size.value is UNKNOWN:
        return size.text if len(size.text) <= LONGEST_SIZE_TEXT else "?"
    return str(plain(size))


def product(numbers: Iterable[Number]) -> Number:
    """Returns the product of the numbers; 1 if there are none."""
    return math.prod(numbers)


def ceil_div(dividend: Number, divisor: Number) -> Number:
    """Returns the quotient, rounded up."""
    if isinstance(dividend, Traced) or isinstance(divisor, Traced):
        dividend, divisor = traced(dividend), traced(divisor)
        value = -(-dividend.value // divisor.value)
        if value is UNKNOWN and divisor.value == 1:
            return dividend
        return Traced(value, f"ceil({dividend._as_operand(_PRODUCT)}/{divisor._as_operand(_ATOM)})")
    return -(-dividend // divisor)


def larger(one: Number, other: Number) -> Number:
    """Returns the larger number; unknown if either number is unknown."""
    if type(one) is int and type(other) is int:  # the usual case: two ints, which are compared faster
        return one if one >= other else other
    if isinstance(one, Traced) or isinstance(other, Traced):
        one, other = traced(one), traced(other)
        if isinstance(one.value, int) and isinstance(other.value, int):
            return one if one.value >= other.value else other
        return Traced(UNKNOWN, f"max({one.text}, {other.text})")
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return UNKNOWN
    return max(one, other)


def padded(size: Number, before: Number, after: Number) -> Number:
    """Returns ``before + size + after``. Negative numbers crop.

    Unlike a plain sum, the formula also has a side with 0: ``1 + 6 + 0 = 7``.
    """
    total = before + size + after
    if not isinstance(total, Traced) or before == after == 0:
        return total
    (size, first), last = map(traced, (size, before)), traced(after)
    if first.value < 0 or last.value < 0:
        text = f"{size._as_operand(_SUM)} − {(-first.value)} − {(-last.value)}"
    else:
        text = f"{first._as_operand(_SUM)} + {size._as_operand(_SUM)} + {last._as_operand(_SUM)}"
    return Traced(total.value, text, _SUM)


def decimal(dividend: int, divisor: int = 1) -> str:
    """Returns a quotient as a decimal number, such as ``2.5``, truncated to three decimal places: ``2.666…``."""
    sign = "−" if dividend * divisor < 0 else ""
    thousandths, rest = divmod(abs(dividend) * 1000, abs(divisor))
    text = f"{sign}{thousandths // 1000}.{thousandths % 1000:03}".rstrip("0").rstrip(".")
    return f"{text}…" if rest else text
