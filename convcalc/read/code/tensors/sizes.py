"""The results of ``tf.shape`` and ``keras.ops.shape``, and arithmetic on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import TensorValue, WeightValue
from convcalc.read.code.language.values import MISSING, DynamicSize, Native, Special, Spot, Unknown, UnknownNumber

MAX_SIZES = 64  # a tensor has at most 64 axes, so a list of sizes is not longer
_DYNAMIC = "the size is known only when the model runs"


class SizeVector(Special):
    """The result of ``tf.shape``: a small vector of whole numbers, some of which may be unknown."""

    __slots__ = ("sizes",)

    def __init__(self, sizes: Sequence[Any]) -> None:
        self.sizes = list(sizes)

    def attribute(self, run: Any, name: str, spot: Spot) -> Any:
        """Returns the attribute or method with this name, such as ``shape``."""
        if name in ("numpy", "eval", "as_list", "tolist", "get_shape"):
            value = [len(self.sizes)] if name == "get_shape" else list(self.sizes)
            return Native(name, lambda run, args, kwargs, at: value)
        return {"shape": (len(self.sizes),), "dtype": "int32", "ndim": 1, "rank": 1}.get(name, MISSING)

    def item(self, run: Any, key: Any, spot: Spot) -> Any:
        """Returns one size for an index (``sizes[0]``), or a vector of sizes for a slice (``sizes[1:]``)."""
        if isinstance(key, tuple) and len(key) == 1:
            key = key[0]
        if isinstance(key, int) and -len(self.sizes) <= key < len(self.sizes):
            return self.sizes[key]
        if isinstance(key, slice) and all(
            bound is None or isinstance(bound, int) for bound in (key.start, key.stop, key.step)
        ):
            return SizeVector(self.sizes[key])
        return MISSING

    def operate(self, run: Any, operator: str, other: Any, reflected: bool, spot: Spot) -> Any:
        """Applies an operator such as ``*`` to each size."""
        if other is None:
            return SizeVector([run.unary(operator, size, spot) for size in self.sizes])
        others = size_list(other)
        if others is None or (isinstance(others, list) and len(others) not in (1, len(self.sizes))):
            return MISSING
        row = others if isinstance(others, list) else [others]
        row = row * len(self.sizes) if len(row) == 1 else row
        pairs = zip(row, self.sizes) if reflected else zip(self.sizes, row)
        return SizeVector([run.binary(operator, left, right, spot) for left, right in pairs])

    def elements(self, run: Any, spot: Spot) -> Any:
        """Returns the sizes."""
        return list(self.sizes)

    def length(self) -> Any:
        """Returns the number of sizes."""
        return len(self.sizes)

    def truth(self) -> Any:
        """Returns an unknown value: a tensor is neither true nor false."""
        return Unknown("the value of a tensor is unknown")

    def type_path(self) -> str:
        """Returns the dotted name of the class of symbolic tensors, ``keras.KerasTensor``."""
        return "keras.KerasTensor"


class TopK(tuple):  # type: ignore[type-arg]  # a pair of tensors
    """The result of ``tf.nn.top_k``: a pair of tensors with the names ``values`` and ``indices``."""

    __slots__ = ()

    @classmethod
    def of(cls, value: Any) -> Any:
        """Converts a list of two tensors to a TopK. Returns any other value unchanged."""
        return cls(value) if isinstance(value, list) and len(value) == 2 else value

    @property
    def values(self) -> Any:
        """The largest values."""
        return self[0]

    @property
    def indices(self) -> Any:
        """The indices of the largest values."""
        return self[1]


def shape_vector(value: Any, spot: Spot) -> Any:
    """Returns the result of ``tf.shape(value)``; None if the number of axes is unknown."""
    if isinstance(value, TensorValue):
        if value.shape is None:
            return None
        return SizeVector([DynamicSize(_DYNAMIC, spot) if size is None else size for size in value.sizes])
    if isinstance(value, (Array, WeightValue)):
        return SizeVector([DynamicSize(_DYNAMIC, spot) if size is None else size for size in value.shape])
    sizes = size_list(value)
    if isinstance(sizes, list):
        return SizeVector([len(sizes)])
    return None if sizes is None else SizeVector([])


def size_list(value: Any) -> Any:
    """Converts a value to a number, or to a list of numbers. The numbers may be unknown. None for other values.

    The value may be a number, a list, a vector of sizes or a small array of whole numbers.
    """
    if isinstance(value, (int, UnknownNumber)) and not isinstance(value, bool):
        return value
    if isinstance(value, SizeVector):
        return list(value.sizes)
    if isinstance(value, Array):
        known = (
            value.value if value.flat is not None and len(value.flat) <= MAX_SIZES and "int" in value.dtype else None
        )
        return size_list(known) if known is not None else None
    if isinstance(value, (list, tuple)) and len(value) <= MAX_SIZES:
        parts = [size_list(part) for part in value]
        return None if any(part is None or isinstance(part, list) for part in parts) else parts
    return None


def has_sizes(value: Any) -> bool:
    """Returns True for a vector of sizes, an unknown size, or a list with one of these."""
    if isinstance(value, (list, tuple)):
        return any(map(has_sizes, value))
    return isinstance(value, (SizeVector, UnknownNumber))


# Functions of sizes ---------------------------------------------------------------------------------------------------


def _elementwise(symbol: str) -> Callable[..., Any]:
    def compute(run: Any, spot: Spot, left: Any, right: Any) -> Any:
        if isinstance(left, list):
            return SizeVector(left).operate(run, symbol, right, False, spot)
        if isinstance(right, list):
            return SizeVector(right).operate(run, symbol, left, True, spot)
        return run.binary(symbol, left, right, spot)

    return compute


def _extreme(function: Callable[..., Any]) -> Callable[..., Any]:
    def compute(run: Any, spot: Spot, *sizes: Any) -> Any:
        flat = [size for part in sizes for size in (part if isinstance(part, list) else [part])]
        unknown = next((size for size in flat if isinstance(size, Unknown)), None)
        return type(unknown)(unknown.reason, unknown.spot) if unknown is not None else function(flat)

    return compute


def _folded(symbol: str, start: int) -> Callable[..., Any]:
    def compute(run: Any, spot: Spot, sizes: Any) -> Any:
        if not isinstance(sizes, list):
            return sizes
        result: Any = start
        for size in sizes:
            result = run.binary(symbol, result, size, spot)
        return result

    return compute


def _joined(run: Any, spot: Spot, parts: Any) -> Any:
    return SizeVector([size for part in parts for size in (part if isinstance(part, list) else [part])])


def _square_root(run: Any, spot: Spot, size: Any) -> Any:
    if isinstance(size, (int, float)) and size >= 0:
        return math.sqrt(size)
    return type(size)(size.reason, size.spot) if isinstance(size, Unknown) else MISSING


def _same(run: Any, spot: Spot, size: Any) -> Any:
    return SizeVector(size) if isinstance(size, list) else size


# Functions of keras.ops and TensorFlow that programs call on sizes, such as ``tf.concat``.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cast": _same, "convert_to_tensor": _same, "constant": _same, "stop_gradient": _same, "identity": _same, "to_int32": _same,
    "to_float": _same, "unstack": lambda run, spot, sizes: list(sizes), "stack": _joined, "concat": _joined, "concatenate": _joined,
    "sqrt": _square_root, "prod": _folded("*", 1), "reduce_prod": _folded("*", 1), "sum": _folded("+", 0),
    "reduce_sum": _folded("+", 0), "add": _elementwise("+"), "subtract": _elementwise("-"), "multiply": _elementwise("*"),
    "divide": _elementwise("/"), "true_divide": _elementwise("/"), "truediv": _elementwise("/"), "floor_divide": _elementwise("//"),
    "floordiv": _elementwise("//"), "mod": _elementwise("%"), "floormod": _elementwise("%"), "pow": _elementwise("**"),
    "power": _elementwise("**"), "maximum": _extreme(max), "minimum": _extreme(min), "max": _extreme(max), "min": _extreme(min),
    "reduce_max": _extreme(max), "reduce_min": _extreme(min),
}  # fmt: skip
# the number of arguments with sizes; the other arguments are options such as ``axis``
_OPERANDS = {"stack": 1, "concat": 1, "concatenate": 1}


def on_sizes(run: Any, name: str, args: Sequence[Any], spot: Spot) -> Any:
    """Returns the result of a function such as ``tf.concat`` on sizes. MISSING if no argument contains sizes."""
    function = _FUNCTIONS.get(name)
    if function is None or not any(map(has_sizes, args)):
        return MISSING
    two = (
        "add",
        "subtract",
        "multiply",
        "divide",
        "true_divide",
        "truediv",
        "floor_divide",
        "floordiv",
        "mod",
        "floormod",
    )
    count = 2 if name in (*two, "pow", "power", "maximum", "minimum") else 1
    operands = list(args[:count])
    if len(operands) < count:
        return MISSING
    if function is _joined:
        if not isinstance(operands[0], (list, tuple, SizeVector)):
            return MISSING
        parts = operands[0].sizes if isinstance(operands[0], SizeVector) else operands[0]
        converted: list[Any] = [[size_list(part) for part in parts]]
        if any(part is None for part in converted[0]):
            return MISSING
    else:
        converted = [operand if isinstance(operand, float) else size_list(operand) for operand in operands]
        if any(operand is None for operand in converted):
            return MISSING
    return function(run, spot, *converted)
