"""The kinds of number that layer rules compute with.

A rule is plain arithmetic and never asks what it holds:

- an ``int`` is a known size;
- :data:`UNKNOWN` is Keras's ``None``: it swallows arithmetic, and no comparison with it holds;
- a :class:`Traced` number remembers how it was computed, so that the same rule, run on traced numbers, yields the
  worked formula (``3·3·1·32 + 32 = 320``), and on named sizes the symbolic one (``floor((H − 3)/2) + 1``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from fractions import Fraction

# A size beyond this is no size: it keeps hostile numbers (10^1000) out of the arithmetic, and no tensor has as many cells.
LARGEST = 2**53

# How tightly the outermost operation of a traced text binds; a looser text is bracketed inside a tighter one.
_SUM, _PRODUCT, _ATOM = 1, 2, 3


class Unknown:
    """A size that is not known. There is one instance, :data:`UNKNOWN`."""

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
        return "UNKNOWN"  # copies and pickles are the one instance again


UNKNOWN = Unknown()


# The reflected operators below are ignored by mypy's overlap check: Traced's own operators win whenever the left operand
# is Traced, so that the reflected ones meet only ints and UNKNOWN.
class Traced:
    """A number with the text of its computation.

    ``value`` is the number (:data:`UNKNOWN` for a named size); ``quotient`` is what the text comes to before the last
    floor, as dividend and divisor, so that ``(6 − 3)/2 + 1`` has the value 2 and the quotient 5/2.
    """

    __slots__ = ("binds", "quotient", "text", "value")

    def __init__(
        self, value: int | Unknown, text: str | None = None, binds: int = _ATOM, quotient: tuple[int, int] | None = None
    ) -> None:
        self.value = value
        self.text = str(value).replace("-", "−") if text is None else text
        self.binds = binds
        self.quotient = (value, 1) if quotient is None and isinstance(value, int) else quotient

    @property
    def exact(self) -> Fraction | None:
        """The quotient as a number; None where it is not known."""
        from fractions import Fraction  # it takes a while to be imported, and who wants the text alone needs none

        return None if self.quotient is None else Fraction(*self.quotient)

    @property
    def floored(self) -> bool:
        """True where a floor took something away from the exact value."""
        return self.quotient is not None and self.quotient[0] != self.value * self.quotient[1]

    def _shifted(self, value: int | Unknown) -> tuple[int, int] | None:
        """The quotient with a whole number added."""
        if self.quotient is None or not isinstance(value, int):
            return None
        dividend, divisor = self.quotient
        return dividend + value * divisor, divisor

    def _inside(self, binds: int, as_constant: bool = True) -> str:
        """The text as an operand of an operation that binds so; ``as_constant`` writes a pending floor out."""
        if as_constant and self.floored:
            return f"floor({self.text})"
        return self.text if self.binds >= binds else f"({self.text})"

    def __add__(self, other: Number) -> Traced:
        other = traced(other)
        if other.text == "0":
            return self
        if self.text == "0":
            return other
        text = f"{self._inside(_SUM, as_constant=False)} + {other._inside(_SUM)}"
        return Traced(self.value + other.value, text, _SUM, self._shifted(other.value))

    def __radd__(self, other: int | Unknown) -> Traced:  # type: ignore[misc]
        return traced(other) + self

    def __sub__(self, other: Number) -> Traced:
        other = traced(other)
        if other.text == "0":
            return self
        text = f"{self._inside(_SUM, as_constant=False)} − {other._inside(_PRODUCT)}"
        return Traced(self.value - other.value, text, _SUM, self._shifted(-other.value))

    def __rsub__(self, other: int | Unknown) -> Traced:  # type: ignore[misc]
        return traced(other) - self

    def __neg__(self) -> Traced:
        return Traced(-self.value, f"−{self._inside(_PRODUCT)}", _SUM)

    def __mul__(self, other: Number) -> Traced:
        # A bare 1 is the rule's own (an empty product), not a number of the user's: it is not worth writing.
        if type(other) is int and other == 1:
            return self
        other = traced(other)
        return Traced(self.value * other.value, f"{self._inside(_PRODUCT)}·{other._inside(_PRODUCT)}", _PRODUCT)

    def __rmul__(self, other: int | Unknown) -> Traced:  # type: ignore[misc]
        if type(other) is int and other == 1:
            return self
        return traced(other) * self

    def __floordiv__(self, other: Number) -> Traced:
        other = traced(other)
        if isinstance(self.value, int) and isinstance(other.value, int):
            text = f"{self._inside(_PRODUCT)}/{other._inside(_ATOM)}"
            return Traced(self.value // other.value, text, _PRODUCT, (self.value, other.value))
        if other.value == 1:
            return self
        return Traced(UNKNOWN, f"floor({self._inside(_PRODUCT)}/{other._inside(_ATOM)})")

    def __rfloordiv__(self, other: int | Unknown) -> Traced:  # type: ignore[misc]
        return traced(other) // self

    def __mod__(self, other: Number) -> Traced:
        other = traced(other)
        return Traced(self.value % other.value, f"{self._inside(_PRODUCT)} mod {other._inside(_ATOM)}", _SUM)

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

    def __hash__(self) -> int:
        return hash(self.value)

    def __index__(self) -> int:
        if isinstance(self.value, int):
            return self.value
        raise TypeError(f"the size {self.text} is not known")

    def __str__(self) -> str:
        return str(self.value) if isinstance(self.value, int) else self.text

    def __repr__(self) -> str:
        return f"Traced({self.worked})"

    @property
    def worked(self) -> str:
        """``formula = number``; ``formula = 2.5 → 2`` where floor took something away; the formula alone for a named size."""
        if not isinstance(self.value, int):
            return self.text
        answer = f"{self.value:,}".replace("-", "−")
        if self.quotient is not None and self.floored:
            return f"{self.text} = {decimal(*self.quotient)} → {answer}"
        return answer if self.text == str(self.value).replace("-", "−") else f"{self.text} = {answer}"


Number: TypeAlias = "int | Unknown | Traced"
Shape: TypeAlias = "tuple[Number, ...]"


def traced(number: Number) -> Traced:
    """The number as a leaf of a traced computation; a traced number as it is."""
    return number if isinstance(number, Traced) else Traced(number, "?" if number is UNKNOWN else None)


def named(name: str) -> Traced:
    """An unknown size with a name: ``H``."""
    return Traced(UNKNOWN, name)


def plain(number: Number) -> int | Unknown:
    """The number without its history."""
    return number.value if isinstance(number, Traced) else number


def plain_number(number: Number) -> int | None:
    """The number without its history, None where it is not known: as JSON has it."""
    value = plain(number)
    return value if isinstance(value, int) else None


def plain_shape(shape: Shape | None) -> list[int | None] | None:
    """A shape as JSON has it: unknown sizes as None; None for a shape of unknown rank."""
    return None if shape is None else [size if type(size) is int else plain_number(size) for size in shape]


def as_constant(number: Number) -> Number:
    """A traced number whose value is known, as a leaf: what it came to, not how. Other numbers as they are."""
    return Traced(number.value) if isinstance(number, Traced) and isinstance(number.value, int) else number


def map_numbers(change: Callable[[Number], Any], value: Any) -> Any:
    """``value`` (an argument: a number, a string, a tuple of such …) with every number in it changed."""
    if isinstance(value, (tuple, list)):
        return tuple(map_numbers(change, part) for part in value)
    if isinstance(value, (int, Unknown, Traced)) and not isinstance(value, bool):
        return change(value)
    return value


def shape_text(shape: Shape | None) -> str:
    """``(None, 28, 28, 1)``, as Keras writes a shape; ``?`` for one of unknown rank."""
    if shape is None:
        return "?"
    sizes = ", ".join(str(plain(size)) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"


def product(numbers: Iterable[Number]) -> Number:
    """The product; 1 of nothing."""
    return math.prod(numbers)


def ceil_div(dividend: Number, divisor: Number) -> Number:
    """The quotient rounded up."""
    if isinstance(dividend, Traced) or isinstance(divisor, Traced):
        dividend, divisor = traced(dividend), traced(divisor)
        value = -(-dividend.value // divisor.value)
        if value is UNKNOWN and divisor.value == 1:
            return dividend
        return Traced(value, f"ceil({dividend._inside(_PRODUCT)}/{divisor._inside(_ATOM)})")
    return -(-dividend // divisor)


def larger(one: Number, other: Number) -> Number:
    """The larger of two; unknown where either is."""
    if type(one) is int and type(other) is int:  # as they are nearly always
        return one if one >= other else other
    if isinstance(one, Traced) or isinstance(other, Traced):
        one, other = traced(one), traced(other)
        if isinstance(one.value, int) and isinstance(other.value, int):
            return one if one.value >= other.value else other
        return Traced(UNKNOWN, f"max({one.text}, {other.text})")
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return UNKNOWN
    return max(one, other)


def decimal(dividend: int, divisor: int = 1) -> str:
    """A quotient as a person writes it: ``2.5``; cut off after three places, ``2.666…``."""
    sign = "−" if dividend * divisor < 0 else ""
    thousandths, rest = divmod(abs(dividend) * 1000, abs(divisor))
    text = f"{sign}{thousandths // 1000}.{thousandths % 1000:03}".rstrip("0").rstrip(".")
    return f"{text}…" if rest else text
