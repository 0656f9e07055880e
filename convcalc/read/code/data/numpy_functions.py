"""The functions of NumPy that make arrays or change their shapes, and the methods of arrays with the same names."""

from __future__ import annotations

import math
from typing import Any

from convcalc.read.code.data import numpy_joins, numpy_math, numpy_random
from convcalc.read.code.data.array_dtypes import cast, dtype_of, kind_of, of_number
from convcalc.read.code.data.array_shapes import (
    ShapeError,
    axes_of,
    axis_of,
    count_of,
    offsets,
    reshaped,
    strides_of,
    unknown_size,
)
from convcalc.read.code.data.arrays import MAX_CONTENT, Array, expanded
from convcalc.read.code.data.numpy_arguments import Given, array_of, numpy_function, shape_of
from convcalc.read.code.language.values import Spot, Unknown, UnknownNumber
from convcalc.read.code.libraries import CONSTANTS, function

CONSTANTS.update(
    {"numpy.newaxis": None, "numpy.pi": math.pi, "numpy.e": math.e, "numpy.inf": math.inf, "numpy.Inf": math.inf, "numpy.nan": math.nan,
     "numpy.NaN": math.nan, "numpy.euler_gamma": 0.5772156649015329, "numpy.PI": math.pi, "numpy.__version__": "2.4.6"}
)  # fmt: skip


# New arrays -----------------------------------------------------------------------------------------------------------


def filled(given: Given, shape: Any, value: Any, dtype: str) -> Array:
    """Returns an array whose elements all have this value."""
    sizes = shape_of(shape)
    if any(isinstance(size, int) and size < 0 for size in sizes):
        raise ShapeError("a size is negative")
    count = count_of(sizes)
    known = value is not None and count is not None and count <= MAX_CONTENT
    return Array(sizes, dtype, flat=[cast(value, dtype)] * count if known and count is not None else None)


@numpy_function("zeros empty", "shape", "dtype")
def _zeros(given: Given) -> Any:
    return filled(given, given["shape"], 0, given.dtype("float64"))


@numpy_function("ones", "shape", "dtype")
def _ones(given: Given) -> Any:
    return filled(given, given["shape"], 1, given.dtype("float64"))


@numpy_function("full", "shape", "fill_value", "dtype")
def _full(given: Given) -> Any:
    value = given["fill_value"]
    known = isinstance(value, (bool, int, float))
    return filled(
        given, given["shape"], value if known else None, given.dtype(of_number(value) if known else "float64")
    )


def _like(value: Any) -> Any:
    def implementation(given: Given) -> Any:
        array = given.array("a")
        shape = array.shape if given["shape"] is None else given["shape"]
        filling = given["fill_value"] if value is None else value
        return filled(given, shape, filling if isinstance(filling, (int, float)) else None, given.dtype(array.dtype))

    return implementation


numpy_function("zeros_like empty_like", "a", "dtype", "order", "subok", "shape")(_like(0))
numpy_function("ones_like", "a", "dtype", "order", "subok", "shape")(_like(1))
numpy_function("full_like", "a", "fill_value", "dtype", "order", "subok", "shape")(_like(None))


@numpy_function("eye identity", "N", "M", "k", "dtype")
def _eye(given: Given) -> Any:
    rows = given.get("N", given["n"])
    columns = rows if given["M"] is None else given["M"]
    (rows,), (columns,) = shape_of(rows), shape_of(columns)
    offset, dtype = given.get("k", 0), given.dtype("float64")
    if (
        not isinstance(rows, int)
        or not isinstance(columns, int)
        or not isinstance(offset, int)
        or rows * columns > MAX_CONTENT
    ):
        return Array((rows, columns), dtype)
    flat = [cast(column - row == offset, dtype) for row in range(rows) for column in range(columns)]
    return Array((rows, columns), dtype, flat=flat)


@numpy_function("arange", "start", "stop", "step", "dtype")
def _arange(given: Given) -> Any:
    start, stop, step = given.get("start", 0), given["stop"], given.get("step", 1)
    if stop is None:
        start, stop = 0, start
    bounds = [start, stop, step]
    kinds = [of_number(bound) for bound in bounds if isinstance(bound, (int, float))]
    dtype = given.dtype("float64" if "float64" in kinds else "int64")
    if len(kinds) < 3 or not step:
        return Array((unknown_size("the length of this range is unknown", given.spot),), dtype)
    count = max(0, math.ceil((stop - start) / step))
    if count > MAX_CONTENT:
        return Array((count,), dtype)
    return Array((count,), dtype, flat=[cast(start + at * step, dtype) for at in range(count)])


@numpy_function("logspace geomspace", "start", "stop", "num", "endpoint", "retstep", "dtype")
def _linspace(given: Given) -> Any:
    if given["retstep"]:
        raise ShapeError("`retstep` is not supported")
    return Array(shape_of(given.get("num", 50)), given.dtype("float64"))


