"""The data sets of Keras: their shapes, dtypes and numbers of classes."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.data.array_shapes import unknown_size
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.language.values import SizeValue, Spot, Unknown
from convcalc.read.code.libraries import function

Split = tuple[Array, Array]


def _images(count: int, shape: tuple[int, ...], labels: tuple[int, ...], classes: int, dtype: str = "uint8") -> Split:
    return Array((count, *shape), "uint8"), Array((count, *labels), dtype, classes=classes)


def _given(args: list[Any], kwargs: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {**dict(zip(names, args)), **kwargs}


@function("keras.datasets.mnist.load_data", "keras.datasets.fashion_mnist.load_data")
def _mnist(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _images(60000, (28, 28), (), 10), _images(10000, (28, 28), (), 10)


@function("keras.datasets.cifar10.load_data")
def _cifar10(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _images(50000, (32, 32, 3), (1,), 10), _images(10000, (32, 32, 3), (1,), 10)


@function("keras.datasets.cifar100.load_data")
def _cifar100(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    mode = _given(args, kwargs, ("label_mode",)).get("label_mode", "fine")
    if isinstance(mode, Unknown):
        return Unknown(mode.reason, mode.spot)
    classes = 20 if mode == "coarse" else 100
    return (
        _images(50000, (32, 32, 3), (1,), classes, "int64"),
        _images(10000, (32, 32, 3), (1,), classes, "int64"),
    )


_TEXTS = ("path", "num_words", "skip_top", "maxlen")


@function("keras.datasets.imdb.load_data")
def _imdb(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given(args, kwargs, _TEXTS)
    counts: tuple[SizeValue, SizeValue] = (25000, 25000)
    if given.get("maxlen") is not None:
        counts = _filtered(spot)
    return tuple((Array((count,), "object"), Array((count,), "int64", classes=2)) for count in counts)


@function("keras.datasets.reuters.load_data")
def _reuters(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given(args, kwargs, (*_TEXTS, "test_split"))
    if given.get("maxlen") is not None:
        train, test = _filtered(spot)
    else:
        train, test = _split(11228, given.get("test_split", 0.2), spot)
    classes = 46 if (train, test) == (8982, 2246) else None
    return tuple((Array((count,), "object"), Array((count,), "int64", classes=classes)) for count in (train, test))


def _filtered(spot: Spot) -> tuple[SizeValue, SizeValue]:
    return (
        unknown_size("the number of texts of at most `maxlen` words is unknown", spot),
        unknown_size("the number of test texts of at most `maxlen` words is unknown", spot),
    )


def _split(count: int, part: Any, spot: Spot) -> tuple[SizeValue, SizeValue]:
    """Splits ``count`` samples. Returns the numbers of training and test samples."""
    if not isinstance(part, (int, float)) or not 0 <= part < 1:
        return unknown_size("the size of the training data is unknown", spot), unknown_size(
            "the size of the test data is unknown", spot
        )
    train = int(count * (1 - part))
    return train, count - train


def _numbers(count: int, features: int, dtype: str, part: Any, spot: Spot) -> Any:
    return tuple((Array((size, features), dtype), Array((size,), dtype)) for size in _split(count, part, spot))


@function("keras.datasets.boston_housing.load_data")
def _boston(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    return _numbers(506, 13, "float64", _given(args, kwargs, ("path", "test_split")).get("test_split", 0.2), spot)


@function("keras.datasets.california_housing.load_data")
def _california(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    given = _given(args, kwargs, ("version", "path", "test_split"))
    version = given.get("version", "large")
    if version not in ("large", "small"):
        return run.unknown("this version of the data set is not known", spot)
    return _numbers(600 if version == "small" else 20640, 8, "float32", given.get("test_split", 0.2), spot)
