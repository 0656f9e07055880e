"""Pictures and texts in folders: ``image_dataset_from_directory`` and ``ImageDataGenerator``."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.data.array_shapes import ShapeError, unknown_size
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.data.data_pipelines import Stream, attempt, batched, changed
from convcalc.read.code.data.public_files import classes_of
from convcalc.read.code.language.values import MISSING, Native, SizeValue, Special, Spot, Unknown
from convcalc.read.code.libraries import function

_FOLDERS = "the folders of the data are not read"


def channels_of(color_mode: Any) -> SizeValue:
    """Returns the number of channels of a ``color_mode``: "rgb" → 3."""
    if isinstance(color_mode, Unknown):
        return unknown_size(color_mode.reason, color_mode.spot)
    return {"grayscale": 1, "rgba": 4}.get(color_mode, 3)


def _classes(names: Any, spot: Spot) -> SizeValue:
    return (
        len(names)
        if isinstance(names, (list, tuple))
        else unknown_size(f"the number of classes is unknown: {_FOLDERS}", spot)
    )


def _labels(mode: Any, names: Any, spot: Spot, integer: str) -> Array | None:
    """Returns the labels of one batch. None if the data set has no labels."""
    if mode == "categorical":
        return Array((None, _classes(names, spot)), "float32")
    if mode == "binary":
        return Array((None, 1) if integer == "int32" else (None,), "float32")
    return None if mode is None else Array((None,), integer)


def _names(names: Any, spot: Spot) -> Any:
    return (
        list(names)
        if isinstance(names, (list, tuple))
        else Unknown(f"the names of the classes are unknown: {_FOLDERS}", spot)
    )


_PARAMETERS = ("directory", "labels", "label_mode", "class_names", "color_mode", "batch_size", "image_size")


@function("keras.utils.image_dataset_from_directory", "keras.preprocessing.image.image_dataset_from_directory")
def _image_dataset(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _with_classes(run, {**dict(zip(_PARAMETERS, args)), **kwargs})
    size = given.get("image_size", (256, 256))
    if not isinstance(size, (list, tuple)) or len(size) != 2:
        return run.unknown("the size of the images is unknown", spot)
    shape = (*size, channels_of(given.get("color_mode", "rgb")))
    if (given.get("data_format") or run.data_format) == "channels_first":
        shape = (shape[2], *size)
    return _from_folder(Array((None, *shape), "float32"), given, spot)


@function("keras.utils.text_dataset_from_directory", "keras.preprocessing.text.text_dataset_from_directory")
def _text_dataset(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    parameters = ("directory", "labels", "label_mode", "class_names", "batch_size")
    given = _with_classes(run, {**dict(zip(parameters, args)), **kwargs})
    return _from_folder(Array((None,), "str"), given, spot)


@function("keras.utils.audio_dataset_from_directory")
def _audio_dataset(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    parameters = ("directory", "labels", "label_mode", "class_names", "batch_size", "sampling_rate")
    given = _with_classes(run, {**dict(zip((*parameters, "output_sequence_length", "ragged"), args)), **kwargs})
    length = given.get("output_sequence_length")
    if given.get("ragged") or isinstance(length, Unknown):
        return run.unknown("the length of these sounds is unknown", spot)
    return _from_folder(Array((None, length, None), "float32"), given, spot)


def _with_classes(run: Any, given: dict[str, Any], parameter: str = "class_names") -> dict[str, Any]:
    """Returns the arguments with the names of the classes, if the folder is known."""
    names = classes_of(run, given.get("directory")) if given.get(parameter) is None else None
    return given if names is None else {**given, parameter: names}


def _from_folder(inputs: Array, given: dict[str, Any], spot: Spot) -> Any:
    mode = None if given.get("labels", "inferred") is None else given.get("label_mode", "int")
    if isinstance(mode, Unknown):
        return Unknown(mode.reason, mode.spot)
    labels = _labels(mode, given.get("class_names"), spot, "int32")
    element: Any = inputs if labels is None else (inputs, labels)
    if "batch_size" in given and given["batch_size"] is None:
        element = changed(element, lambda array: Array(array.shape[1:], array.dtype))
    details = {"class_names": _names(given.get("class_names"), spot), "file_paths": Unknown(_FOLDERS, spot)}
    streams = [Stream(element, details=details) for _ in range(2)]
    return tuple(streams) if given.get("subset") == "both" else streams[0]


# ImageDataGenerator ---------------------------------------------------------------------------------------------------


class PictureSource(Special):
    """An ``ImageDataGenerator``."""

    __slots__ = ()

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the method with this name."""
        if name in ("flow_from_directory", "flow_from_dataframe"):
            parameters = _FLOW if name == "flow_from_directory" else _FRAME_FLOW
            return Native(
                name,
                lambda run, args, kwargs, at: _flow_from_folder(
                    run, _with_classes(run, {**dict(zip(parameters, args)), **kwargs}, "classes"), at
                ),
            )
        if name == "flow":
            return Native(name, _flow)
        if name == "fit":
            return Native(name, lambda run, args, kwargs, at: None)
        if name in ("standardize", "random_transform", "apply_transform"):
            return Native(name, lambda run, args, kwargs, at: args[0])
        return MISSING

    def truth(self) -> Any:
        """Returns True: an ImageDataGenerator is true in a test."""
        return True


