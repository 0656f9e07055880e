"""Streams of data, such as ``tf.data.Dataset`` and the generators of Keras: the shapes of one element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convcalc.read.code.data.array_dtypes import dtype_of
from convcalc.read.code.data.array_shapes import ShapeError, unknown_size
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.data.numpy_arguments import shape_of
from convcalc.read.code.language.values import (
    MISSING,
    Native,
    Raised,
    SizeValue,
    Special,
    Spot,
    Unknown,
    UnknownElements,
    UnknownNumber,
)
from convcalc.read.code.libraries import function

_REASON = "a loop over data is not supported"


class Stream(Special):
    """A stream of data whose elements have one structure.

    Attributes:
        element: an array, or a tuple or dict of arrays. A batch axis has the size None.
        is_single: True if there is exactly one element, as after ``take(1)``.
        details: further attributes, such as ``class_names``.
    """

    __slots__ = ("details", "element", "is_single", "path")

    def __init__(
        self,
        element: Any,
        path: str = "tensorflow.data.Dataset",
        details: Mapping[str, Any] | None = None,
        is_single: bool = False,
    ) -> None:
        self.element = element
        self.path = path
        self.details = dict(details or {})
        self.is_single = is_single

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the method with this name, or a detail such as ``class_names``."""
        if name in self.details:
            value = self.details[name]
            return value.named("") if isinstance(value, Unknown) else value
        if name in ("__next__", "next", "get_next"):
            return Native(name, lambda run, args, kwargs, at: self.element)
        if name == "element_spec":
            return self.element
        if name in ("cardinality", "__len__"):
            return Native(name, lambda run, args, kwargs, at: unknown_size("the number of batches is unknown", at))
        method = _METHODS.get(name)
        if method is None:
            return MISSING
        return Native(name, lambda run, args, kwargs, at: method(run, self, args, kwargs, at))

    def set_attribute(self, run: Any, name: str, value: Any, spot: Spot) -> None:
        """Sets an attribute."""
        self.details[name] = value

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns ``generator[key]``: one batch."""
        return self.element if isinstance(key, (int, UnknownNumber)) else MISSING

    def elements(self, run: Any, spot: Spot) -> Any:
        """Returns the only element. If there may be several, their number is unknown."""
        return [self.element] if self.is_single else UnknownElements(_REASON, spot, self.element)

    def length(self) -> Any:
        """Returns an unknown number of batches."""
        return unknown_size("the number of batches is unknown")

    def truth(self) -> Any:
        """Returns True: every stream is true in a test."""
        return True

    def type_path(self) -> str:
        """Returns the path of the stream's class, such as ``tensorflow.data.Dataset``."""
        return self.path

    def derived(self, element: Any, is_single: bool = False) -> Stream:
        """Returns a stream with other elements."""
        return Stream(element, is_single=is_single)


def changed(element: Any, change: Callable[[Array], Array]) -> Any:
    """Returns the tuple, dict or array with ``change`` applied to each array. Raises ShapeError for other values."""
    if isinstance(element, (list, tuple)):
        return tuple(changed(part, change) for part in element)
    if isinstance(element, dict):
        return {key: changed(part, change) for key, part in element.items()}
    array = as_array(element)
    if array is None:
        raise ShapeError(element.reason if isinstance(element, Unknown) else "the shape of the data is unknown")
    return change(array)


def attempt(make: Callable[[], Any], spot: Spot) -> Any:
    """Returns the result of ``make``. Returns an unknown value if it raises ShapeError."""
    try:
        return make()
    except ShapeError as error:
        return Unknown(str(error), spot)


def _part(array: Array) -> Array:
    if not array.shape:
        raise ShapeError("a number cannot be split into parts")
    return Array(array.shape[1:], array.dtype)


def batched(array: Array, size: SizeValue = None) -> Array:
    """Returns an array with a batch axis."""
    return Array((size, *array.shape), array.dtype)


# Methods --------------------------------------------------------------------------------------------------------------


def _same(run: Any, stream: Stream, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Stream(stream.element, stream.path)


def _take(run: Any, stream: Stream, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    count = args[0] if args else kwargs.get("count")
    return stream.derived(stream.element, is_single=count == 1)


def _batch(run: Any, stream: Stream, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("batch_size", "drop_remainder"), args)), **kwargs}
    size = given.get("batch_size") if given.get("drop_remainder") is True else None
    return attempt(lambda: stream.derived(changed(stream.element, lambda array: batched(array, size))), spot)


