"""Operations on the diagonals of matrices. Source: ``keras/src/ops/numpy.py``."""

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.layers.registry import axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import Axis, Ignored, Real
from convcalc.ops.promotion import sum_dtype
from convcalc.ops.registry import Rule, operation
from convcalc.ops.tensor import Tensor


def _triangle(name: str) -> Rule:
    def rule(x: Tensor, *, k: Ignored = 0) -> Tensor:
        return x

    rule.__doc__ = (
        f"Keeps the elements on and {'below' if name == 'Tril' else 'above'} a diagonal; sets the others to 0."
    )
    return rule


tril, triu = (operation(name, flops=costs.free)(_triangle(name)) for name in ("Tril", "Triu"))


def _without_diagonal(shape: Shape, axis1: Axis, axis2: Axis) -> tuple[Shape, Number, Number]:
    rank = len(shape)
    if rank < 2:
        raise Refusal("needs a tensor with at least two axes", codes.WRONG_RANK)
    first, second = axis_index(axis1, rank, "axis1"), axis_index(axis2, rank, "axis2")
    if first == second:
        raise Refusal("needs two different axes", codes.WRONG_AXIS, "axis2")
    return tuple(size for n, size in enumerate(shape) if n not in (first, second)), shape[first], shape[second]


def _diagonal_size(rows: Number, columns: Number, offset: int) -> Number:
    if rows is UNKNOWN or columns is UNKNOWN:
        return UNKNOWN
    rest = columns - offset if offset > 0 else rows + offset
    return max(0, min(rest, rows, columns))


@operation("Diagonal", flops=costs.free)
def diagonal(x: Tensor, *, offset: Real = 0, axis1: Axis = 0, axis2: Axis = 1) -> Tensor:
    """Returns the diagonals of matrices."""
    rest, rows, columns = _without_diagonal(x.shape, axis1, axis2)
    return Tensor((*rest, _diagonal_size(rows, columns, offset)), x.dtype)


@operation("Trace", flops=costs.unknown)
def trace(x: Tensor, *, offset: Real = 0, axis1: Axis = 0, axis2: Axis = 1) -> Tensor:
    """Computes the trace of matrices: the sum of each diagonal."""
    rest, _, _ = _without_diagonal(x.shape, axis1, axis2)
    return Tensor(rest, sum_dtype(x.dtype))


@operation("Diag", flops=costs.free)
def diag(x: Tensor, *, k: Real = 0) -> Tensor:
    """Returns the diagonal of a matrix, or a matrix with the given vector as its diagonal."""
    if len(x.shape) not in (1, 2):
        raise Refusal("needs a vector or a matrix", codes.WRONG_RANK)
    if len(x.shape) == 1:
        return diagflat(x, k=k)
    rows, columns = x.shape
    return Tensor((_diagonal_size(rows, columns, k),), x.dtype)


@operation("Diagflat", flops=costs.free)
def diagflat(x: Tensor, *, k: Real = 0) -> Tensor:
    """Returns a matrix with all elements on its diagonal."""
    size = product(x.shape) + abs(k)
    return Tensor((size, size), x.dtype)
