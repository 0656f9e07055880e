"""The functions of NumPy that join, repeat, split and search arrays."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from convcalc.read.code.data.array_dtypes import promoted
from convcalc.read.code.data.array_shapes import ShapeError, axis_of, broadcast, count_of, same_size, unknown_size
from convcalc.read.code.data.arrays import MAX_CONTENT, Array
from convcalc.read.code.data.numpy_arguments import Given, array_of, numpy_function, shape_of
from convcalc.read.code.data.numpy_math import common_dtype
from convcalc.read.code.language.values import SizeValue, Unknown
from convcalc.read.code.libraries import CONSTANTS


def arrays_of(given: Given, name: str) -> list[Array]:
    """Returns the arrays in a list argument. Raises ShapeError if the argument is not a list of arrays."""
    values = given.run.iterate(given[name], given.spot)
    if isinstance(values, Unknown):
        raise ShapeError(values.reason)
    if not values:
        raise ShapeError("there are no arrays to join")
    return [array_of(value, given.run, given.spot) for value in values]


def concatenated(arrays: list[Array], axis: int, spot: Any) -> Array:
    """Returns the arrays, joined along an axis."""
    first = arrays[0]
    if any(len(array.shape) != len(first.shape) for array in arrays):
        raise ShapeError("the arrays have different numbers of axes")
    dtype = first.dtype
    shape: list[SizeValue] = list(first.shape)
    for array in arrays[1:]:
        dtype = promoted(dtype, array.dtype)
        for at, size in enumerate(array.shape):
            if at != axis:
                shape[at] = _agreed(shape[at], size)
    sizes = [array.shape[axis] for array in arrays]
    if all(isinstance(size, int) for size in sizes):
        shape[axis] = sum(size for size in sizes if isinstance(size, int))
    elif len(sizes) > 1:
        shape[axis] = unknown_size("the number of elements of joined arrays is unknown", spot)
    total = count_of(shape)
    flat = None
    if total is not None and total <= MAX_CONTENT and all(array.flat is not None for array in arrays):
        before = count_of(shape[:axis]) or 0
        flat = []
        for row in range(before):
            for array in arrays:
                step = len(array.flat or ()) // before
                flat += (array.flat or [])[row * step : (row + 1) * step]
    classes = {array.classes for array in arrays}
    return Array(shape, dtype, classes=classes.pop() if len(classes) == 1 and axis == 0 else None, flat=flat)


def _agreed(first: SizeValue, second: SizeValue) -> SizeValue:
    if isinstance(first, int) and isinstance(second, int) and first != second:
        raise ShapeError(f"sizes {first} and {second} do not match")
    return first if isinstance(first, int) or same_size(first, second) else second


@numpy_function("concatenate concat", "arrays", "axis")
def _concatenate(given: Given) -> Any:
    arrays = arrays_of(given, "arrays")
    axis = given.get("axis", 0)
    if axis is None:
        raise ShapeError("`axis=None` is not supported")
    return concatenated(arrays, axis_of(axis, len(arrays[0].shape)), given.spot)


@numpy_function("append", "arr", "values", "axis")
def _append(given: Given) -> Any:
    arrays = [given.array("arr"), given.array("values")]
    if given["axis"] is None:
        arrays = [given.run.call_library("numpy.ravel", [array], {}, given.spot) for array in arrays]
        return concatenated(arrays, 0, given.spot)
    return concatenated(arrays, axis_of(given["axis"], len(arrays[0].shape)), given.spot)


@numpy_function("stack", "arrays", "axis")
def _stack(given: Given) -> Any:
    arrays = arrays_of(given, "arrays")
    axis = axis_of(given.get("axis", 0), len(arrays[0].shape) + 1)
    return concatenated(
        [array.with_shape((*array.shape[:axis], 1, *array.shape[axis:])) for array in arrays], axis, given.spot
    )


@numpy_function("vstack row_stack", "tup")
def _vstack(given: Given) -> Any:
    arrays = [
        array.with_shape((1, *array.shape)) if len(array.shape) < 2 else array for array in arrays_of(given, "tup")
    ]
    return concatenated(
        [array if len(array.shape) > 1 else array.with_shape((1, 1)) for array in arrays], 0, given.spot
    )


@numpy_function("hstack", "tup")
def _hstack(given: Given) -> Any:
    arrays = [array.with_shape((1,)) if not array.shape else array for array in arrays_of(given, "tup")]
    return concatenated(arrays, 0 if len(arrays[0].shape) == 1 else 1, given.spot)


@numpy_function("column_stack", "tup")
def _column_stack(given: Given) -> Any:
    arrays = [
        array.with_shape((*array.shape, 1)) if len(array.shape) == 1 else array for array in arrays_of(given, "tup")
    ]
    if any(len(array.shape) < 2 for array in arrays):
        raise ShapeError("a column must be an array, not a number")
    return concatenated(arrays, 1, given.spot)


@numpy_function("dstack", "tup")
def _dstack(given: Given) -> Any:
    arrays = [given.run.call_library("numpy.atleast_3d", [array], {}, given.spot) for array in arrays_of(given, "tup")]
    return concatenated(arrays, 2, given.spot)


for _name in ("c_", "r_", "s_", "mgrid", "ogrid", "ix_", "index_exp"):
    CONSTANTS[f"numpy.{_name}"] = Unknown(f"`numpy.{_name}` is not supported")


@numpy_function("tile", "A", "reps")
def _tile(given: Given) -> Any:
    array, repeats = given.array("A"), shape_of(given["reps"])
    rank = max(len(array.shape), len(repeats))
    shape = (1,) * (rank - len(array.shape)) + array.shape
    repeats = (1,) * (rank - len(repeats)) + repeats
    return Array((_times(size, count, given) for size, count in zip(shape, repeats)), array.dtype)


@numpy_function("repeat .repeat", "a", "repeats", "axis")
def _repeat(given: Given) -> Any:
    array, repeats = given.array("a"), given["repeats"]
    if given["axis"] is None:
        array = given.run.call_library("numpy.ravel", [array], {}, given.spot)
    axis = axis_of(given.get("axis", 0) or 0, len(array.shape))
    if not isinstance(repeats, int):
        repeats = unknown_size("the number of repeats is unknown", given.spot)
    shape = list(array.shape)
    shape[axis] = _times(shape[axis], repeats, given)
    return Array(shape, array.dtype)


def _times(size: SizeValue, count: SizeValue, given: Given) -> SizeValue:
    if isinstance(size, int) and isinstance(count, int):
        return size * count
    return (
        size
        if count == 1
        else count
        if size == 1
        else unknown_size("the number of repeated elements is unknown", given.spot)
    )


@numpy_function("pad", "array", "pad_width", "mode")
def _pad(given: Given) -> Any:
    array = given.array("array")
    widths = given["pad_width"]
    if isinstance(widths, Array):
        widths = widths.value
    if isinstance(widths, int):
        widths = (widths, widths)
    if not isinstance(widths, (list, tuple)):
        raise ShapeError("the width of the padding is unknown")
    if all(isinstance(width, int) for width in widths):
        widths = [tuple(widths) if len(widths) == 2 else (widths[0], widths[0])] * len(array.shape)
    if len(widths) == 1:
        widths = [*widths] * len(array.shape)
    if len(widths) != len(array.shape) or not all(isinstance(width, (list, tuple)) for width in widths):
        raise ShapeError("the width of the padding does not match the array")
    sizes: list[SizeValue] = []
    for size, width in zip(array.shape, widths):
        before, after = width[0], width[-1]
        if before == 0 and after == 0:
            sizes.append(size)
        elif isinstance(size, int) and isinstance(before, int) and isinstance(after, int):
            sizes.append(size + before + after)
        else:
            sizes.append(unknown_size("the size of a padded axis is unknown", given.spot))
    return Array(sizes, array.dtype)


# Splits and searches --------------------------------------------------------------------------------------------------


@numpy_function("split array_split", "ary", "indices_or_sections", "axis")
def _split(given: Given) -> Any:
    array, parts = given.array("ary"), given["indices_or_sections"]
    axis = axis_of(given.get("axis", 0), len(array.shape))
    size = array.shape[axis]
    if isinstance(parts, Array):
        parts = parts.value
    if isinstance(parts, int) and isinstance(size, int) and 0 < parts <= 1000:
        small, more = divmod(size, parts)
        ends = [at * small + min(at, more) for at in range(parts + 1)]
    elif isinstance(parts, (list, tuple)) and all(isinstance(at, int) for at in parts) and isinstance(size, int):
        ends = [0, *(slice(0, at).indices(size)[1] for at in parts), size]
    elif isinstance(parts, int) and 0 < parts <= 1000:
        part = unknown_size("the size of a part of an array is unknown", given.spot)
        return [Array((*array.shape[:axis], part, *array.shape[axis + 1 :]), array.dtype) for _ in range(parts)]
    else:
        raise ShapeError("the parts of the array are unknown")
    keys = [(*[slice(None)] * axis, slice(start, stop)) for start, stop in pairwise(ends)]
    return [array.item(given.run, key, given.spot) for key in keys]


@numpy_function("unique", "ar", "return_index", "return_inverse", "return_counts", "axis")
def _unique(given: Given) -> Any:
    array = given.array("ar")
    values: Any
    if given["axis"] is not None:
        raise ShapeError("`axis` of `unique` is not supported")
    if array.classes is not None:
        values = Array((array.classes,), array.dtype, flat=list(range(array.classes)), classes=array.classes)
    elif array.flat is not None:
        flat = sorted(set(array.flat))
        values = Array((len(flat),), array.dtype, flat=flat)
    else:
        values = Array((unknown_size("the number of different values is unknown", given.spot),), array.dtype)
    counts = Counter(array.flat) if array.flat is not None and array.classes is None else {}
    more = [
        Array(array.shape, "int64")
        if name == "return_inverse"
        else Array(values.shape, "int64", flat=[counts[value] for value in values.flat])
        if name == "return_counts" and counts
        else Array(values.shape, "int64")
        for name in ("return_index", "return_inverse", "return_counts")
        if given[name]
    ]
    return (values, *more) if more else values


@numpy_function("where", "condition", "x", "y")
def _where(given: Given) -> Any:
    condition = given.array("condition")
    if "x" not in given:
        size = unknown_size("the number of elements that a condition selects is unknown", given.spot)
        if condition.flat is not None:
            size = sum(map(bool, condition.flat))  # type: ignore[assignment]
        return tuple(Array((size,), "int64") for _ in condition.shape)
    first, second = given.array("x"), given.array("y")
    return Array(
        broadcast(condition.shape, first.shape, second.shape), common_dtype(given["x"], given["y"], [first, second])
    )


@numpy_function("nonzero .nonzero", "a")
def _nonzero(given: Given) -> Any:
    array = given.array("a")
    size = unknown_size("the number of elements that are not zero is unknown", given.spot)
    return tuple(Array((size,), "int64") for _ in array.shape)


@numpy_function("delete", "arr", "obj", "axis")
def _delete(given: Given) -> Any:
    array, places = given.array("arr"), given["obj"]
    if given["axis"] is None:
        raise ShapeError("`delete` without an axis is not supported")
    axis = axis_of(given["axis"], len(array.shape))
    size = array.shape[axis]
    listed = (places,) if isinstance(places, int) else places
    left: SizeValue = unknown_size("the number of elements after `delete` is unknown", given.spot)
    if isinstance(size, int) and isinstance(listed, (list, tuple, range)) and all(isinstance(at, int) for at in listed):
        left = size - len({at % size for at in listed if -size <= at < size})
    return Array((*array.shape[:axis], left, *array.shape[axis + 1 :]), array.dtype)


@numpy_function("take .take", "a", "indices", "axis")
def _take(given: Given) -> Any:
    array, places = given.array("a"), given.array("indices")
    if given["axis"] is None:
        return Array(places.shape, array.dtype).scalar(given.spot)
    axis = axis_of(given["axis"], len(array.shape))
    return Array((*array.shape[:axis], *places.shape, *array.shape[axis + 1 :]), array.dtype).scalar(given.spot)


@numpy_function("meshgrid", "x1", "x2", "x3")
def _meshgrid(given: Given) -> Any:
    names = [name for name in ("x1", "x2", "x3") if name in given]
    arrays = [given.array(name) for name in names]
    sizes = [array.attribute(given.run, "size", given.spot) for array in arrays]
    if len(sizes) > 1 and given.get("indexing", "xy") == "xy":
        sizes[:2] = sizes[1::-1]
    return [Array(sizes, array.dtype) for array in arrays]
