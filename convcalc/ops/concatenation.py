"""Operations that concatenate and split tensors. Sources: ``keras/src/ops/numpy.py`` and ``core.py``."""

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal, listed
from convcalc.layers import views
from convcalc.layers.arguments import shown
from convcalc.layers.registry import axis_index
from convcalc.ops import costs
from convcalc.ops.arguments import AnyValue, Axis, CheckedByRule, Integer, IntegerOrIntegers, Tensors
from convcalc.ops.promotion import common_dtype
from convcalc.ops.registry import operation
from convcalc.ops.shape_ops import with_size
from convcalc.ops.tensor import Tensor

MAX_PARTS = 10_000


def _concatenated(xs: Sequence[Tensor], at: int) -> Tensor:
    first = xs[0]
    sizes: list[Number] = list(first.shape)
    for tensor in xs[1:]:
        if len(tensor.shape) != len(sizes):
            raise Refusal("needs inputs with the same number of axes", codes.SHAPES_DIFFER)
        for n, size in enumerate(tensor.shape):
            if n == at:
                sizes[n] = sizes[n] + size
            elif sizes[n] is not UNKNOWN and size is not UNKNOWN and size != sizes[n]:
                raise Refusal("needs inputs with the same sizes on all other axes", codes.SHAPES_DIFFER)
    return Tensor(tuple(sizes), common_dtype(*xs))


@operation("Concatenate", receptive_field_rule=views.concatenated, flops=costs.free)
def concatenate(xs: Tensors, *, axis: Axis = 0) -> Tensor:
    """Concatenates tensors along an axis."""
    return _concatenated(xs, axis_index(axis, len(xs[0].shape)))


@operation("Append", flops=costs.free)
def append(x1: Tensor, x2: Tensor, *, axis: Axis | None = None) -> Tensor:
    """Concatenates two tensors along an axis; without an axis, flattens them first."""
    if axis is None:
        return Tensor((product(x1.shape) + product(x2.shape),), common_dtype(x1, x2))
    return _concatenated([x1, x2], axis_index(axis, len(x1.shape)))


@operation("Hstack", flops=costs.free)
def hstack(xs: Tensors) -> Tensor:
    """Concatenates tensors along the second axis."""
    return _concatenated(xs, axis_index(1, len(xs[0].shape)))


@operation("Vstack", flops=costs.free)
def vstack(xs: Tensors) -> Tensor:
    """Concatenates tensors along the first axis."""
    return _concatenated(xs, 0)


@operation("Dstack", flops=costs.free)
def dstack(xs: Tensors) -> Tensor:
    """Concatenates tensors along the third axis."""

    def deep(shape: Shape) -> Shape:
        return {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}.get(len(shape), shape)

    return _concatenated([Tensor(deep(x.shape), x.dtype) for x in xs], 2)


@operation("Stack", flops=costs.free)
def stack(x: Tensors, *, axis: Axis = 0) -> Tensor:
    """Stacks tensors along a new axis."""
    first = x[0].shape
    for tensor in x[1:]:
        if len(tensor.shape) != len(first) or any(
            a != b and a is not UNKNOWN and b is not UNKNOWN for a, b in zip(first, tensor.shape)
        ):
            raise Refusal("needs inputs of the same shape", codes.SHAPES_DIFFER)
    at = axis_index(axis, len(first) + 1)
    return Tensor((*first[:at], len(x), *first[at:]), common_dtype(*x))


@operation("Unstack", "core", flops=costs.free)
def unstack(x: Tensor, *, num: CheckedByRule = None, axis: Axis = 0) -> list[Tensor]:
    """Splits a tensor into slices along an axis, and removes that axis."""
    at = axis_index(axis, len(x.shape))
    count = x.shape[at] if num is None else num
    if not isinstance(count, int):
        raise Refusal("needs 'num', because the size of the axis is unknown", codes.UNKNOWN_SIZE, "num")
    return [Tensor((*x.shape[:at], *x.shape[at + 1 :]), x.dtype)] * _checked_count(count)


