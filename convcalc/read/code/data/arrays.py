"""Arrays of known shape: arrays of NumPy, data sets and variables.

The elements of a small array are known if the code states them. The functions and methods of NumPy are in
:mod:`convcalc.read.code.data.numpy_functions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from convcalc.read.code import libraries
from convcalc.read.code.data.array_dtypes import cast, kind_of, of_number, promoted
from convcalc.read.code.data.array_shapes import (
    Picked,
    ShapeError,
    Sizes,
    broadcast,
    count_of,
    offsets,
    select,
    strides_of,
    unknown_size,
)
from convcalc.read.code.language.values import (
    MISSING,
    Native,
    SizeValue,
    Special,
    Spot,
    Unknown,
    UnknownElements,
    UnknownNumber,
)

MAX_CONTENT = 10_000  # convcalc computes the elements of an array with at most this many elements
MAX_LOOP = 1_000  # a loop over an array of unknown content has at most this many rounds
LABELS_PER_CLASS = 200  # a part of the labels contains all classes if it has this many labels per class


class Array(Special):
    """An array of known shape. A size is a number, None (any size), or an unknown value with a name.

    Attributes:
        flat: the elements in order; None if the content is unknown.
        classes: the number of classes of labels, which are 0, 1, …; None for other arrays.
        name: the name of a variable.
    """

    __slots__ = ("classes", "dtype", "flat", "name", "shape")
    has_sizes = True
    keeps_shape = True

    def __init__(
        self,
        shape: Iterable[SizeValue],
        dtype: str = "float64",
        value: Any = None,
        name: str = "",
        classes: int | None = None,
        flat: list[Any] | None = None,
    ) -> None:
        self.shape = tuple(shape)
        self.dtype = dtype
        self.flat = flat if value is None else _flattened(value)
        self.name = name
        self.classes = classes

    @property
    def value(self) -> Any:
        """The content as nested lists; None if it is unknown."""
        if self.flat is None:
            return None
        return _nested(self.flat, [size for size in self.shape if isinstance(size, int)], 0, len(self.flat))

    def with_shape(self, shape: Iterable[SizeValue]) -> Array:
        """Returns an array with the same elements in another shape."""
        return Array(shape, self.dtype, name=self.name, classes=self.classes, flat=self.flat)

    def scalar(self, spot: Spot | None = None) -> Any:
        """Returns the element of an array without axes. Returns any other array unchanged."""
        if self.shape:
            return self
        if self.flat is not None:
            return self.flat[0]
        kind = Unknown if kind_of(self.dtype) == "object" else UnknownNumber
        return kind("the values of an array are unknown", spot)

    def assigned(self, name: str, settings: Mapping[str, Any]) -> None:
        """Names unknown sizes after ``name = array``, such as ``x.shape[1]``, or replaces them by the user's numbers."""
        sizes = list(self.shape)
        for axis, size in enumerate(sizes):
            if isinstance(size, Unknown):
                text = f"{name}.shape[{axis}]"
                last = f"{name}.shape[{axis - len(sizes)}]"
                given = settings.get(text, settings.get(last, settings.get(size.name)))
                if isinstance(given, int):
                    sizes[axis] = given
                elif not size.has_name:
                    sizes[axis] = size.named(text)
        self.shape = tuple(sizes)

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the attribute or method with this name, such as ``shape``."""
        if name == "shape":
            return self.shape
        if name in ("ndim", "rank"):
            return len(self.shape)
        if name == "dtype":
            return self.dtype
        if name == "T":
            return run.call_library("numpy.transpose", [self], {}, spot)
        if name in ("size", "nbytes", "itemsize"):
            return self._number_of(name, spot)
        if name in ("values", "flat", "real"):
            return self
        if name == "name":
            return self.name or MISSING
        method = libraries.find(f"numpy.ndarray.{name}")
        if method is None:
            return MISSING
        return Native(
            name, lambda run, args, kwargs, at: run.call_library(f"numpy.ndarray.{name}", [self, *args], kwargs, at)
        )

    def _number_of(self, name: str, spot: Spot) -> Any:
        total = 1 if name == "itemsize" else count_of(self.shape)
        if total is None:
            return unknown_size("the number of elements of this array is unknown", spot)
        if name == "size":
            return total
        digits = self.dtype.lstrip("abcdefghijklmnopqrstuvwxyz")
        return total * (int(digits) // 8 if digits else 1)

    def set_attribute(self, run: Any, name: str, value: Any, spot: Spot) -> None:
        """Does ``array.shape = …``."""
        if name == "shape":
            result = run.call_library("numpy.reshape", [self, value], {}, spot)
            if isinstance(result, Array):
                self.shape = result.shape

    def operate(self, run: Any, operator: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns the result of an operator: an array, or a number if the array has no axes."""
        return run.array_operator(self, operator, other, reflected, spot)

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns ``array[key]``."""
        parts = key if isinstance(key, tuple) else (key,)
        axis = 0
        resolved: list[Any] = []
        for part in parts:
            resolved.append(_key_part(part, self.shape[axis] if axis < len(self.shape) else 1))
            if isinstance(resolved[-1], str):
                return MISSING
            if isinstance(part, Unknown) and not isinstance(part, UnknownNumber):
                return Unknown(part.reason, part.spot)
            axis += resolved[-1].axes if isinstance(resolved[-1], Picked) else part is not None
        unknown = next((part for part in resolved if isinstance(part, Unknown)), None)
        plain = tuple(0 if isinstance(part, Unknown) else part for part in resolved)
        try:
            has_content = self.flat is not None and unknown is None
            selection = select(self.shape, plain, spot, MAX_CONTENT if has_content else -1)
        except ShapeError as error:
            return Unknown(f"{error}", spot)
        flat = (
            None if self.flat is None or selection.positions is None else [self.flat[at] for at in selection.positions]
        )
        return Array(selection.shape, self.dtype, classes=self.classes_of(selection.shape), flat=flat).scalar(spot)

    def classes_of(self, shape: Sizes) -> int | None:
        """Returns the number of classes in a part of the labels; None if the part is too small to contain all classes."""
        if self.classes is None or (shape and shape[0] is self.shape[0]) or shape == self.shape:
            return self.classes
        count = count_of(shape)
        return self.classes if count is not None and count >= LABELS_PER_CLASS * self.classes else None

    def set_item(self, run: Any, key: Any, value: Any, spot: Spot) -> None:
        """Does ``array[key] = value``. If the new elements or their positions are unknown, all elements become unknown."""
        self.classes = None
        if self.flat is None:
            return
        try:
            parts = key if isinstance(key, tuple) else (key,)
            if not all(isinstance(part, (int, slice)) or part is Ellipsis for part in parts) or run.doubt is not None:
                raise ValueError
            selection = select(self.shape, parts, spot, MAX_CONTENT)
            new = as_array(value)
            if selection.positions is None or new is None or new.flat is None:
                raise ValueError
            filled = expanded(new, selection.shape)
            for position, element in zip(selection.positions, filled):
                self.flat[position] = cast(element, self.dtype)
        except ValueError:
            self.flat = None

    def elements(self, run: Any, spot: Spot) -> Any:
        """Returns ``array[0]``, ``array[1]`` and so on. A loop over a large array of unknown content is not supported."""
        size = self.shape[0] if self.shape else None
        if isinstance(size, Unknown):
            return size
        if not isinstance(size, int):
            return run.unknown("the first axis of this array is unknown", spot)
        if size > (MAX_CONTENT if self.flat is not None else MAX_LOOP):
            return UnknownElements("a loop over data is not supported", spot, self.item(run, 0, spot))
        return [self.item(run, at, spot) for at in range(size)]

    def length(self) -> Any:
        """Returns the size of the first axis."""
        size = self.shape[0] if self.shape else MISSING
        return unknown_size("the number of elements is unknown") if size is None else size

    def truth(self) -> Any:
        """Returns the truth value of an array with one known element. It is unknown for other arrays."""
        if self.flat is not None and len(self.flat) == 1:
            return bool(self.flat[0])
        return Unknown("the values of an array are unknown")

    def type_path(self) -> str:
        """Returns the dotted name of NumPy's array class, ``numpy.ndarray``."""
        return "numpy.ndarray"