@numpy_function("linspace", "start", "stop", "num", "endpoint", "retstep", "dtype")
def _evenly(given: Given) -> Any:
    result = _linspace(given)
    start, stop = given["start"], given["stop"]
    count = result.shape[0]
    if (
        isinstance(count, int)
        and 1 < count <= MAX_CONTENT
        and isinstance(start, (int, float))
        and isinstance(stop, (int, float))
    ):
        gaps = count - 1 if given.get("endpoint", True) else count
        step = (stop - start) / gaps
        flat = [at * step + start for at in range(count)]
        if gaps < count:
            flat[-1] = float(stop)
        if kind_of(result.dtype) == "float":
            result.flat = [cast(element, result.dtype) for element in flat]
    return result


@numpy_function("array asarray asanyarray ascontiguousarray copy", "object", "dtype")
def _array(given: Given) -> Any:
    value = given.get("object", given["a"])
    array = array_of(value, given.run, given.spot)
    result = converted(array, given.dtype(array.dtype))
    minimum = given["ndmin"]
    if isinstance(minimum, int) and minimum > len(result.shape):
        result = result.with_shape((1,) * (minimum - len(result.shape)) + result.shape)
    return result


numpy_function("asfarray", "a", "dtype")(lambda given: converted(given.array("a"), given.dtype("float64")))
numpy_function(".copy", "self")(lambda given: converted(given.array("self"), given.array("self").dtype))


def converted(array: Array, dtype: str) -> Array:
    """Returns a copy of the array with this dtype."""
    flat = None
    if array.flat is not None and not (kind_of(array.dtype) == "object" and kind_of(dtype) != "object"):
        try:
            flat = [cast(element, dtype) for element in array.flat]
        except (ValueError, OverflowError):
            flat = None
    classes = None if dtype == "bool" else array.classes
    return Array(array.shape, dtype, name=array.name, classes=classes, flat=flat)


@numpy_function(".astype numpy.astype", "self", "dtype")
def _astype(given: Given) -> Any:
    return converted(given.array("self"), given.dtype("float64")).scalar(given.spot)


def _to_type(dtype: str) -> Any:
    def implementation(given: Given) -> Any:
        value = given.get("value", 0)
        if isinstance(value, Unknown):
            return UnknownNumber(value.reason, value.spot)
        return converted(array_of(value, given.run, given.spot), dtype).scalar(given.spot)

    return implementation


_TYPES = (
    "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128 int float double "
    "single half int_ float_ bool_ bool intp longlong"
)
for _name in _TYPES.split():
    numpy_function(_name, "value")(_to_type(dtype_of(_name, "float64")))


