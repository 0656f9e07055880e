"""Operations that find elements, or count them. Source: ``keras/src/ops/numpy.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, product
from convcalc.base.problems import Refusal
from convcalc.layers.registry import axis_index
from convcalc.ops.creation import stated
from convcalc.ops.registry import Tensor, operation, shape_of
from convcalc.ops.shape_ops import with_size


@operation("Digitize")
def digitize(x: Tensor, bins: Any) -> Tensor:
    """The number of the bin of each element."""
    return Tensor(x.shape, "int32")


@operation("SearchSorted")
def search_sorted(sorted_sequence: Any, values: Any, *, side: str = "left") -> Tensor:
    """The places at which values belong into a sorted vector."""
    sequence = shape_of(sorted_sequence)
    if len(sequence) != 1:
        raise Refusal("needs a sorted sequence of one axis", codes.WRONG_RANK, "sorted_sequence")
    return Tensor(shape_of(values), "int32" if sequence[0] < 2**31 else "int64")


@operation("IsIn")
def is_in(x1: Any, x2: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is among those of another tensor."""
    return Tensor(shape_of(x1), "bool")


@operation("Nonzero")
def nonzero(x: Tensor) -> list[Tensor]:
    """The places of the elements that are not 0, one tensor an axis."""
    return [Tensor((UNKNOWN,), "int32")] * len(x.shape)


@operation("UnravelIndex")
def unravel_index(indices: Tensor, *, shape: Sequence[int | None]) -> list[Tensor]:
    """The places in a shape that numbers of elements stand for, one tensor an axis."""
    found = (UNKNOWN,) if UNKNOWN in stated(shape) else indices.shape
    return [Tensor(found, indices.dtype)] * len(shape)


@operation("Argpartition")
def argpartition(x: Tensor, *, kth: int, axis: int | None = -1) -> Tensor:
    """An order in which the smallest elements along an axis come first.

    Keras does not look whether there is such an axis.
    """
    if not isinstance(kth, int):
        raise Refusal("needs a whole number of elements", codes.INVALID_VALUE, "kth")
    return Tensor((product(x.shape),) if axis is None else x.shape, "int32")


@operation("Histogram")
def histogram(x: Tensor, *, bins: int = 10, range: Sequence[float] | None = None) -> list[Tensor]:
    """How many elements lie in each bin, and the edges of the bins."""
    if not isinstance(bins, int) or bins < 0:
        raise Refusal("needs a number of bins", codes.INVALID_VALUE, "bins")
    if range and (len(range) < 2 or range[1] < range[0]):
        raise Refusal("needs a range of two numbers, the smaller one first", codes.INVALID_VALUE, "range")
    return [Tensor((bins,), x.dtype), Tensor((bins + 1,), x.dtype)]


@operation("Unique")
def unique(
    x: Tensor,
    *,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> list[Tensor]:
    """The elements without repetition, or the parts along an axis; how many there are is only known where it is asked for."""
    count: Number = stated([size], "size")[0]
    at = None if axis is None else axis_index(axis, len(x.shape))
    found = [Tensor((count,) if at is None else with_size(x.shape, at, count), x.dtype)]
    if return_index:
        found.append(Tensor((count,), "int32"))
    if return_inverse:
        found.append(Tensor(x.shape if at is None else (x.shape[at],), "int32"))
    if return_counts:
        found.append(Tensor((count,), "int32"))
    return found