def _key_part(part: Any, size: SizeValue) -> Any:
    """Returns a part of a subscript in the form that :func:`select` expects. Returns a text for a part that is not
    followed.
    """
    if part is None or part is Ellipsis or isinstance(part, (int, slice, UnknownNumber)):
        return part
    array = as_array(part)
    if array is None:
        return "?"
    if array.dtype == "bool":
        if array.flat is not None:
            positions = [at for at, element in enumerate(array.flat) if element]
            return Picked((len(positions),), positions, len(array.shape))
        return Picked((unknown_size("the number of elements that a mask selects is unknown"),), None, len(array.shape))
    if array.flat is None or not isinstance(size, int):
        return Picked(array.shape, None)
    places = [at + size if at < 0 else at for at in array.flat]
    return Picked(array.shape, places) if all(0 <= at < size for at in places) else "?"


# Content --------------------------------------------------------------------------------------------------------------


def _flattened(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [element for part in value for element in _flattened(part)]
    return [value]


def _nested(flat: list[Any], sizes: list[int], start: int, stop: int) -> Any:
    if not sizes:
        return flat[start]
    step = (stop - start) // sizes[0] if sizes[0] else 0
    return [
        _nested(flat, sizes[1:], start + at * step, start + (at + 1) * step) if sizes[1:] else flat[start + at]
        for at in range(sizes[0])
    ]


def as_array(value: Any, known: dict[int, Array | None] | None = None) -> Array | None:
    """Returns a number, a list of numbers, an array or a variable as an array; None for other values.

    ``known`` caches the arrays of lists, because a list may contain the same inner list many times.
    """
    if isinstance(value, Array):
        return value
    if isinstance(value, (bool, int, float, complex, str)):
        return Array((), of_number(value), flat=[value])
    if hasattr(value, "array"):
        result = value.array()
        return result if isinstance(result, Array) else None
    if isinstance(value, range):
        return Array((len(value),), "int64", flat=list(value) if len(value) <= MAX_CONTENT else None)
    if isinstance(value, (list, tuple)):
        known = {} if known is None else known
        if id(value) not in known:
            known[id(value)] = _stacked_array(value, known)
        return known[id(value)]
    if isinstance(value, UnknownNumber):
        return Array((), "int64")
    return None


def _stacked_array(values: Sequence[Any], known: dict[int, Array | None]) -> Array | None:
    if len(values) > MAX_CONTENT:
        return _long_array(values)
    parts = [as_array(value, known) for value in values]
    if not parts:
        return Array((0,), "float64", flat=[])
    first = parts[0]
    if first is None or any(part is None or len(part.shape) != len(first.shape) for part in parts):
        return None
    arrays = [part for part in parts if part is not None]
    shape = first.shape
    if any(not _matches(shape, part.shape) for part in arrays):
        return None
    dtype = first.dtype
    for part in arrays[1:]:
        text = "str" in (dtype, part.dtype) and "object" not in (dtype, part.dtype)
        dtype = "str" if text else promoted(dtype, part.dtype)
    flat = None
    if all(part.flat is not None for part in arrays) and (count_of(shape) or 0) * len(arrays) <= MAX_CONTENT:
        flat = [cast(element, dtype) for part in arrays for element in part.flat or ()]
    return Array((len(arrays), *shape), dtype, flat=flat)


def _long_array(values: Sequence[Any]) -> Array | None:
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and kinds <= {bool, int, float}:
        return Array((len(values),), of_number(values[0]))
    return None


def _matches(first: Sizes, second: Sizes) -> bool:
    return all(
        size == other or isinstance(size, Unknown) or isinstance(other, Unknown) for size, other in zip(first, second)
    )


def expanded(array: Array, shape: Sizes) -> list[Any]:
    """Returns the elements of an array after a broadcast to ``shape``. Raises ShapeError if the array cannot be
    broadcast.
    """
    if broadcast(array.shape, shape) != shape or array.flat is None:
        raise ShapeError("the shapes do not match")
    if array.shape == shape:
        return array.flat
    rank = len(shape)
    sizes = [1] * (rank - len(array.shape)) + [size for size in array.shape if isinstance(size, int)]
    strides = strides_of(sizes)
    groups = [
        [0] * size if sizes[axis] == 1 else [at * strides[axis] for at in range(size)]
        for axis, size in enumerate(shape)
        if isinstance(size, int)
    ]
    return [array.flat[at] for at in offsets(groups)]