def _checked_count(parts: int) -> int:
    """Returns ``parts``, the number of outputs. Raises :class:`Refusal` if it is negative, or would need too much
    memory.
    """
    if not 0 <= parts <= MAX_PARTS:
        raise Refusal(f"returns 0 to {MAX_PARTS:,} tensors, not {shown(parts)}", codes.INVALID_VALUE)
    return parts


def _split(x: Tensor, into: int | Sequence[int], axis: Axis) -> list[Tensor]:
    at = axis_index(axis, len(x.shape))
    size = x.shape[at]
    if isinstance(into, int):
        if into == 0 and size is not UNKNOWN:
            raise Refusal("cannot split a tensor into 0 parts", codes.INVALID_VALUE)
        if isinstance(size, int) and size % into:
            raise Refusal(
                f"cannot split a size of {size} into {into} equal parts",
                codes.INDIVISIBLE_GROUPS,
                "indices_or_sections",
            )
        part = UNKNOWN if size is UNKNOWN else size // into
        return [Tensor(with_size(x.shape, at, part), x.dtype)] * _checked_count(into)
    parts = [end - start for start, end in zip([0, *into], [*into, size])]
    if any(part < 0 for part in parts):
        raise Refusal(
            f"cannot split a size of {size} at {listed(into, 'and')}", codes.INVALID_VALUE, "indices_or_sections"
        )
    return [Tensor(with_size(x.shape, at, part), x.dtype) for part in parts]


@operation("Split", flops=costs.free)
def split(x: Tensor, *, indices_or_sections: IntegerOrIntegers, axis: Axis = 0) -> list[Tensor]:
    """Splits a tensor along an axis, into a number of equal parts or at indices."""
    return _split(x, indices_or_sections, axis)


@operation("ArraySplit", flops=costs.free)
def array_split(x: Tensor, *, indices_or_sections: Integer, axis: Axis = 0) -> list[Tensor]:
    """Splits a tensor along an axis into nearly equal parts: if needed, the first parts have one element more."""
    at = axis_index(axis, len(x.shape))
    size, count = x.shape[at], _checked_count(indices_or_sections)
    parts = [UNKNOWN if size is UNKNOWN else size // count + (1 if n < size % count else 0) for n in range(count)]
    return [Tensor(with_size(x.shape, at, part), x.dtype) for part in parts]


@operation("Hsplit", flops=costs.free)
def hsplit(x: Tensor, *, indices_or_sections: IntegerOrIntegers) -> list[Tensor]:
    """Splits a tensor along the second axis."""
    return _split(x, indices_or_sections, 0 if len(x.shape) == 1 else 1)


@operation("Vsplit", flops=costs.free)
def vsplit(x: Tensor, *, indices_or_sections: IntegerOrIntegers) -> list[Tensor]:
    """Splits a tensor along the first axis."""
    return _split(x, indices_or_sections, 0)


@operation("Dsplit", flops=costs.free)
def dsplit(x: Tensor, *, indices_or_sections: IntegerOrIntegers) -> list[Tensor]:
    """Splits a tensor along the third axis."""
    return _split(x, indices_or_sections, 2)


@operation("Meshgrid", flops=costs.free)
def meshgrid(*x: Tensor, indexing: AnyValue = "xy") -> list[Tensor]:
    """Returns tensors with the coordinates of a grid, from vectors of coordinates."""
    if not x and indexing != "ij":
        raise Refusal("needs at least one tensor", codes.INVALID_VALUE)
    sizes = [product(tensor.shape) for tensor in x]
    if indexing == "xy" and len(sizes) > 1:
        sizes[0], sizes[1] = sizes[1], sizes[0]
    # As in Keras, the outputs are float32 for 'ij'; else they have the dtype of the last input.
    return [Tensor(tuple(sizes), "float32" if indexing == "ij" else x[-1].dtype)] * len(x)
