"""Operations that find elements, or count them. Source: ``keras/src/ops/numpy.py``."""

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, product
from convcalc.base.problems import Refusal
from convcalc.layers.registry import axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import Axis, CheckedByRule, Flag, Ignored, Operand, Range
from convcalc.ops.creation import stated
from convcalc.ops.registry import operation
from convcalc.ops.shape_ops import with_size
from convcalc.ops.tensor import Tensor, shape_of


@operation("Digitize", flops=costs.unknown)
def digitize(x: Tensor, bins: Ignored) -> Tensor:
    """The number of the bin of each element."""
    return Tensor(x.shape, "int32")


@operation("SearchSorted", flops=costs.unknown)
def search_sorted(sorted_sequence: Operand, values: Operand, *, side: Ignored = "left") -> Tensor:
    """The places at which values belong into a sorted vector."""
    sequence = shape_of(sorted_sequence)
    if len(sequence) != 1:
        raise Refusal("needs a sorted sequence of one axis", codes.WRONG_RANK, "sorted_sequence")
    return Tensor(shape_of(values), "int32" if sequence[0] < 2**31 else "int64")


@operation("IsIn", flops=costs.unknown)
def is_in(x1: Operand, x2: Ignored, *, assume_unique: Flag = False, invert: Flag = False) -> Tensor:
    """Whether each element is among those of another tensor."""
    return Tensor(shape_of(x1), "bool")


@operation("Nonzero", flops=costs.free)
def nonzero(x: Tensor) -> list[Tensor]:
    """The places of the elements that are not 0, one tensor an axis."""
    return [Tensor((UNKNOWN,), "int32")] * len(x.shape)


@operation("UnravelIndex", flops=costs.free)
def unravel_index(indices: Tensor, *, shape: CheckedByRule) -> list[Tensor]:
    """The places in a shape that numbers of elements stand for, one tensor an axis."""
    found = (UNKNOWN,) if UNKNOWN in stated(shape) else indices.shape
    return [Tensor(found, indices.dtype)] * len(shape)


@operation("Argpartition", flops=costs.unknown)
def argpartition(x: Tensor, *, kth: CheckedByRule, axis: Ignored = -1) -> Tensor:
    """An order in which the smallest elements along an axis come first.

    Keras does not look whether there is such an axis.
    """
    if not isinstance(kth, int):
        raise Refusal("needs a whole number of elements", codes.INVALID_VALUE, "kth")
    return Tensor((product(x.shape),) if axis is None else x.shape, "int32")


@operation("Histogram", flops=costs.unknown)
def histogram(x: Tensor, *, bins: CheckedByRule = 10, range: Range = None) -> list[Tensor]:
    """How many elements lie in each bin, and the edges of the bins."""
    if not isinstance(bins, int) or bins < 0:
        raise Refusal("needs a number of bins", codes.INVALID_VALUE, "bins")
    if range and (len(range) < 2 or range[1] < range[0]):
        raise Refusal("needs a range of two numbers, the smaller one first", codes.INVALID_VALUE, "range")
    return [Tensor((bins,), x.dtype), Tensor((bins + 1,), x.dtype)]


@operation("Unique", flops=costs.unknown)
def unique(
    x: Tensor,
    *,
    sorted: Flag = True,
    return_index: Flag = False,
    return_inverse: Flag = False,
    return_counts: Flag = False,
    axis: Axis | None = None,
    size: CheckedByRule = None,
    fill_value: Ignored = None,
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
