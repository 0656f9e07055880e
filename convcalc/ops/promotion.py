"""Which type comes of several: Keras's promotion, a lattice in which every pair of types has a least upper bound.

Source: ``keras/src/backend/common/dtypes.py``, on TensorFlow.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Refusal
from convcalc.ops.tensor import Tensor

# Each type, and those just above it. 'int' and 'float' are the types of Python's own numbers, which give way to a tensor's.
_ABOVE = {
    "bool": ("int",),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int": ("uint8", "int8"),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64",),
    "float64": ("complex64",),
    "complex64": ("complex128",),
    "complex128": (),
}
_OF_NUMBERS = {bool: "bool", int: "int", float: "float"}


@cache
def _upper(dtype: str) -> frozenset[str]:
    """The type and all above it."""
    if dtype not in _ABOVE:
        raise Refusal(f"computes with numbers, not with {dtype or 'a type that is not known'}", codes.WRONG_DTYPE)
    return frozenset({dtype}).union(*map(_upper, _ABOVE[dtype]))


@cache
def result_type(*dtypes: str) -> str:
    """The type that values of these types come to together; ``int`` and ``float`` are Python's numbers."""
    if len(set(dtypes)) == 1:
        return _settled(dtypes[0])
    common = frozenset.intersection(*map(_upper, dtypes))
    return _settled(next(dtype for dtype in common if common <= _upper(dtype)))


def _settled(dtype: str) -> str:
    """Numbers among themselves are of 32 bits; Keras on TensorFlow has no uint64 in results, and complex numbers of one size."""
    return {"int": "int32", "float": "float32", "uint64": "uint32", "complex128": "complex64"}.get(dtype, dtype)


def dtype_of(value: Any) -> str:
    """The type of an operand: a tensor's, or that of a number, or of numbers in lists."""
    if isinstance(value, Tensor):
        return value.dtype
    while isinstance(value, list) and value:
        value = value[0]
    return _OF_NUMBERS.get(type(value), "float")


def strong(value: Any) -> str:
    """The type of an operand where Keras gives numbers types of their own, before they meet others."""
    return {"int": "int64", "float": "float32"}.get(dtype_of(value), dtype_of(value))


def together(*values: Any) -> str:
    """The type that operands come to together."""
    return result_type(*map(dtype_of, values))


def floating(dtype: str) -> str:
    """The type of a function whose values are no whole numbers: 64 bit integers come to float32 as smaller ones do."""
    return "float32" if dtype == "int64" else result_type(dtype, "float")


def float_if_whole(dtype: str) -> str:
    """float32 for whole numbers, of whatever size; other numbers stay what they are."""
    return "float32" if "int" in dtype or dtype == "bool" else dtype


def summed(dtype: str) -> str:
    """The type of a sum or a product over an axis: small integers are added in 32 bits."""
    return {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}.get(dtype, dtype)
