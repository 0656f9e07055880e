"""Operations that make tensors: of numbers, of ranges, of classes. Sources: ``keras/src/ops/numpy.py`` and ``nn.py``."""

from math import ceil, isfinite
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.problems import Refusal
from convcalc.layers.registry import axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import Axis, CheckedByRule, Dtype, Flag, Ignored, Operand, RealOrTensor
from convcalc.ops.elementwise import broadcast
from convcalc.ops.promotion import dtype_of, result_type, together
from convcalc.ops.registry import operation
from convcalc.ops.tensor import Tensor, shape_of


def stated(shape: Any, argument: str = "shape") -> Shape:
    """A shape that was written down; None is a size that is not known."""
    sizes = shape if isinstance(shape, list) else [shape]
    known = [size for size in sizes if size is not None]
    if not isinstance(shape, list) or not all(isinstance(size, int) and size >= 0 for size in known):
        raise Refusal("needs a shape: a list of sizes, none of them negative", codes.INVALID_VALUE, argument)
    return tuple(UNKNOWN if size is None else size for size in sizes)


@operation("Full", flops=costs.free)
def full(fill_value: Ignored, *, shape: CheckedByRule, dtype: Dtype = None) -> Tensor:
    """One value in a given shape."""
    return Tensor(stated(shape), dtype or "float32")


@operation("Arange", flops=costs.free)
def arange(
    start: RealOrTensor, stop: RealOrTensor | None = None, step: RealOrTensor | None = None, *, dtype: Dtype = None
) -> Tensor:
    """Numbers at equal steps."""
    first, end = (0, start) if stop is None else (start, stop)
    each = 1 if step is None else step
    if any(isinstance(value, Tensor) for value in (first, end, each)):
        raise Refusal("needs numbers for its start, stop and step: a tensor's are not known", codes.UNKNOWN_SIZE)
    if each == 0:
        raise Refusal("steps by 0", codes.INVALID_VALUE, "step")
    steps = (end - first) / each
    if not isfinite(steps):
        raise Refusal("needs a start, a stop and a step whose distances are finite", codes.INVALID_VALUE)
    size = ceil(steps)
    if size < 0:
        raise Refusal(f"steps from {first} by {each}, which leads away from {end}", codes.INVALID_VALUE, "step")
    return Tensor((size,), dtype or together(first, end, each))


def _space(
    start: Operand, stop: Operand, num: CheckedByRule = 50, endpoint: Flag = True, dtype: Dtype = None, axis: Axis = 0
) -> Tensor:
    """A new axis with the numbers between two ends, whose type is the first one's unless another is asked for."""
    ends = broadcast(shape_of(start), shape_of(stop))
    at = axis_index(axis, len(ends) + 1)
    return Tensor((*ends[:at], *stated([num], "num"), *ends[at:]), result_type(dtype or dtype_of(start), "float"))


@operation("Linspace", flops=costs.per_output(2))
def linspace(
    start: Operand,
    stop: Operand,
    *,
    num: CheckedByRule = 50,
    endpoint: Flag = True,
    retstep: Flag = False,
    dtype: Dtype = None,
    axis: Axis = 0,
) -> Tensor:
    """So many numbers between two ends, at equal distances."""
    return _space(start, stop, num, endpoint, dtype, axis)


@operation("Geomspace", flops=costs.per_output(3))
def geomspace(
    start: Operand,
    stop: Operand,
    *,
    num: CheckedByRule = 50,
    endpoint: Flag = True,
    dtype: Dtype = None,
    axis: Axis = 0,
) -> Tensor:
    """So many numbers between two ends, at equal ratios."""
    return _space(start, stop, num, endpoint, dtype, axis)


@operation("Logspace", flops=costs.per_output(3))
def logspace(
    start: Operand,
    stop: Operand,
    *,
    num: CheckedByRule = 50,
    endpoint: Flag = True,
    base: Ignored = 10,
    dtype: Dtype = None,
    axis: Axis = 0,
) -> Tensor:
    """So many powers between those of two exponents, at equal ratios."""
    return _space(start, stop, num, endpoint, dtype, axis)


@operation("Vander", flops=costs.per_output(1))
def vander(x: Tensor, *, N: CheckedByRule = None, increasing: Flag = False) -> Tensor:
    """The powers of each element along a new axis."""
    count = x.shape[axis_index(0, len(x.shape))] if N is None else stated([N], "N")[0]
    return Tensor((*x.shape, count), x.dtype)


def _with_classes(shape: Shape, count: int, axis: Axis) -> tuple[Number, ...]:
    if axis != -1 and not 0 <= axis < len(shape):
        raise Refusal(f"has no axis {axis} for its classes", codes.WRONG_AXIS, "axis")
    at = len(shape) if axis == -1 else axis
    return (*shape[:at], *stated([count], "num_classes"), *shape[at:])


@operation("OneHot", "nn", flops=costs.free)
def one_hot(
    x: Tensor, *, num_classes: CheckedByRule, axis: Axis = -1, dtype: Dtype = None, sparse: Flag = False
) -> Tensor:
    """A new axis with a 1 at the number of each element."""
    return Tensor(_with_classes(x.shape, num_classes, axis), dtype or "float32")


@operation("MultiHot", "nn", flops=costs.free)
def multi_hot(
    inputs: Tensor, *, num_classes: CheckedByRule = None, axis: Axis = -1, dtype: Ignored = None, sparse: Flag = False
) -> Tensor:
    """A new axis with a 1 at each of the numbers that a sample has."""
    if num_classes is None:
        raise Refusal("needs 'num_classes'", codes.MISSING_ARGUMENT, "num_classes")
    first, *rest = _with_classes(inputs.shape, num_classes, axis)
    # As Keras has it: of two axes the last one stays, of more the second goes, and the type is the input's.
    return Tensor((rest[0],) if len(rest) == 1 else (first, *rest[1:]), inputs.dtype)
