"""Arrays of known shape: what NumPy, data sets and variables are for a model."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.values import MISSING, SizeValue, Special, Spot, Unknown


class Array(Special):
    """An array of known shape. ``value`` is its content as nested lists, or None; ``classes`` the number of classes of labels.

    A size is a number, None (any size), or an unknown value with a name.
    """

    __slots__ = ("classes", "dtype", "name", "shape", "value")

    def __init__(
        self,
        shape: tuple[SizeValue, ...],
        dtype: str = "float64",
        value: Any = None,
        name: str = "",
        classes: int | None = None,
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.value = value
        self.name = name
        self.classes = classes

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the shape and similar attributes."""
        if name == "shape":
            return self.shape
        if name == "ndim":
            return len(self.shape)
        if name == "dtype":
            return self.dtype
        return MISSING

    def operate(self, run: Any, operator: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Returns an array of the broadcast shape."""
        if other is None or isinstance(other, (int, float)):
            return Array(self.shape, self.dtype)
        return MISSING

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns the part that a key selects."""
        return MISSING

    def length(self) -> Any:
        """Returns the size of the first axis."""
        return self.shape[0] if self.shape else MISSING

    def truth(self) -> Any:
        """The value of an array is unknown."""
        return Unknown("the value of an array is unknown")

    def type_path(self) -> str:
        """Returns the class of arrays."""
        return "numpy.ndarray"
