"""Operations that create tensors. Sources: ``keras/src/ops/numpy.py`` and ``nn.py``."""

from math import ceil, isfinite
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.problems import Refusal
from convcalc.layers.registry import axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import Axis, CheckedByRule, Dtype, Flag, Ignored, Operand, RealOrTensor
from convcalc.ops.elementwise import broadcast
from convcalc.ops.promotion import common_dtype, dtype_of, result_type
from convcalc.ops.registry import operation
from convcalc.ops.tensor import Tensor, shape_of


def shape_argument(shape: Any, argument: str = "shape") -> Shape:
    """Converts a list of sizes (None: unknown size) to a shape."""
    sizes = shape if isinstance(shape, list) else [shape]
    known = [size for size in sizes if size is not None]
    if not isinstance(shape, list) or not all(isinstance(size, int) and size >= 0 for size in known):
        raise Refusal("needs a shape: a list of sizes of at least 0", codes.INVALID_VALUE, argument)
    return tuple(UNKNOWN if size is None else size for size in sizes)


@operation("Full", flops=costs.free)
def full(fill_value: Ignored, *, shape: CheckedByRule, dtype: Dtype = None) -> Tensor:
    """Returns a tensor of a given shape, filled with a value."""
    return Tensor(shape_argument(shape), dtype or "float32")


@operation("Arange", flops=costs.free)
def arange(
    start: RealOrTensor, stop: RealOrTensor | None = None, step: RealOrTensor | None = None, *, dtype: Dtype = None
) -> Tensor:
    """Returns evenly spaced numbers from start up to, but not including, stop."""
    first, end = (0, start) if stop is None else (start, stop)
    increment = 1 if step is None else step
    if any(isinstance(value, Tensor) for value in (first, end, increment)):
        raise Refusal("needs numbers for start, stop and step; the values of a tensor are unknown", codes.UNKNOWN_SIZE)
    if increment == 0:
        raise Refusal("needs a step other than 0", codes.INVALID_VALUE, "step")
    steps = (end - first) / increment
    if not isfinite(steps):
        raise Refusal(
            f"cannot count the steps of {increment} from {first} to {end}: too many steps, or not a finite number",
            codes.INVALID_VALUE,
        )
    size = ceil(steps)
    if size < 0:
        raise Refusal(
            f"needs a step that leads from {first} to {end}, not a step of {increment}", codes.INVALID_VALUE, "step"
        )
    return Tensor((size,), dtype or common_dtype(first, end, increment))


def _spaced(
    start: Operand, stop: Operand, num: CheckedByRule = 50, endpoint: Flag = True, dtype: Dtype = None, axis: Axis = 0
) -> Tensor:
    """Returns the tensor of ``linspace`` and similar operations: ``num`` numbers along a new axis.

    Without ``dtype``, it has the dtype of ``start``, or float32 for integers.
    """
    ends = broadcast(shape_of(start), shape_of(stop))
    at = axis_index(axis, len(ends) + 1)
    return Tensor(
        (*ends[:at], *shape_argument([num], "num"), *ends[at:]), result_type(dtype or dtype_of(start), "float")
    )


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
    """Returns num evenly spaced numbers from start to stop."""
    return _spaced(start, stop, num, endpoint, dtype, axis)


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
    """Returns num numbers from start to stop, evenly spaced on a logarithmic scale."""
    return _spaced(start, stop, num, endpoint, dtype, axis)


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
    """Returns num powers of a base, with evenly spaced exponents from start to stop."""
    return _spaced(start, stop, num, endpoint, dtype, axis)


@operation("Vander", flops=costs.per_output(1))
def vander(x: Tensor, *, N: CheckedByRule = None, increasing: Flag = False) -> Tensor:
    """Returns a Vandermonde matrix: the powers of each element along a new axis."""
    count = x.shape[axis_index(0, len(x.shape))] if N is None else shape_argument([N], "N")[0]
    return Tensor((*x.shape, count), x.dtype)


def _with_classes(shape: Shape, count: int, axis: Axis) -> tuple[Number, ...]:
    if axis != -1 and not 0 <= axis < len(shape):
        raise Refusal(f"cannot insert the class axis at position {axis}", codes.WRONG_AXIS, "axis")
    at = len(shape) if axis == -1 else axis
    return (*shape[:at], *shape_argument([count], "num_classes"), *shape[at:])


@operation("OneHot", "nn", flops=costs.free)
def one_hot(
    x: Tensor, *, num_classes: CheckedByRule, axis: Axis = -1, dtype: Dtype = None, sparse: Flag = False
) -> Tensor:
    """Encodes class indices as one-hot vectors along a new axis."""
    return Tensor(_with_classes(x.shape, num_classes, axis), dtype or "float32")


@operation("MultiHot", "nn", flops=costs.free)
def multi_hot(
    inputs: Tensor, *, num_classes: CheckedByRule = None, axis: Axis = -1, dtype: Ignored = None, sparse: Flag = False
) -> Tensor:
    """Encodes the class indices of each sample as a multi-hot vector."""
    if num_classes is None:
        raise Refusal("needs 'num_classes'", codes.MISSING_ARGUMENT, "num_classes")
    first, *rest = _with_classes(inputs.shape, num_classes, axis)
    # As in Keras, the shape (a, b) becomes (b,), and (a, b, c) becomes (a, c). The dtype is the input's.
    return Tensor((rest[0],) if len(rest) == 1 else (first, *rest[1:]), inputs.dtype)