@function("numpy.dtype")
def _dtype(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return dtype_of(args[0], "") or run.unknown("this dtype is not known", spot)


@numpy_function("array_equal", "a1", "a2")
def _array_equal(given: Given) -> Any:
    first, second = given.array("a1"), given.array("a2")
    if first.flat is None or second.flat is None:
        return Unknown("the values of an array are unknown", given.spot)
    return first.shape == second.shape and first.flat == second.flat


@numpy_function("shape", "a")
def _shape(given: Given) -> Any:
    return given.array("a").shape


@numpy_function("ndim", "a")
def _ndim(given: Given) -> Any:
    return len(given.array("a").shape)


@numpy_function("size", "a", "axis")
def _size(given: Given) -> Any:
    array = given.array("a")
    if given["axis"] is not None:
        return array.shape[axis_of(given["axis"], len(array.shape))]
    return array.attribute(given.run, "size", given.spot)


# Shapes ---------------------------------------------------------------------------------------------------------------


@numpy_function("reshape", "a", "shape")
def _reshape(given: Given) -> Any:
    if isinstance(given["a"], Unknown):
        return given.run.reshaped(given["a"], [given.get("shape", given["newshape"])], {}, given.spot)
    return _in_shape(given.array("a"), given.get("shape", given["newshape"]), given)


@function("numpy.ndarray.reshape")
def _reshape_method(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    shape = args[1] if len(args) == 2 else tuple(args[1:]) or kwargs.get("shape", kwargs.get("newshape"))
    try:
        return _in_shape(array_of(args[0], run, spot), shape, Given(run, args, kwargs, (), spot))
    except ShapeError as error:
        return Unknown(str(error), spot)


def _in_shape(array: Array, shape: Any, given: Given) -> Array:
    result = array.with_shape(reshaped(array.shape, shape_of(shape), given.spot))
    if given["order"] in ("F", "A"):
        result.flat = None
    return result


@numpy_function("ravel .ravel .flatten", "a")
def _ravel(given: Given) -> Any:
    array = given.array("a")
    return array.with_shape(reshaped(array.shape, (-1,), given.spot))


@numpy_function("expand_dims", "a", "axis")
def _expand_dims(given: Given) -> Any:
    array, axis = given.array("a"), given["axis"]
    axes = axis if isinstance(axis, (list, tuple)) else (axis,)
    rank = len(array.shape) + len(axes)
    places = axes_of(axes, rank)
    sizes = iter(array.shape)
    return array.with_shape(1 if at in places else next(sizes) for at in range(rank))


@numpy_function("squeeze .squeeze", "a", "axis")
def _squeeze(given: Given) -> Any:
    array, axis = given.array("a"), given["axis"]
    if axis is None:
        if any(not isinstance(size, int) for size in array.shape):
            raise ShapeError("a size that may be 1 is unknown")
        return array.with_shape(size for size in array.shape if size != 1).scalar(given.spot)
    axes = axes_of(axis, len(array.shape))
    if any(isinstance(array.shape[at], int) and array.shape[at] != 1 for at in axes):
        raise ShapeError("only an axis of size 1 can be removed")
    return array.with_shape(size for at, size in enumerate(array.shape) if at not in axes).scalar(given.spot)


def permuted(array: Array, order: tuple[int, ...]) -> Array:
    """Returns an array with its axes in another order."""
    shape = tuple(array.shape[at] for at in order)
    flat = None
    if array.flat is not None:
        sizes = [size for size in array.shape if isinstance(size, int)]
        strides = strides_of(sizes)
        flat = [
            array.flat[at] for at in offsets([[step * strides[axis] for step in range(sizes[axis])] for axis in order])
        ]
    return Array(shape, array.dtype, flat=flat)


@numpy_function("transpose permute_dims", "a", "axes")
def _transpose(given: Given) -> Any:
    array = given.array("a")
    rank = len(array.shape)
    axes = given["axes"]
    order = tuple(range(rank))[::-1] if axes is None else axes_of(list(axes), rank)
    if sorted(order) != list(range(rank)):
        raise ShapeError("the axes are not those of the array")
    return permuted(array, order)


@function("numpy.ndarray.transpose")
def _transpose_method(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    axes = args[1] if len(args) == 2 else list(args[1:]) or None
    return run.call_library("numpy.transpose", [args[0], axes], kwargs, spot)


@numpy_function("swapaxes .swapaxes", "a", "axis1", "axis2")
def _swapaxes(given: Given) -> Any:
    array = given.array("a")
    order = list(range(len(array.shape)))
    first, second = (axis_of(given[name], len(order)) for name in ("axis1", "axis2"))
    order[first], order[second] = order[second], order[first]
    return permuted(array, tuple(order))


@numpy_function("moveaxis", "a", "source", "destination")
def _moveaxis(given: Given) -> Any:
    array = given.array("a")
    rank = len(array.shape)
    source, destination = axes_of(given["source"], rank), axes_of(given["destination"], rank)
    order = [axis for axis in range(rank) if axis not in source]
    for place, axis in sorted(zip(destination, source)):
        order.insert(place, axis)
    return permuted(array, tuple(order))


@numpy_function("rollaxis", "a", "axis", "start")
def _rollaxis(given: Given) -> Any:
    array = given.array("a")
    rank = len(array.shape)
    axis, start = axis_of(given["axis"], rank), given.get("start", 0)
    order = [at for at in range(rank) if at != axis]
    order.insert(start - (axis < start), axis)
    return permuted(array, tuple(order))


def _at_least(rank: int) -> Any:
    def implementation(given: Given) -> Any:
        array = given.array("a")
        shape = array.shape
        if len(shape) >= rank:
            return array
        if rank == 3 and len(shape) == 2:
            return array.with_shape((*shape, 1))
        if rank == 3 and len(shape) == 1:
            return array.with_shape((1, *shape, 1))
        return array.with_shape((1,) * (rank - len(shape)) + shape)

    return implementation


for _rank in (1, 2, 3):
    numpy_function(f"atleast_{_rank}d", "a")(_at_least(_rank))


@numpy_function("broadcast_to", "array", "shape")
def _broadcast_to(given: Given) -> Any:
    array, shape = given.array("array"), given.shape()
    is_small = (count_of(shape) or MAX_CONTENT + 1) <= MAX_CONTENT
    return Array(shape, array.dtype, flat=expanded(array, shape) if array.flat is not None and is_small else None)


def _same(given: Given) -> Any:
    return given.array("a")


numpy_function(".view .to_numpy .numpy .cpu .detach .block_until_ready", "a")(_same)


@numpy_function("flip fliplr flipud roll sort .sort", "a", "axis")
def _same_shape(given: Given) -> Any:
    array = given.array("a")
    return Array(array.shape, array.dtype, classes=array.classes)


@numpy_function(".tolist", "a")
def _tolist(given: Given) -> Any:
    array = given.array("a")
    if array.flat is not None:
        return array.value
    kind = kind_of(array.dtype)
    dtype = "float64" if kind == "float" else "int64" if kind in ("int", "uint") else array.dtype
    return Array(array.shape, dtype, classes=array.classes)


@numpy_function(".item", "a", "at")
def _item(given: Given) -> Any:
    array = given.array("a")
    at = given.get("at", 0)
    if array.flat is None or not isinstance(at, int) or at >= len(array.flat):
        return UnknownNumber("the values of an array are unknown", given.spot)
    return array.flat[at]


@numpy_function(".fill .setflags .resize .partition", "a")
def _changes(given: Given) -> Any:
    array = given["a"]
    if isinstance(array, Array):
        array.flat = None


__all__ = ["numpy_joins", "numpy_math", "numpy_random"]
