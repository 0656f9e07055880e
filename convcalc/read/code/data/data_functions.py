"""Functions that prepare data: ``to_categorical``, ``pad_sequences``, pictures and the tokenizer of Keras 2."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.data import data_pipelines, picture_folders, text_functions
from convcalc.read.code.data.array_dtypes import as_mean, dtype_of
from convcalc.read.code.data.array_shapes import ShapeError, unknown_size
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.data.numpy_arguments import Given, numpy_function
from convcalc.read.code.language.values import LibraryObject, SizeValue, Spot, Unknown, UnknownNumber
from convcalc.read.code.libraries import function


@numpy_function("keras.utils.to_categorical", "y", "num_classes", "dtype")
def _to_categorical(given: Given) -> Any:
    """Returns the one-hot form of labels: (60000,) or (60000, 1) → (60000, classes)."""
    array = given.array("y")
    shape = array.shape[:-1] if len(array.shape) > 1 and array.shape[-1] == 1 else array.shape
    classes: SizeValue = given.get("num_classes", given["nb_classes"])
    if classes is None:
        classes = array.classes
    if classes is None and array.flat:
        classes = int(max(array.flat)) + 1
    if classes is None:
        classes = unknown_size("the number of classes is unknown, because the labels are unknown", given.spot)
    if isinstance(classes, Unknown):
        classes = UnknownNumber(classes.reason, classes.spot, classes.name)
    elif not isinstance(classes, int):
        raise ShapeError("the number of classes is not a number")
    return Array((*shape, classes), given.dtype("float64"))


@function("keras.utils.get_custom_objects", "keras.saving.get_custom_objects")
def _get_custom_objects(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return run.custom_objects


@function(
    *(
        f"keras.{module}.{name}"
        for module in ("utils", "saving")
        for name in ("custom_object_scope", "CustomObjectScope")
    )
)
def _custom_object_scope(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    for objects in [*args, *kwargs.values()]:
        if isinstance(objects, dict):
            run.custom_objects.update(objects)
    return LibraryObject("keras.utils.custom_object_scope", tuple(args), kwargs)


@function("keras.utils.pad_sequences")
def _pad_sequences(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("sequences", "maxlen", "dtype"), args)), **kwargs}
    count = run.length(given["sequences"], spot)
    if not isinstance(count, int):
        count = unknown_size("the number of sequences is unknown", spot)
    longest = given.get("maxlen")
    if longest is None:
        longest = _longest(run, given["sequences"], spot)
    if isinstance(longest, Unknown):
        longest = UnknownNumber(longest.reason, longest.spot, longest.name)
    return Array((count, longest), dtype_of(given.get("dtype"), "int32"))


def _longest(run: Any, sequences: Any, spot: Spot) -> SizeValue:
    if isinstance(sequences, list):
        lengths = [run.length(sequence, spot) for sequence in sequences]
        if lengths and all(isinstance(length, int) for length in lengths):
            return int(max(lengths))
    return unknown_size("the length of the longest sequence is unknown", spot)


@numpy_function("keras.utils.normalize", "x", "axis", "order")
def _normalize(given: Given) -> Any:
    array = given.array("x")
    return Array(array.shape, as_mean(array.dtype))


# Pictures -------------------------------------------------------------------------------------------------------------


@function("keras.utils.load_img", "keras.preprocessing.image.load_img", "keras.preprocessing.load_img")
def _load_img(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("path", "color_mode", "target_size"), args)), **kwargs}
    size = given.get("target_size")
    channels = picture_folders.channels_of(given.get("color_mode", "rgb"))
    if given.get("grayscale") is True:
        channels = 1
    if isinstance(size, int):
        size = (size, size)
    if not isinstance(size, (list, tuple)) or len(size) != 2:
        size = (
            unknown_size("the height of the picture is unknown", spot),
            unknown_size("the width of the picture is unknown", spot),
        )
    return Array((*size, channels), "uint8")


_TO_ARRAY = "keras.utils.img_to_array keras.preprocessing.image.img_to_array keras.preprocessing.img_to_array"


@numpy_function(_TO_ARRAY, "img", "data_format", "dtype")
def _img_to_array(given: Given) -> Any:
    array = given.array("img")
    shape = array.shape if len(array.shape) == 3 else (*array.shape, 1)
    order = given["data_format"] or given.run.data_format
    if order == "channels_first":
        shape = (shape[2], *shape[:2])
    return Array(shape, given.dtype("float32"))


@numpy_function("keras.preprocessing.image.smart_resize", "x", "size")
def _smart_resize(given: Given) -> Any:
    array, size = given.array("x"), given.shape("size")
    return Array((*array.shape[:-3], *size, array.shape[-1]), array.dtype)


__all__ = ["data_pipelines", "text_functions"]
