"""The tensors that operation rules receive and return, and the argument kinds for tensors."""

from __future__ import annotations

from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.base.structs import Struct
from convcalc.layers.arguments import RankFree
from convcalc.layers.registry import Inferred


class Tensor(Struct):
    """The shape and the dtype of a tensor.

    ``value`` has the elements of a small integer tensor, such as the result of ``tf.shape``
    (:mod:`convcalc.ops.shape_values`). It is None if the elements are unknown.
    """

    shape: Shape
    dtype: str
    value: Any = None


class OneTensor(RankFree):
    """A single tensor. Numbers and lists are refused."""

    expects = "a tensor"

    def read(self, value: Any) -> Tensor:
        if not isinstance(value, Tensor):
            raise Refusal("needs a tensor, not a number or a list", codes.WRONG_OPERAND)
        return value


class ManyTensors(RankFree):
    """A list of at least ``minimum`` tensors."""

    expects = "a list of tensors"

    def __init__(self, minimum: int = 1) -> None:
        self.minimum = minimum

    def read(self, value: Any) -> list[Tensor]:
        if (
            not isinstance(value, list)
            or len(value) < self.minimum
            or not all(isinstance(part, Tensor) for part in value)
        ):
            raise ValueError
        return value


def shape_of(value: Any) -> Shape:
    """Returns the shape of an operand: a tensor, a number, or nested lists of numbers."""
    if isinstance(value, Tensor):
        return value.shape
    sizes: list[Number] = []
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0] if value else None
    return tuple(sizes)


def sample_elements(shape: Shape) -> Number:
    """Returns the number of elements: for the whole batch if its size is known, otherwise for one sample."""
    return product(shape[1:] if shape and shape[0] is UNKNOWN else shape)


def unknown_macs(*outputs: Tensor) -> Inferred:
    """Returns these outputs with unknown MACs, for an operation whose MACs depend on the algorithm."""
    shapes, dtypes = tuple(tensor.shape for tensor in outputs), tuple(tensor.dtype for tensor in outputs)
    return Inferred(shapes, dtype=dtypes, unknown=frozenset({"macs"}))
