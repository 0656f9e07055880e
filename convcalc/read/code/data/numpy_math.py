"""The arithmetic of NumPy: functions of single elements, and reductions such as ``sum`` and ``max``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from convcalc.read.code.data.array_dtypes import as_float, as_mean, as_sum, cast, kind_of, promoted, with_number
from convcalc.read.code.data.array_operators import computed, elementwise, matmul
from convcalc.read.code.data.array_shapes import ShapeError, axes_of, axis_of, broadcast, count_of, offsets, strides_of
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.data.numpy_arguments import Given, array_of, numpy_function
from convcalc.read.code.language.values import MISSING, SizeValue, Unknown, UnknownNumber

# Elementwise ----------------------------------------------------------------------------------------------------------


def _of_one(function: Callable[[Any], Any], dtype_rule: Callable[[str], str]) -> Any:
    def implementation(given: Given) -> Any:
        value = given["x"]
        if isinstance(value, UnknownNumber):
            return UnknownNumber(value.reason, value.spot)
        array = given.array("x")
        dtype = dtype_rule(array.dtype)
        flat = computed(function, [array], array.shape, dtype)
        return Array(array.shape, dtype, flat=flat).scalar(given.spot)

    return implementation


def _sign(value: Any) -> Any:
    return (value > 0) - (value < 0)


def _unchanged(dtype: str) -> str:
    return dtype


def _to_bool(dtype: str) -> str:
    return "bool"


def _rounding(dtype: str) -> str:
    return dtype if kind_of(dtype) in ("bool", "int", "uint") else as_float(dtype)


def _magnitude(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


_FLOAT_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "log2": math.log2, "log10": math.log10, "log1p": math.log1p, "expm1": math.expm1,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "tanh": math.tanh, "sinh": math.sinh, "cosh": math.cosh, "arcsin": math.asin,
    "arccos": math.acos, "arctan": math.atan, "radians": math.radians, "deg2rad": math.radians, "degrees": math.degrees,
    "rad2deg": math.degrees,
}  # fmt: skip
for _name, _function in _FLOAT_FUNCTIONS.items():
    numpy_function(_name, "x")(_of_one(_function, as_float))
numpy_function("exp2", "x")(_of_one(lambda value: 2.0**value, as_float))
numpy_function("cbrt", "x")(_of_one(lambda value: _fail(), as_float))
numpy_function("floor", "x")(_of_one(math.floor, _rounding))
numpy_function("ceil", "x")(_of_one(math.ceil, _rounding))
numpy_function("trunc fix", "x")(_of_one(math.trunc, _rounding))
numpy_function("rint", "x")(_of_one(round, as_float))
numpy_function("abs absolute", "x")(_of_one(abs, _magnitude))
numpy_function("fabs", "x")(_of_one(abs, as_float))
numpy_function("sign", "x")(_of_one(_sign, _unchanged))
numpy_function("square", "x")(_of_one(lambda value: value * value, _unchanged))
numpy_function("negative", "x")(_of_one(lambda value: -value, _unchanged))
numpy_function("isnan", "x")(_of_one(lambda value: value != value, _to_bool))
numpy_function("isinf", "x")(_of_one(math.isinf, _to_bool))
numpy_function("isfinite", "x")(_of_one(math.isfinite, _to_bool))
numpy_function("logical_not", "x")(_of_one(lambda value: not value, _to_bool))
numpy_function("real imag conj nan_to_num", "x")(_of_one(lambda value: _fail(), _magnitude))


def _fail() -> Any:
    raise ValueError("not worked out")


@numpy_function("round .round around round_", "a", "decimals")
def _round(given: Given) -> Any:
    array, decimals = given.array("a"), given.get("decimals", 0)
    flat = computed(round, [array], array.shape, array.dtype) if decimals == 0 else None
    return Array(array.shape, array.dtype, flat=flat).scalar(given.spot)


@numpy_function("clip .clip", "a", "min", "max")
def _clip(given: Given) -> Any:
    array = given.array("a")
    low, high = given.get("min", given["a_min"]), given.get("max", given["a_max"])
    flat, dtype = None, array.dtype
    for bound in (low, high):
        dtype = promoted(dtype, bound.dtype) if isinstance(bound, Array) else with_number(dtype, bound)
    if all(bound is None or isinstance(bound, (int, float)) for bound in (low, high)):
        lowest, highest = -math.inf if low is None else low, math.inf if high is None else high
        flat = computed(lambda value: min(max(value, lowest), highest), [array], array.shape, dtype)
    return Array(array.shape, dtype, flat=flat).scalar(given.spot)


def _of_operator(symbol: str) -> Any:
    def implementation(given: Given) -> Any:
        first, second = given["x1"], given["x2"]
        for value, other, reflected in ((first, second, False), (second, first, True)):
            if isinstance(value, Array):
                result = value.operate(given.run, symbol, other, reflected, given.spot)
                if result is not MISSING:
                    return result
        if isinstance(first, Unknown) or isinstance(second, Unknown):
            return given.run.binary(symbol, first, second, given.spot)
        result = elementwise(symbol, array_of(first, given.run, given.spot), array_of(second, given.run, given.spot))
        return result.scalar(given.spot)

    return implementation


for _names, _symbol in {
    "add": "+", "subtract": "-", "multiply": "*", "divide true_divide": "/", "floor_divide": "//", "mod remainder": "%", "power": "**",
    "equal": "==", "not_equal": "!=", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "bitwise_and": "&",
    "bitwise_or": "|", "bitwise_xor": "^", "left_shift": "<<", "right_shift": ">>",
}.items():  # fmt: skip
    numpy_function(_names, "x1", "x2")(_of_operator(_symbol))


def _of_two(function: Callable[[Any, Any], Any], dtype: str = "") -> Any:
    def implementation(given: Given) -> Any:
        arrays = [given.array("x1"), given.array("x2")]
        shape = broadcast(*(array.shape for array in arrays))
        result = dtype or common_dtype(given["x1"], given["x2"], arrays)
        return Array(shape, result, flat=computed(function, arrays, shape, result)).scalar(given.spot)

    return implementation


def common_dtype(first: Any, second: Any, arrays: list[Array]) -> str:
    """Returns the dtype of ``first + second``. A number of Python takes the dtype of the array if possible."""
    if isinstance(second, (int, float)) and isinstance(first, Array):
        return with_number(first.dtype, second)
    if isinstance(first, (int, float)) and isinstance(second, Array):
        return with_number(second.dtype, first)
    return promoted(arrays[0].dtype, arrays[1].dtype)


numpy_function("maximum fmax", "x1", "x2")(_of_two(max))
numpy_function("minimum fmin", "x1", "x2")(_of_two(min))
numpy_function("logical_and", "x1", "x2")(_of_two(lambda first, second: bool(first and second), "bool"))
numpy_function("logical_or", "x1", "x2")(_of_two(lambda first, second: bool(first or second), "bool"))
numpy_function("logical_xor", "x1", "x2")(_of_two(lambda first, second: bool(first) != bool(second), "bool"))
numpy_function("arctan2 hypot", "x1", "x2")(_of_two(lambda first, second: _fail(), "float64"))


# Reductions -----------------------------------------------------------------------------------------------------------


def reduced_shape(array: Array, axes: Iterable[int], keepdims: bool) -> tuple[SizeValue, ...]:
    """Returns the shape of an array after a reduction of some axes."""
    removed = set(axes)
    if keepdims:
        return tuple(1 if at in removed else size for at, size in enumerate(array.shape))
    return tuple(size for at, size in enumerate(array.shape) if at not in removed)


def reduced(array: Array, axis: Any, keepdims: bool, dtype: str, function: Callable[[list[Any]], Any] | None) -> Array:
    """Returns an array after a reduction such as ``sum``. ``function`` computes one result from a list of elements."""
    rank = len(array.shape)
    axes = axes_of(axis, rank)
    shape = reduced_shape(array, axes, keepdims)
    if array.flat is None or function is None or count_of(array.shape) == 0:
        return Array(shape, dtype)
    sizes = [size for size in array.shape if isinstance(size, int)]
    strides = strides_of(sizes)
    kept = [[at * strides[axis] for at in range(sizes[axis])] for axis in range(rank) if axis not in axes]
    gone = offsets([[at * strides[axis] for at in range(sizes[axis])] for axis in axes])
    try:
        flat = [cast(function([array.flat[start + at] for at in gone]), dtype) for start in offsets(kept)]
    except (ArithmeticError, TypeError, ValueError):
        return Array(shape, dtype)
    return Array(shape, dtype, flat=flat)


def _prod(values: list[Any]) -> Any:
    result: Any = 1
    for value in values:
        result *= value
        if isinstance(result, int) and abs(result) >= 1 << 63:
            raise OverflowError
    return result


def _sum(values: list[Any]) -> Any:
    if any(isinstance(value, float) and value != int(value) for value in values):
        return math.fsum(values) if len(values) <= 2 else _fail()
    return sum(values)


def _mean(values: list[Any]) -> Any:
    return _sum(values) / len(values)


def _reduction(function: Callable[[list[Any]], Any] | None, dtype_rule: Callable[[str], str]) -> Any:
    def implementation(given: Given) -> Any:
        value = given["a"]
        if isinstance(value, (list, tuple)) and not value and function is _prod:
            return 1
        array = given.array("a")
        if function is not None and array.classes is not None and given["axis"] is None and function in (max, min):
            return array.classes - 1 if function is max else 0
        keepdims = given.get("keepdims", False) is True
        result = reduced(array, given["axis"], keepdims, given.dtype(dtype_rule(array.dtype)), function)
        return result.scalar(given.spot)

    return implementation


_PARAMETERS = ("a", "axis", "dtype", "out", "keepdims")
numpy_function("sum .sum nansum", *_PARAMETERS)(_reduction(_sum, as_sum))
numpy_function("prod .prod product", *_PARAMETERS)(_reduction(_prod, as_sum))
numpy_function("mean .mean nanmean average", *_PARAMETERS)(_reduction(_mean, as_mean))
numpy_function("std var .std .var nanstd nanvar", *_PARAMETERS)(
    _reduction(None, lambda dtype: _magnitude(as_mean(dtype)))
)
numpy_function("max amax .max nanmax", "a", "axis", "out", "keepdims")(_reduction(max, _unchanged))
numpy_function("min amin .min nanmin", "a", "axis", "out", "keepdims")(_reduction(min, _unchanged))
numpy_function("ptp", "a", "axis", "out", "keepdims")(_reduction(lambda values: max(values) - min(values), _unchanged))
numpy_function("median nanmedian", "a", "axis", "out", "overwrite", "keepdims")(_reduction(None, as_mean))
numpy_function("any .any", "a", "axis", "out", "keepdims")(_reduction(any, _to_bool))
numpy_function("all .all", "a", "axis", "out", "keepdims")(_reduction(all, _to_bool))
numpy_function("count_nonzero", "a", "axis")(_reduction(lambda values: sum(map(bool, values)), lambda dtype: "int64"))


def _position(choose: Callable[..., Any]) -> Any:
    def implementation(given: Given) -> Any:
        array, axis = given.array("a"), given["axis"]
        keepdims = given.get("keepdims", False) is True
        result = reduced(
            array, axis, keepdims, "int64", lambda values: choose(range(len(values)), key=values.__getitem__)
        )
        return result.scalar(given.spot)

    return implementation


numpy_function("argmax .argmax", "a", "axis", "out", "keepdims")(_position(max))
numpy_function("argmin .argmin", "a", "axis", "out", "keepdims")(_position(min))


@numpy_function("argsort .argsort", "a", "axis")
def _argsort(given: Given) -> Any:
    return Array(given.array("a").shape, "int64")


@numpy_function("percentile quantile", "a", "q", "axis")
def _quantile(given: Given) -> Any:
    array, part = given.array("a"), given.array("q")
    rest = reduced_shape(array, axes_of(given["axis"], len(array.shape)), given["keepdims"] is True)
    dtype = as_mean(array.dtype)
    if part.shape:
        dtype = promoted(dtype, as_mean(part.dtype))
    return Array((*part.shape, *rest), dtype).scalar(given.spot)


@numpy_function("cumsum .cumsum cumprod .cumprod", "a", "axis", "dtype")
def _cumulative(given: Given) -> Any:
    array = given.array("a")
    if given["axis"] is None:
        array = given.run.call_library("numpy.ravel", [array], {}, given.spot)
    if not array.shape:
        raise ShapeError("there is no axis to sum along")
    return Array(array.shape, given.dtype(as_sum(array.dtype)))


@numpy_function("diff", "a", "n", "axis")
def _diff(given: Given) -> Any:
    array, count = given.array("a"), given.get("n", 1)
    axis = axis_of(given.get("axis", -1), len(array.shape))
    size = array.shape[axis]
    if not isinstance(size, int) or not isinstance(count, int):
        raise ShapeError("the size of the result of `diff` is unknown")
    shape = (*array.shape[:axis], max(0, size - count), *array.shape[axis + 1 :])
    return Array(shape, array.dtype)


# Products -------------------------------------------------------------------------------------------------------------


@numpy_function("dot .dot", "a", "b")
def _dot(given: Given) -> Any:
    first, second = given.array("a"), given.array("b")
    if not first.shape or not second.shape:
        return elementwise("*", first, second).scalar(given.spot)
    if len(second.shape) > 2:
        shape = (*first.shape[:-1], *second.shape[:-2], second.shape[-1])
        return Array(shape, promoted(first.dtype, second.dtype))
    return matmul(first, second, given.spot).scalar(given.spot)


@numpy_function("matmul", "a", "b")
def _matmul(given: Given) -> Any:
    return matmul(given.array("a"), given.array("b"), given.spot).scalar(given.spot)


@numpy_function("outer", "a", "b")
def _outer(given: Given) -> Any:
    first, second = given.array("a"), given.array("b")
    sizes = [array.attribute(given.run, "size", given.spot) for array in (first, second)]
    return Array(sizes, promoted(first.dtype, second.dtype))


@numpy_function("numpy.linalg.norm", "x", "ord", "axis", "keepdims")
def _norm(given: Given) -> Any:
    array = given.array("x")
    dtype = _magnitude(as_mean(array.dtype))
    return reduced(array, given["axis"], given["keepdims"] is True, dtype, None).scalar(given.spot)


@numpy_function("numpy.linalg.inv numpy.linalg.pinv", "a")
def _inverse(given: Given) -> Any:
    array = given.array("a")
    return Array((*array.shape[:-2], *array.shape[:-3:-1]), as_mean(array.dtype))
