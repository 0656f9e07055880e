"""Operations that arrange elements anew. Source: ``keras/src/ops/numpy.py`` and ``core.py``."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.layers.registry import axis_index
from convcalc.numbers import UNKNOWN, Number
from convcalc.ops.registry import Tensor, operation
from convcalc.problems import Refusal


@operation("ExpandDims")
def expand_dims(x: Tensor, *, axis: int | Sequence[int]) -> Tensor:
    """Puts in axes of size 1."""
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = len(x.shape) + len(axes)
    new = {axis_index(each, rank) for each in axes}
    sizes = iter(x.shape)
    return Tensor(tuple(1 if n in new else next(sizes) for n in range(rank)), x.dtype)


@operation("Concatenate")
def concatenate(xs: Sequence[Tensor], *, axis: int = -1) -> Tensor:
    """Joins tensors along an axis."""
    first = xs[0]
    at = axis_index(axis, len(first.shape))
    sizes: list[Number] = list(first.shape)
    for other in xs[1:]:
        if len(other.shape) != len(sizes):
            raise Refusal("needs inputs with as many axes", "shapes-differ")
        for n, size in enumerate(other.shape):
            if n == at:
                sizes[n] = sizes[n] + size
            elif sizes[n] is UNKNOWN:
                sizes[n] = size
            elif size is not UNKNOWN and size != sizes[n]:
                raise Refusal("needs inputs that agree on every axis but the one they are joined on", "shapes-differ")
    return Tensor(tuple(sizes), first.dtype)


@operation("ConvertToTensor", "core")
def convert_to_tensor(
    x: Tensor, *, dtype: str | None = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """The tensor as it is, or in another dtype."""
    return Tensor(x.shape, dtype or x.dtype)
