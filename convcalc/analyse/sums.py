"""Sums of numbers of which some may not be known, and their labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.structs import NamedTuple

if TYPE_CHECKING:
    from convcalc.analyse.report import LayerReport


class Sum(NamedTuple):
    """A sum whose unknown terms are left out, and what to call it for that."""

    value: Number
    label: str


def sum_known(numbers: Sequence[Number]) -> Sum:
    """The sum: ``partial`` where a term is not known, ``unknown`` where none is."""
    total = sum(numbers)
    if type(total) is int or UNKNOWN not in numbers:
        return Sum(total, "")
    # A lower bound of nothing would be a silent zero: it is unknown.
    total = sum([number for number in numbers if number is not UNKNOWN])
    return Sum(total, "partial") if total != 0 else Sum(UNKNOWN, "unknown")


def label_if_partial(name: str, rows: Sequence[LayerReport]) -> str:
    """The label of a sum over rows, one of whose terms is only a lower bound."""
    return "partial" if any(name in row.incomplete for row in rows) else ""


def scale_by_batch(number: Number, inputs: Sequence[Shape]) -> Number:
    """A cost of one sample for the batch that is stated, or as it is."""
    batch = inputs[0][0] if inputs and inputs[0] else UNKNOWN
    return number if batch is UNKNOWN else number * batch
