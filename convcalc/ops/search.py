"""Operations that search for or count elements. Source: ``keras/src/ops/numpy.py``."""

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, product
from convcalc.base.problems import Refusal
from convcalc.layers.registry import axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import Axis, CheckedByRule, Flag, Ignored, Operand, Range
from convcalc.ops.creation import shape_argument
from convcalc.ops.registry import operation
from convcalc.ops.shape_ops import with_size
from convcalc.ops.tensor import Tensor, shape_of


@operation("Digitize", flops=costs.unknown)
def digitize(x: Tensor, bins: Ignored) -> Tensor:
    """Returns the index of the bin of each element."""
    return Tensor(x.shape, "int32")


@operation("SearchSorted", flops=costs.unknown)
def search_sorted(sorted_sequence: Operand, values: Operand, *, side: Ignored = "left") -> Tensor:
    """Returns the indices at which values must be inserted to keep a vector sorted."""
    sequence = shape_of(sorted_sequence)
    if len(sequence) != 1:
        raise Refusal("needs a sorted sequence of one axis", codes.WRONG_RANK, "sorted_sequence")
    return Tensor(shape_of(values), "int32" if sequence[0] < 2**31 else "int64")


@operation("IsIn", flops=costs.unknown)
def is_in(x1: Operand, x2: Ignored, *, assume_unique: Flag = False, invert: Flag = False) -> Tensor:
    """Tests for each element whether another tensor contains it."""
    return Tensor(shape_of(x1), "bool")


@operation("Nonzero", flops=costs.free)
def nonzero(x: Tensor) -> list[Tensor]:
    """Returns the indices of the nonzero elements, one tensor for each axis."""
    return [Tensor((UNKNOWN,), "int32")] * len(x.shape)


@operation("UnravelIndex", flops=costs.free)
def unravel_index(indices: Tensor, *, shape: CheckedByRule) -> list[Tensor]:
    """Converts flat indices to coordinates in a shape, one tensor for each axis."""
    output = (UNKNOWN,) if UNKNOWN in shape_argument(shape) else indices.shape
    return [Tensor(output, indices.dtype)] * len(shape)


@operation("Argpartition", flops=costs.unknown)
def argpartition(x: Tensor, *, kth: CheckedByRule, axis: Ignored = -1) -> Tensor:
    """Returns the indices that partition the elements along an axis: the ``kth`` smallest elements come first.

    As in Keras, the axis is not checked.
    """
    if not isinstance(kth, int):
        raise Refusal("needs a whole number as 'kth'", codes.INVALID_VALUE, "kth")
    return Tensor((product(x.shape),) if axis is None else x.shape, "int32")


@operation("Histogram", flops=costs.unknown)
def histogram(x: Tensor, *, bins: CheckedByRule = 10, range: Range = None) -> list[Tensor]:
    """Counts the elements in each bin; also returns the edges of the bins."""
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
    """Returns the unique elements, or the unique slices along an axis.

    Without size, the number of unique elements is unknown.
    """
    count: Number = shape_argument([size], "size")[0]
    at = None if axis is None else axis_index(axis, len(x.shape))
    outputs = [Tensor((count,) if at is None else with_size(x.shape, at, count), x.dtype)]
    if return_index:
        outputs.append(Tensor((count,), "int32"))
    if return_inverse:
        outputs.append(Tensor(x.shape if at is None else (x.shape[at],), "int32"))
    if return_counts:
        outputs.append(Tensor((count,), "int32"))
    return outputs
