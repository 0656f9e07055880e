"""The data sets of TensorFlow Datasets whose shapes are fixed: the shapes of one example and the number of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.read.code.data.array_shapes import unknown_size
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.data.data_pipelines import Stream, batched, changed
from convcalc.read.code.language.values import MISSING, Special, Spot, Unknown
from convcalc.read.code.libraries import function

# The shape of an image (None: the images differ) and the number of classes.
_IMAGES: dict[str, tuple[tuple[int | None, ...], int]] = {
    "mnist": ((28, 28, 1), 10),
    "fashion_mnist": ((28, 28, 1), 10),
    "kmnist": ((28, 28, 1), 10),
    "cifar10": ((32, 32, 3), 10),
    "svhn_cropped": ((32, 32, 3), 10),
    "stl10": ((96, 96, 3), 10),
    "horses_or_humans": ((300, 300, 3), 2),
    "rock_paper_scissors": ((300, 300, 3), 3),
    "beans": ((500, 500, 3), 3),
    "tf_flowers": ((None, None, 3), 5),
    "cats_vs_dogs": ((None, None, 3), 2),
    "malaria": ((None, None, 3), 2),
    "food101": ((None, None, 3), 101),
}
_PARAMETERS = ("name", "split", "data_dir", "batch_size", "shuffle_files", "download", "as_supervised")


class Info(Special):
    """A part of the description of a data set: its attributes and items."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns a part, or MISSING."""
        return self.values.get(name, MISSING)

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns a part, or an unknown value."""
        missing = Unknown("this part of the description of the data set is not supported", spot)
        return self.values.get(key, missing) if isinstance(key, str) else missing

    def truth(self) -> Any:
        """A description is a true value."""
        return True


@function("tensorflow_datasets.load")
def _load(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = {**dict(zip(_PARAMETERS, args)), **kwargs}
    name = given.get("name")
    key = name.partition(":")[0] if isinstance(name, str) else ""
    size = given.get("batch_size")
    if key not in _IMAGES or given.get("decoders") is not None or size == -1 or isinstance(size, Unknown):
        return Unknown("`tensorflow_datasets.load()` reads data, which is not part of the code", spot)
    shape, classes = _IMAGES[key]
    image, label = Array(shape, "uint8"), Array((), "int64", classes=classes)
    element: Any = (image, label) if given.get("as_supervised") is True else {"image": image, "label": label}
    if size is not None:
        element = changed(element, batched)

    def stream(split: Any) -> Any:
        return [stream(part) for part in split] if isinstance(split, (list, tuple)) else Stream(element)

    split = given.get("split")
    if split is None:
        data: Any = {"train": stream(""), "test": stream("")}
    elif isinstance(split, Unknown):
        return Unknown(split.reason, split.spot)
    else:
        data = stream(split)
    if given.get("with_info") is not True:
        return data
    features = Info({"image": Info({"shape": shape}), "label": Info({"num_classes": classes})})
    count = Info({"num_examples": unknown_size("the number of examples is unknown", spot)})
    info = {"features": features, "splits": Info(dict.fromkeys(("train", "test", "validation"), count)), "name": name}
    return data, Info(info)
