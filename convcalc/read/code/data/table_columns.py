"""The columns of tables of pandas, and the methods that only they have."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.data.array_shapes import ShapeError
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.data.numpy_arguments import Given, numpy_function
from convcalc.read.code.language.values import Native, Spot


class Column(Array):
    """A column whose different values are known. ``values`` has each of them once; their places are unknown."""

    __slots__ = ("values",)

    def __init__(self, shape: Any, values: tuple[Any, ...]) -> None:
        super().__init__(shape, "object" if any(isinstance(value, str) for value in values) else "float64")
        self.values = values

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the attribute or method with this name."""
        if name in ("unique", "nunique", "map"):
            return Native(name, lambda run, args, kwargs, at: self._method(run, name, args, kwargs, at))
        return super().attribute(run, name, spot)

    def _method(self, run: Any, name: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        if name == "nunique":
            return len(self.values)
        if name == "unique":
            return Array((len(self.values),), self.dtype)
        new = args[0] if args else kwargs.get("arg")
        if isinstance(new, dict) and all(value in new for value in self.values):
            return Column(self.shape, tuple(dict.fromkeys(new[value] for value in self.values)))
        return run.call_library("numpy.ndarray.map", [self, *args], kwargs, spot)


@numpy_function(".apply .map .fillna .dropna .reset_index .replace", "self")
def _changed_values(given: Given) -> Any:
    array = given.array("self")
    if len(array.shape) != 1:
        raise ShapeError("this method of a table is not supported")
    return Array(array.shape, "object")


@numpy_function(".unique", "self")
def _unique_values(given: Given) -> Any:
    return given.run.call_library("numpy.unique", [given.array("self")], {}, given.spot)


@numpy_function(".nunique", "self")
def _unique_count(given: Given) -> Any:
    return given.run.length(_unique_values(given), given.spot)
