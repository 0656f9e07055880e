"""Adds numbers, some of which may be unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convcalc.base.numbers import UNKNOWN, Number, Shape, plain
from convcalc.base.structs import Struct

if TYPE_CHECKING:
    from convcalc.analyse.report import LayerReport


class PartialSum(Struct):
    """The sum of the known numbers.

    Attributes:
        label: empty if all numbers are known, ``unknown`` if none is, otherwise ``partial``.
    """

    value: Number
    label: str


def sum_known(numbers: Sequence[Number]) -> PartialSum:
    """Returns the sum of the known numbers. Its label says whether numbers were left out."""
    total = sum(numbers)
    if type(total) is int:
        return PartialSum(total, "")
    known = [number for number in numbers if plain(number) is not UNKNOWN]
    if len(known) == len(numbers):
        return PartialSum(total, "")
    total = sum(known)
    # A lower bound of 0 would look like a known zero, so such a sum counts as unknown.
    return PartialSum(total, "partial") if total != 0 else PartialSum(UNKNOWN, "unknown")


def label_if_partial(name: str, rows: Sequence[LayerReport]) -> str:
    """Returns ``partial`` if the number ``name`` is not fully known in a row, otherwise an empty label."""
    return "partial" if any(name in row.incomplete for row in rows) else ""


def scale_by_batch(number: Number, inputs: Sequence[Shape]) -> Number:
    """Returns ``number`` times the batch size; unchanged if the batch size is unknown."""
    batch = inputs[0][0] if inputs and inputs[0] else UNKNOWN
    return number if batch is UNKNOWN else number * batch
