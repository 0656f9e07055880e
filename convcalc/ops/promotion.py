"""Finds the dtype of a result as Keras does: int16 and float16 give float16, for example.

Each dtype has larger dtypes, listed in ``_NEXT_DTYPES``. The result is the smallest dtype that is larger than or equal
to all operands. Source: ``keras/src/backend/common/dtypes.py``, for TensorFlow.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Refusal
from convcalc.ops.tensor import Tensor

# The next larger dtypes of each dtype: int16 → int32. 'int' and 'float' are the types of Python's numbers.
_NEXT_DTYPES = {
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
_DTYPES_OF_NUMBERS = {bool: "bool", int: "int", float: "float"}


@cache
def _upper_bounds(dtype: str) -> frozenset[str]:
    """Returns the dtype and all larger dtypes."""
    if dtype not in _NEXT_DTYPES:
        raise Refusal(f"needs numbers, not {dtype}", codes.WRONG_DTYPE)
    return frozenset({dtype}).union(*map(_upper_bounds, _NEXT_DTYPES[dtype]))


@cache
def result_type(*dtypes: str) -> str:
    """Returns the dtype to which Keras promotes these dtypes; "" (unknown) if one of them is "".

    ``int`` and ``float`` are the types of Python's numbers.
    """
    if "" in dtypes:
        return ""
    if len(set(dtypes)) == 1:
        return _as_result(dtypes[0])
    common = frozenset.intersection(*map(_upper_bounds, dtypes))
    return _as_result(next(dtype for dtype in common if common <= _upper_bounds(dtype)))


def _as_result(dtype: str) -> str:
    """Returns the dtype of a tensor: Python's ``int`` becomes int32.

    Keras on TensorFlow replaces uint64 by uint32, and complex128 by complex64.
    """
    return {"int": "int32", "float": "float32", "uint64": "uint32", "complex128": "complex64"}.get(dtype, dtype)


def dtype_of(value: Any) -> str:
    """Returns the dtype of a tensor, a number or lists of numbers."""
    if isinstance(value, Tensor):
        return value.dtype
    while isinstance(value, list) and value:
        value = value[0]
    return _DTYPES_OF_NUMBERS.get(type(value), "float")


def tensor_dtype(value: Any) -> str:
    """Returns the dtype of an operand as a tensor: int64 for Python's ``int``, float32 for ``float``."""
    return {"int": "int64", "float": "float32"}.get(dtype_of(value), dtype_of(value))


def common_dtype(*values: Any) -> str:
    """Returns the dtype to which Keras promotes these operands."""
    return result_type(*map(dtype_of, values))


def float_dtype(dtype: str) -> str:
    """Returns the dtype of a result that can have fractions. The dtype is float32 for every integer dtype."""
    return "float32" if dtype == "int64" else result_type(dtype, "float")


def float_if_integer(dtype: str) -> str:
    """Returns float32 for integer dtypes and bool. Returns any other dtype unchanged."""
    return "float32" if "int" in dtype or dtype == "bool" else dtype


def sum_dtype(dtype: str) -> str:
    """Returns the dtype of a sum or a product along an axis. Integers of less than 32 bits are added in 32 bits."""
    return {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}.get(dtype, dtype)
