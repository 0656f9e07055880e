"""The operators of arrays, such as `+` and `@`, with NumPy's shapes and dtypes."""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Sequence
from typing import Any

from convcalc.read.code.data.array_dtypes import as_mean, cast, kind_of, promoted, with_number
from convcalc.read.code.data.array_shapes import ShapeError, Sizes, broadcast, count_of
from convcalc.read.code.data.arrays import MAX_CONTENT, Array, as_array, expanded
from convcalc.read.code.language.values import MISSING, Spot, Unknown, UnknownNumber

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": python.add, "-": python.sub, "*": python.mul, "/": python.truediv, "//": python.floordiv, "%": python.mod, "**": python.pow,
    "&": python.and_, "|": python.or_, "^": python.xor, "<<": python.lshift, ">>": python.rshift, "==": python.eq, "!=": python.ne,
    "<": python.lt, "<=": python.le, ">": python.gt, ">=": python.ge,
}  # fmt: skip


def array_operator(run: Any, array: Array, operator: str, other: Any, reflected: bool, spot: Spot) -> Any:
    """Returns the result of an operator: an array, or a number if the array has no axes."""
    if other is None:
        return _unary(array, operator)
    if isinstance(other, (list, tuple)):
        other = run.doubtful(other) or as_array(other)
    if isinstance(other, UnknownNumber):
        if operator == "@":
            return MISSING
        dtype = "bool" if operator in _COMPARISONS else _result_dtype(operator, array.dtype, array.dtype)
        return Array(array.shape, dtype)
    if isinstance(other, Unknown):
        return Unknown(other.reason, other.spot)
    if not isinstance(other, (int, float, complex, Array)):
        other = as_array(other) if hasattr(other, "array") else None
        if other is None:
            return MISSING
    left, right = (other, array) if reflected else (array, other)
    try:
        result = matmul(left, right, spot) if operator == "@" else elementwise(operator, left, right)
    except ShapeError as error:
        return Unknown(f"{error}", spot)
    return result.scalar(spot) if isinstance(result, Array) else result


def elementwise(symbol: str, left: Any, right: Any) -> Array:
    """Returns the result of an operator on two arrays, or an array and a number. Raises ShapeError if the shapes do not match."""
    first, second = as_array(left), as_array(right)
    if first is None or second is None:
        raise ShapeError("this operation is not supported")
    if not isinstance(left, Array):
        dtype = with_number(second.dtype, left)
        first = _converted(first, dtype)
    elif not isinstance(right, Array):
        dtype = with_number(first.dtype, right)
        second = _converted(second, dtype)
    else:
        dtype = promoted(first.dtype, second.dtype)
    shape = broadcast(first.shape, second.shape)
    dtype = _result_dtype(symbol, dtype, dtype)
    return Array(shape, dtype, flat=computed(_OPERATIONS[symbol], [first, second], shape, dtype))


def _converted(number: Array, dtype: str) -> Array:
    """Returns a number of Python with the precision of the float array that it meets in an operation."""
    if kind_of(dtype) != "float" or number.flat is None or isinstance(number.flat[0], (str, complex)):
        return number
    return Array((), dtype, flat=[cast(number.flat[0], dtype)])


def computed(function: Callable[..., Any], arrays: Sequence[Array], shape: Sizes, dtype: str) -> list[Any] | None:
    """Applies a function to the elements of arrays. Returns the new elements; None if they are unknown."""
    total = count_of(shape)
    if total is None or total > MAX_CONTENT or any(array.flat is None for array in arrays):
        return None
    if any(kind_of(array.dtype) == "object" for array in arrays):
        return None
    try:
        rows = zip(*(expanded(array, shape) for array in arrays))
        whole = kind_of(dtype) in ("int", "uint")
        result = []
        for row in rows:
            if whole and not _is_small(function, row):
                return None
            value = function(*row)
            if whole and isinstance(value, float):
                return None
            result.append(cast(value, dtype))
    except (ArithmeticError, TypeError, ValueError):
        return None
    return result


def _is_small(function: Callable[..., Any], row: Sequence[Any]) -> bool:
    """Returns True if a power or a shift of whole numbers is quick to compute."""
    return function not in (python.pow, python.lshift) or (abs(row[0]) < 1 << 63 and 0 <= row[1] < 64)


def _result_dtype(symbol: str, common: str, operand: str) -> str:
    if symbol in _COMPARISONS:
        return "bool"
    if symbol == "/":
        return as_mean(common)
    if symbol in ("**", "//", "%", "<<", ">>") and operand == "bool":
        return "int8"
    return common


def matmul(left: Any, right: Any, spot: Spot | None = None) -> Array:
    """Returns the matrix product. Raises ShapeError if the shapes do not match."""
    first, second = as_array(left), as_array(right)
    if first is None or second is None or not first.shape or not second.shape:
        raise ShapeError("this product is not supported")
    one, two = first.shape, second.shape
    rows, columns = one[-2:-1], two[-1:] if len(two) > 1 else ()
    inner = two[-2] if len(two) > 1 else two[0]
    if isinstance(one[-1], int) and isinstance(inner, int) and one[-1] != inner:
        raise ShapeError(f"sizes {one[-1]} and {inner} do not match")
    shape = (*broadcast(one[:-2], two[:-2]), *rows, *columns)
    dtype = promoted(first.dtype, second.dtype)
    if first.flat is None or second.flat is None or len(one) > 2 or len(two) > 2:
        return Array(shape, dtype)
    depth = int(one[-1] or 0)  # type: ignore[arg-type]
    width = int(columns[0]) if columns else 1  # type: ignore[arg-type]
    height = int(rows[0]) if rows else 1  # type: ignore[arg-type]
    if depth * width * height > MAX_CONTENT or kind_of(dtype) not in ("int", "float") or dtype == "float16":
        return Array(shape, dtype)
    flat = [
        cast(sum(first.flat[row * depth + at] * second.flat[at * width + column] for at in range(depth)), dtype)
        for row in range(height)
        for column in range(width)
    ]
    return Array(shape, dtype, flat=flat)


def _unary(array: Array, name: str) -> Any:
    functions: dict[str, Callable[[Any], Any]] = {
        "neg": python.neg,
        "pos": python.pos,
        "invert": python.invert,
        "abs": abs,
    }
    function = python.not_ if array.dtype == "bool" and name == "invert" else functions[name]
    dtype = array.dtype
    if name == "abs" and kind_of(dtype) == "complex":
        dtype = "float32" if dtype == "complex64" else "float64"
    result = Array(array.shape, dtype, flat=computed(function, [array], array.shape, dtype))
    return result.scalar()
