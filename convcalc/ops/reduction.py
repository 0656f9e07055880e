"""Operations that make one value of those along an axis. Source: ``keras/src/ops/numpy.py``."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.layers.registry import axis_index
from convcalc.numbers import Shape
from convcalc.ops.registry import Tensor, operation


def reduced(shape: Shape, axis: int | Sequence[int] | None, keepdims: bool) -> Shape:
    """The shape without the axes that are reduced (all of them for None), or with a 1 in their place."""
    chosen = range(len(shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = {axis_index(each, len(shape)) for each in chosen}
    return tuple(1 if n in gone else size for n, size in enumerate(shape) if keepdims or n not in gone)


@operation("Any")
def any_(x: Tensor, *, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """Says whether any element along the axes holds."""
    return Tensor(reduced(x.shape, axis, keepdims), "bool")
