"""Arrays that a program saves to a file and loads again, with ``np.save`` and ``np.load``."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.data.public_files import text_of_path
from convcalc.read.code.language.values import MISSING, Special, Spot, Unknown
from convcalc.read.code.libraries import function


class Archive(Special):
    """An ``.npz`` file with several arrays."""

    __slots__ = ("arrays",)

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.arrays = dict(arrays)

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns one array."""
        return self.arrays.get(key, MISSING) if isinstance(key, str) else MISSING

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the names of the arrays."""
        return list(self.arrays) if name == "files" else MISSING

    def truth(self) -> Any:
        """An archive is a true value."""
        return True


def _path(value: Any, ending: str) -> str:
    text = text_of_path(value)
    return posixpath.normpath(text if text.endswith(ending) else text + ending) if text else ""


def _keep(run: Any, path: str, value: Any) -> None:
    """Notes what a program saves. Under an unknown test, whether it saves is unknown."""
    if path:
        run.saved_arrays[path] = value if run.doubt is None else Unknown(run.doubt.reason, run.doubt.spot)


@function("numpy.save")
def _save(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    given = {**dict(zip(("file", "arr"), args)), **kwargs}
    array = as_array(given.get("arr"))
    _keep(run, _path(given.get("file"), ".npy"), array or Unknown("the array that is saved is unknown", spot))


@function("numpy.savez", "numpy.savez_compressed")
def _save_several(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> None:
    values = {**{f"arr_{number}": value for number, value in enumerate(args[1:])}, **kwargs}
    arrays = {name: array for name, value in values.items() if (array := as_array(value)) is not None}
    _keep(run, _path(args[0] if args else None, ".npz"), Archive(arrays))


@function("numpy.load")
def _load(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    text = text_of_path(args[0] if args else kwargs.get("file"))
    value = run.saved_arrays.get(posixpath.normpath(text)) if text else None
    if value is None:
        return Unknown("`numpy.load()` reads data, which is not part of the code", spot)
    return value.with_shape(value.shape) if isinstance(value, Array) else value
