"""The dtypes of arrays: their names, NumPy's promotion, and the conversion of single numbers."""

from __future__ import annotations

import math
import struct
from typing import Any

from convcalc.read.code.language.values import Library, LibraryObject

_INTEGERS = ("int8", "int16", "int32", "int64")
_UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
_FLOATS = ("float16", "float32", "float64")
_COMPLEX = ("complex64", "complex128")
KNOWN = ("bool", *_INTEGERS, *_UNSIGNED, *_FLOATS, *_COMPLEX, "str", "object", "bfloat16")
_ALIASES = {
    "int": "int64", "float": "float64", "double": "float64", "single": "float32", "half": "float16", "long": "int64", "intc": "int32",
    "byte": "int8", "ubyte": "uint8", "short": "int16", "ushort": "uint16", "uint": "uint64", "longlong": "int64", "int_": "int64",
    "float_": "float64", "bool_": "bool", "bool8": "bool", "complex": "complex128", "complex_": "complex128", "str_": "str",
    "string": "str", "unicode": "str", "object_": "object", "f2": "float16", "f4": "float32", "f8": "float64", "f": "float32",
    "d": "float64", "e": "float16", "i": "int32", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64", "l": "int64", "b": "int8",
    "B": "uint8", "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64", "?": "bool", "O": "object", "U": "str", "S": "str",
    "intp": "int64", "floating": "float64", "integer": "int64", "bool": "bool",
}  # fmt: skip


def dtype_of(value: Any, default: str) -> str:
    """Returns the name of a dtype that a program gives: a text, a type of Python, or a type of NumPy or TensorFlow."""
    if isinstance(value, LibraryObject):
        value = value.args[0] if value.args else value.path
    if isinstance(value, Library):
        value = value.path.rpartition(".")[2]
    if not isinstance(value, str):
        return default
    text = value.lstrip("<>=|")
    if text[:1] in "US" and text[1:].isdigit():
        return "str"
    return text if text in KNOWN else _ALIASES.get(text, default)


def _bits(dtype: str) -> int:
    return int(dtype.lstrip("abcdefghijklmnopqrstuvwxyz"))


def kind_of(dtype: str) -> str:
    """Returns the kind of a dtype: ``bool``, ``int``, ``uint``, ``float``, ``complex`` or ``object``."""
    if dtype == "bool":
        return "bool"
    if dtype in ("str", "object"):
        return "object"
    return dtype.rstrip("0123456789").replace("bfloat", "float")


def promoted(first: str, second: str) -> str:
    """Returns the dtype of ``first + second`` for two arrays of these dtypes."""
    if first == second:
        return first
    kinds = {kind_of(first): first, kind_of(second): second}
    if "object" in kinds:
        return "object"
    if "bool" in kinds:
        return second if first == "bool" else first
    if len(kinds) == 1:
        return first if _bits(first) >= _bits(second) else second
    if "bfloat16" in (first, second):
        other = second if first == "bfloat16" else first
        return other if kind_of(other) in ("float", "complex") else "bfloat16"
    if kinds.keys() == {"int", "uint"}:
        signed, unsigned = _bits(kinds["int"]), _bits(kinds["uint"])
        if signed > unsigned:
            return kinds["int"]
        return "float64" if unsigned == 64 else f"int{2 * unsigned}"
    if "complex" in kinds:
        other = first if second == kinds["complex"] else second
        needed = as_float(other) if kind_of(other) != "float" else other
        return "complex64" if kinds["complex"] == "complex64" and needed in ("float16", "float32") else "complex128"
    other = kinds.get("int") or kinds["uint"]
    return promoted(kinds["float"], as_float(other))


def as_float(dtype: str) -> str:
    """Returns the dtype of ``numpy.sqrt(array)``."""
    if kind_of(dtype) in ("float", "complex", "object"):
        return dtype
    bits = 8 if dtype == "bool" else _bits(dtype)
    return "float16" if bits == 8 else "float32" if bits == 16 else "float64"


def as_mean(dtype: str) -> str:
    """Returns the dtype of ``array.mean()`` and ``array / array``."""
    return dtype if kind_of(dtype) in ("float", "complex", "object") else "float64"


def as_sum(dtype: str) -> str:
    """Returns the dtype of ``array.sum()``."""
    kind = kind_of(dtype)
    return "int64" if kind in ("bool", "int") else "uint64" if kind == "uint" else dtype


def with_number(dtype: str, number: Any) -> str:
    """Returns the dtype of ``array + number``, where ``number`` is a number of Python."""
    kind = kind_of(dtype)
    if isinstance(number, bool):
        return dtype
    if isinstance(number, int):
        return "int64" if kind == "bool" else dtype
    if isinstance(number, float):
        return as_mean(dtype)
    if isinstance(number, complex):
        return dtype if kind == "complex" else "complex64" if dtype in ("float16", "float32") else "complex128"
    return dtype


def of_number(number: Any) -> str:
    """Returns the dtype of ``numpy.array(number)``."""
    if isinstance(number, bool):
        return "bool"
    if isinstance(number, int):
        return "int64" if -(2**63) <= number < 2**63 else "object"
    if isinstance(number, float):
        return "float64"
    if isinstance(number, complex):
        return "complex128"
    return "str" if isinstance(number, (str, bytes)) else "object"


def cast(number: Any, dtype: str) -> Any:
    """Converts a number to an element of an array of this dtype. Raises ValueError if this is impossible."""
    kind = kind_of(dtype)
    if isinstance(number, complex) and kind != "complex":
        raise ValueError("a complex number is not real")
    if kind == "bool":
        return bool(number)
    if kind in ("int", "uint"):
        if isinstance(number, float) and not math.isfinite(number):
            raise ValueError("the number is not finite")
        bits = _bits(dtype)
        whole = int(number) & ((1 << bits) - 1)
        return whole - (1 << bits) if kind == "int" and whole >> (bits - 1) else whole
    if kind == "float":
        return _rounded(float(number), dtype)
    if kind == "complex":
        return complex(number)
    return str(number) if dtype == "str" else number


def _rounded(number: float, dtype: str) -> float:
    form = {"float16": "<e", "float32": "<f"}.get(dtype)
    if form is None or not math.isfinite(number):
        return number
    try:
        return float(struct.unpack(form, struct.pack(form, number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)
