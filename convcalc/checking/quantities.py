"""Parses quantities and sizes: ``5M`` is five million, ``256KiB`` is 256·1,024, and ``32x48`` has a size for each of
two axes.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from convcalc.base.numbers import LARGEST
from convcalc.base.problems import Refusal
from convcalc.layers.arguments import shown

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
# A comma separates groups of three digits: ``1,081,700``. So ``1,5M`` is refused, and not read as 15 million.
_WHOLE = r"[0-9][0-9_]{0,30}|[0-9]{1,3}(?:,[0-9]{3}){1,8}"
_QUANTITY = re.compile(rf"((?:{_WHOLE})(?:\.[0-9]{{1,15}})?)\s*([kKmMgGtT]?[iI]?)([bB]?)")
_LIMIT = 10**31  # the largest number that a string of 31 digits can give

_SIZES = re.compile(r"[0-9]{1,9}(?:[x×,][0-9]{1,9}){0,2}")


def sizes(value: object) -> tuple[int, ...]:
    """Returns the sizes for 1 to 3 axes. ``value`` is, for example, 32, ``[32, 48]`` or ``"32x48"``.

    Raises :class:`Refusal` for any other value.
    """
    if isinstance(value, str) and _SIZES.fullmatch(value.strip()):
        return tuple(int(size) for size in re.split("[x×,]", value.strip()))
    values: list[Any] = list(value) if isinstance(value, (list, tuple)) else [value]
    if not 1 <= len(values) <= 3 or not all(
        isinstance(size, int) and 0 < size <= LARGEST and size is not True for size in values
    ):
        raise Refusal(f"expected a size such as 64, or one for each axis such as 64x48, not {shown(value)}")
    return tuple(values)


def quantity(value: object) -> int:
    """Returns the number in an int or a string, such as ``5M``, ``1.5G``, ``4MB`` or ``256KiB``.

    Raises :class:`Refusal` for any other value.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LIMIT:
        return value
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    unit = match[2].upper() if match else ""
    if match is None and isinstance(value, str) and _QUANTITY.fullmatch(value.strip().replace(",", ".")):
        raise Refusal(f"a decimal point is written as a dot: {value.strip().replace(',', '.')}, not {shown(value)}")
    if match is None or unit not in _UNITS:
        raise Refusal(f"expected a number such as 1000, 5M or 256KiB, not {shown(value)}")
    number = Fraction(match[1].replace(",", "").replace("_", "")) * _UNITS[unit]
    return int(number)