_FLOW = ("directory", "target_size", "color_mode", "classes", "class_mode", "batch_size")
_FRAME_FLOW = (
    "dataframe",
    "directory",
    "x_col",
    "y_col",
    "weight_col",
    "target_size",
    "color_mode",
    "classes",
    "class_mode",
    "batch_size",
)


@function("keras.preprocessing.image.ImageDataGenerator", "keras.layers.ImageDataGenerator")
def _generator(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return PictureSource()


def _flow_from_folder(run: Any, given: dict[str, Any], spot: Spot) -> Any:
    size = given.get("target_size", (256, 256))
    mode = given.get("class_mode", "categorical")
    if not isinstance(size, (list, tuple)) or len(size) != 2 or isinstance(mode, Unknown):
        return run.unknown("the size of the images is unknown", spot)
    shape = (*size, channels_of(given.get("color_mode", "rgb")))
    if run.data_format == "channels_first":
        shape = (shape[2], *size)
    inputs = Array((None, *shape), "float32")
    if mode in ("raw", "other", "multi_output"):
        return run.unknown("the labels of this generator are not supported", spot)
    labels = inputs if mode == "input" else _labels(mode, given.get("classes"), spot, "float32")
    names = _names(given.get("classes"), spot)
    details = {
        "image_shape": shape,
        "target_size": tuple(size),
        "batch_size": given.get("batch_size", 32),
        "color_mode": given.get("color_mode", "rgb"),
        "class_mode": mode,
        "num_classes": _classes(given.get("classes"), spot),
        "class_indices": Unknown(f"the names of the classes are unknown: {_FOLDERS}", spot)
        if isinstance(names, Unknown)
        else {name: number for number, name in enumerate(names)},
        **dict.fromkeys(("samples", "n"), unknown_size(f"the number of images is unknown: {_FOLDERS}", spot)),
        **dict.fromkeys(("filenames", "classes", "labels", "filepaths"), Unknown(_FOLDERS, spot)),
        "reset": Native("reset", lambda run, args, kwargs, at: None),
    }
    return Stream(inputs if labels is None else (inputs, labels), "keras.preprocessing.image.Iterator", details)


def _flow(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(("x", "y", "batch_size"), args)), **kwargs}

    def part(value: Any, dtype: str | None) -> Array:
        array = as_array(value)
        if array is None or not array.shape:
            raise ShapeError(value.reason if isinstance(value, Unknown) else "the shape of the data is unknown")
        return batched(Array(array.shape[1:], dtype or array.dtype))

    def make() -> Stream:
        inputs = part(given["x"], "float32")
        element = inputs if given.get("y") is None else (inputs, part(given["y"], None))
        return Stream(element, "keras.preprocessing.image.Iterator", {"batch_size": given.get("batch_size", 32)})

    return attempt(make, spot)