def _padded_batch(run: Any, stream: Stream, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Unknown("`padded_batch` is not supported", spot)


def _unbatch(run: Any, stream: Stream, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return attempt(lambda: stream.derived(changed(stream.element, _part)), spot)


def _map(run: Any, stream: Stream, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    target = args[0] if args else kwargs.get("map_func")
    parts = list(stream.element) if isinstance(stream.element, tuple) else [stream.element]
    try:
        result = run.call(target, parts, {}, spot)
    except Raised as raised:
        text = f"the function of `map` raises {raised.class_name}: {run.message_of(raised)}"
        return Unknown(text, raised.spot or spot)
    element = tuple(result) if isinstance(result, list) else result
    return Unknown(element.reason, element.spot) if isinstance(element, Unknown) else stream.derived(element)


def _apply(run: Any, stream: Stream, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.call(args[0], [stream], {}, spot)


def _enumerated(run: Any, stream: Stream, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return stream.derived((Array((), "int64"), stream.element))


_METHODS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(
        ("skip", "cache", "shuffle", "prefetch", "repeat", "shard", "filter", "with_options", "concatenate", "snapshot",
         "as_numpy_iterator", "ignore_errors", "take_while", "make_one_shot_iterator", "rebatch"), _same),
    "take": _take, "batch": _batch, "padded_batch": _padded_batch, "unbatch": _unbatch, "map": _map, "apply": _apply,
    "enumerate": _enumerated,
}  # fmt: skip


# tf.data --------------------------------------------------------------------------------------------------------------


@function("tensorflow.data.Dataset.from_tensor_slices")
def _from_slices(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    tensors = _tensors(args[0] if args else kwargs["tensors"])
    return attempt(lambda: Stream(changed(tensors, _part)), spot)


@function("tensorflow.data.Dataset.from_tensors")
def _from_tensors(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    tensors = _tensors(args[0] if args else kwargs["tensors"])
    return attempt(lambda: Stream(changed(tensors, lambda array: array), is_single=True), spot)


def _tensors(value: Any) -> Any:
    """Returns a structure of tuples and dicts with its lists as arrays: a list of numbers is one tensor."""
    if isinstance(value, tuple):
        return tuple(map(_tensors, value))
    if isinstance(value, dict):
        return {key: _tensors(part) for key, part in value.items()}
    return (as_array(value) or value) if isinstance(value, list) else value


@function("tensorflow.data.Dataset.range")
def _range(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Stream(Array((), "int64"))


@function("tensorflow.data.Dataset.zip")
def _zip(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    parts = args[0] if len(args) == 1 else tuple(args) or kwargs.get("datasets")
    if isinstance(parts, Stream):
        parts = (parts,)
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, Stream) for part in parts):
        return run.unknown("the parts of this data set are unknown", spot)
    return Stream(tuple(part.element for part in parts))


@function("tensorflow.data.Dataset.from_generator")
def _from_generator(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("generator", "output_types", "output_shapes", "args", "output_signature"), args)), **kwargs}
    if given.get("output_signature") is not None:
        return attempt(lambda: Stream(changed(given["output_signature"], lambda array: array)), spot)
    return attempt(lambda: Stream(_from_types(given.get("output_types"), given.get("output_shapes"))), spot)


def _from_types(types: Any, shapes: Any) -> Any:
    if isinstance(types, tuple) and isinstance(shapes, tuple) and len(types) == len(shapes):
        return tuple(map(_from_types, types, shapes))
    return Array(shape_of(shapes), dtype_of(types, "float32"))


@function("tensorflow.TensorSpec", "keras.KerasTensorSpec")
def _spec(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("shape", "dtype"), args)), **kwargs}
    return attempt(lambda: Array(shape_of(given.get("shape")), dtype_of(given.get("dtype"), "float32")), spot)


@function("tensorflow.data.TextLineDataset", "tensorflow.data.TFRecordDataset", "tensorflow.data.Dataset.list_files")
def _lines(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return Stream(Array((), "str"))


@function("keras.utils.timeseries_dataset_from_array", "keras.preprocessing.timeseries_dataset_from_array")
def _timeseries(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("data", "targets", "sequence_length"), args)), **kwargs}
    length = given.get("sequence_length")

    def make() -> Stream:
        data = as_array(given["data"])
        if data is None:
            raise ShapeError("the shape of the data is unknown")
        inputs = Array((None, None if isinstance(length, Unknown) else length, *data.shape[1:]), data.dtype)
        if given.get("targets") is None:
            return Stream(inputs)
        return Stream((inputs, changed(given["targets"], lambda array: batched(_part(array)))))

    return attempt(make, spot)
