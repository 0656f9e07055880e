"""Random input tensors for generated calls of operations."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

FLOATS = ["float32", "float32", "float16", "bfloat16", "float64"]
NUMBERS = [*FLOATS, "int32", "int64", "int8", "uint8", "int16", "uint16", "uint32"]
DTYPES = [*NUMBERS, "bool", "complex64", "complex128"]


class T(NamedTuple):
    """The shape and dtype of a tensor in a generated call."""

    shape: tuple[int | None, ...]
    dtype: str


def a_shape(random: Random, low: int = 0, high: int = 4, least: int = 1) -> tuple[int | None, ...]:
    """Returns a random shape. A few of its sizes are unknown (None)."""
    return tuple(None if random.random() < 0.12 else random.randint(least, 6) for _ in range(random.randint(low, high)))


def a_tensor(random: Random, dtypes: list[str] | None = None, low: int = 0, high: int = 4) -> T:
    """Returns a random tensor. Its dtype is one of ``dtypes``, or any dtype."""
    return T(a_shape(random, low, high), random.choice(dtypes or DTYPES))


def a_like(random: Random, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Returns a shape that broadcasts with the given shape. Sometimes returns a shape that does not broadcast."""
    result = [size if random.random() < 0.7 else random.choice([1, 1, None]) for size in shape]
    if result and random.random() < 0.06:
        result[random.randrange(len(result))] = 7
    return tuple(result[random.randint(0, 1) :]) if random.random() < 0.3 else tuple(result)


def images(random: Random, batch: bool = True) -> T:
    """Returns images with a random number of channels; some have an unknown height.

    If ``batch`` is false, there may be no batch axis.
    """
    sizes = (random.choice([6, 8, None]), random.choice([5, 8]), random.choice([1, 3, 4]))
    return T((random.choice([None, 2]), *sizes) if batch or random.random() < 0.7 else sizes, random.choice(FLOATS))
