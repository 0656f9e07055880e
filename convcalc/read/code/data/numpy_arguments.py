"""Reads the arguments of NumPy's functions. Converts any value to an array or a shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convcalc.read.code.data.array_dtypes import dtype_of
from convcalc.read.code.data.array_shapes import ShapeError, Sizes
from convcalc.read.code.data.arrays import Array, as_array
from convcalc.read.code.language.values import Spot, Unknown, UnknownNumber, first_unknown
from convcalc.read.code.libraries import function


class Given:
    """The arguments of one call, by name.

    ``given["axis"]`` is None if the argument is missing.
    """

    def __init__(self, run: Any, args: list[Any], kwargs: dict[str, Any], names: tuple[str, ...], spot: Spot) -> None:
        self.run = run
        self.spot = spot
        self.values = {**dict(zip(names, args)), **kwargs}

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str, default: Any) -> Any:
        """Returns the value of an argument, or the default if it is missing."""
        return self.values.get(name, default)

    def array(self, name: str) -> Array:
        """Returns an argument as an array. Raises ShapeError if it is not an array."""
        return array_of(self[name], self.run, self.spot)

    def dtype(self, default: str) -> str:
        """Returns the argument ``dtype``."""
        return dtype_of(self["dtype"], default)

    def shape(self, name: str = "shape") -> Sizes:
        """Returns an argument as a shape. Raises ShapeError if the number of axes is unknown."""
        return shape_of(self[name])


def array_of(value: Any, run: Any, spot: Spot) -> Array:
    """Converts a value to an array. Raises ShapeError with the reason if its shape is unknown."""
    result = as_array(run.listed(value, spot))
    if result is None:
        unknown = first_unknown(value)
        raise ShapeError(unknown.reason if unknown is not None else "the shape of this value is unknown")
    return result


def shape_of(value: Any) -> Sizes:
    """Converts a value to a shape: ``8`` → ``(8,)``, ``[8, 4]`` → ``(8, 4)``."""
    if isinstance(value, Array) and value.flat is not None:
        value = value.value
    if isinstance(value, (int, UnknownNumber)):
        return (value,)
    if isinstance(value, (list, tuple)):
        if any(size is not None and not isinstance(size, (int, Unknown)) for size in value):
            raise ShapeError("the shape is unknown")
        return tuple(value)
    raise ShapeError(value.reason if isinstance(value, Unknown) else "the shape is unknown")


Implementation = Callable[[Given], Any]


def numpy_function(names: str, *parameters: str) -> Callable[[Implementation], Implementation]:
    """Returns a decorator. The decorated function implements NumPy functions and array methods.

    ``names`` are separated by spaces: ``sum`` is ``numpy.sum``, ``.sum`` is a method of arrays, and a name with a dot inside is a
    full path. If the implementation raises ShapeError, the result is an unknown value.
    """

    def declare(implementation: Implementation) -> Implementation:
        def run_it(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
            try:
                return implementation(Given(run, args, kwargs, parameters, spot))
            except ShapeError as error:
                return Unknown(str(error), spot)

        function(
            *(
                f"numpy.ndarray{name}" if name.startswith(".") else name if "." in name else f"numpy.{name}"
                for name in names.split()
            )
        )(run_it)
        return implementation

    return declare
