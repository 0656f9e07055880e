"""Operations that work element by element. Source: ``keras/src/ops/numpy.py``."""

from __future__ import annotations

from typing import Any

from convcalc.numbers import UNKNOWN, Number, Shape
from convcalc.ops.registry import Tensor, operation
from convcalc.problems import Refusal


def broadcast(one: Shape, other: Shape) -> Shape:
    """The shape of an elementwise result: axes of size 1 are repeated; an unknown size takes that of the other."""
    if len(one) < len(other):
        one, other = other, one
    head = len(one) - len(other)
    return (*one[:head], *map(_together, one[head:], other))


def _together(one: Number, other: Number) -> Number:
    if one is UNKNOWN or other is UNKNOWN:
        known = other if one is UNKNOWN else one
        return UNKNOWN if known is UNKNOWN or known == 1 else known
    if one == 1 or other == 1:
        return other if one == 1 else one
    if one != other:
        raise Refusal("needs inputs whose sizes are equal or 1 on every axis", "shapes-differ")
    return one


def shape_of(value: Any) -> Shape:
    """The shape of an operand: a tensor's, or that of a constant."""
    return value.shape if isinstance(value, Tensor) else ()


@operation("NotEqual")
def not_equal(x1: Any, x2: Any) -> Tensor:
    """Says where two tensors differ."""
    return Tensor(broadcast(shape_of(x1), shape_of(x2)), "bool")


@operation("LogicalOr")
def logical_or(x1: Any, x2: Any) -> Tensor:
    """Says where one of two tensors holds."""
    return Tensor(broadcast(shape_of(x1), shape_of(x2)), "bool")


@operation("OnesLike")
def ones_like(x: Tensor, dtype: str | None = None) -> Tensor:
    """Ones in the shape of a tensor."""
    return Tensor(x.shape, dtype or x.dtype)


@operation("ZerosLike")
def zeros_like(x: Tensor, dtype: str | None = None) -> Tensor:
    """Zeros in the shape of a tensor."""
    return Tensor(x.shape, dtype or x.dtype)


@operation("Cast", "core")
def cast(x: Tensor, *, dtype: str) -> Tensor:
    """The values in another dtype."""
    return Tensor(x.shape, dtype)
