"""Argument kinds for operations, and the annotations that declare them.

A rule declares the kind of each parameter with an annotation: ``axis: Axes | None = None``.
:class:`~convcalc.ops.Operation` checks the arguments of each call before it runs the rule. As in Keras, true and false
also count as 1 and 0.

This module and the modules with rules must not contain ``from __future__ import annotations``. The annotations must be
objects, not strings.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from convcalc.base import codes
from convcalc.base.numbers import plain
from convcalc.base.problems import Refusal
from convcalc.layers.arguments import Anything, RankFree
from convcalc.ops.tensor import ManyTensors, Tensor

# Larger integers are refused, because Python cannot convert integers above about 1.8e308 to floats.
_LARGEST_INTEGER = 10**300


class ComplexParts(ManyTensors):
    """Complex numbers: a tensor of real parts and a tensor of imaginary parts, of the same shape."""

    expects = "a pair of tensors, the real parts and the imaginary parts"

    def read(self, value: Any) -> list[Tensor]:
        if not isinstance(value, list) or len(value) != 2 or not all(isinstance(part, Tensor) for part in value):
            raise Refusal(f"needs {self.expects}", codes.WRONG_INPUTS)
        real, imaginary = value
        if [*map(plain, real.shape)] != [*map(plain, imaginary.shape)]:
            raise Refusal("needs real and imaginary parts of the same shape", codes.SHAPES_DIFFER)
        return value


class TensorOrNumbers(RankFree):
    """A tensor, a number, or nested lists of numbers.

    The first element at each level determines the shape of nested lists.
    """

    expects = "a tensor, a number or lists of numbers"

    def read(self, value: Any) -> Any:
        first = value
        while isinstance(first, list):
            first = first[0] if first else None
        if isinstance(first, (str, Mapping, slice)) or first is ...:
            raise ValueError
        return value


class WholeNumber(RankFree):
    """A whole number."""

    expects = "a whole number"

    def read(self, value: Any) -> int:
        if not isinstance(value, int):
            raise ValueError
        return value


class WholeNumbers(RankFree):
    """A list of whole numbers.

    With ``single``, one whole number is also accepted. With ``nullable``, the list may contain null. ``length`` is the
    required length (None: any length). As in Keras, an empty string counts as an empty list.
    """

    def __init__(self, single: bool = False, nullable: bool = False, length: int | None = None) -> None:
        self.single = single
        self.nullable = nullable
        self.length = length

    @property
    def expects(self) -> str:
        count = "" if self.length is None else f"{self.length} "
        single = "a whole number, or " if self.single else ""
        return f"{single}a list of {count}whole numbers{' or nulls' if self.nullable else ''}"

    def read(self, value: Any) -> Any:
        if self.single and isinstance(value, int):
            return value
        if not isinstance(value, Collection) or (self.length is not None and len(value) != self.length):
            raise ValueError
        if not all(isinstance(part, int) or (part is None and self.nullable) for part in value):
            raise ValueError
        return value


class RealNumber(RankFree):
    """A number. With ``or_tensor``, a tensor is also accepted.

    Fractions are accepted, and refused later if they make the size of an output fractional.
    """

    expects = "a number"

    def __init__(self, or_tensor: bool = False) -> None:
        self.or_tensor = or_tensor

    def read(self, value: Any) -> Any:
        if self.or_tensor and isinstance(value, Tensor):
            return value
        if not isinstance(value, (int, float)) or (isinstance(value, int) and abs(value) > _LARGEST_INTEGER):
            raise ValueError
        return value


class DtypeName(RankFree):
    """The name of a dtype. With ``optional``, an empty value such as null means "no dtype"."""

    expects = "the name of a dtype"

    def __init__(self, optional: bool = False) -> None:
        self.optional = optional

    def read(self, value: Any) -> str | None:
        if self.optional and not value:
            return None
        if not isinstance(value, str):
            raise ValueError
        return value


class AnyText(RankFree):
    """Any string."""

    expects = "a text"

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError
        return value


class NewShapeSizes(RankFree):
    """A new shape: a size or a list of sizes. An item that is not a whole number, such as None, is an unknown size."""

    expects = "a size or a list of sizes"

    def read(self, value: Any) -> Any:
        if not isinstance(value, (int, Collection)):
            raise ValueError
        return value


class PadWidths(RankFree):
    """How many elements to add at both ends of each axis.

    The value is a number for all ends, a pair ``(before, after)`` for all axes, or a list with one pair for each axis.
    """

    expects = "a whole number, a pair (before, after), or a list of such pairs"

    def read(self, value: Any) -> Any:
        if isinstance(value, int):
            return value
        if not isinstance(value, (list, tuple)):
            raise ValueError
        pairs = value if value and isinstance(value[0], (list, tuple)) else [value] if value else []
        for pair in pairs:
            if (
                not isinstance(pair, (list, tuple))
                or not pair
                or not isinstance(pair[0], int)
                or not isinstance(pair[-1], int)
            ):
                raise ValueError
        return value


class SummedAxisLists(RankFree):
    """The axes that a tensor product sums over.

    The value is a number of axes, such as ``2``, or two lists of the same length, such as ``[[0, 1], [1, 0]]``.
    """

    expects = "a whole number, or two lists of axes of the same length"

    def read(self, value: Any) -> Any:
        if isinstance(value, int):
            return value
        if not isinstance(value, (list, tuple)) or len(value) < 2:
            raise ValueError
        lists = [[axes] if isinstance(axes, int) else WholeNumbers().read(axes) for axes in value]
        if len(lists[0]) != len(lists[1]):
            raise ValueError
        return lists


class ListOfOperands(RankFree):
    """A non-empty list of operands.

    Only the first operand is checked: it must be a tensor, a number or lists of numbers.
    """

    expects = "a list of tensors"

    def read(self, value: Any) -> Any:
        if not isinstance(value, list) or not value:
            raise ValueError
        TensorOrNumbers().read(value[0])
        return value


class Interval(RankFree):
    """A list of two numbers. An empty value such as null means "no interval"."""

    expects = "a list of two numbers"

    def read(self, value: Any) -> Any:
        if not value:
            return None
        if not isinstance(value, (list, tuple)) or not all(isinstance(part, (int, float)) for part in value[:2]):
            raise ValueError
        return value


# The annotations for parameters of rules. The annotation of a single tensor is the class Tensor.
Tensors: TypeAlias = Annotated[Sequence[Tensor], ManyTensors()]
ComplexPair: TypeAlias = Annotated[Sequence[Tensor], ComplexParts()]
Operand: TypeAlias = Annotated[Any, TensorOrNumbers()]
Dtype: TypeAlias = Annotated[str | None, DtypeName(optional=True)]
RequiredDtype: TypeAlias = Annotated[str, DtypeName()]
Text: TypeAlias = Annotated[str, AnyText()]
Integer: TypeAlias = Annotated[int, WholeNumber()]
Integers: TypeAlias = Annotated[Sequence[int], WholeNumbers()]
IntegerOrIntegers: TypeAlias = Annotated[int | Sequence[int], WholeNumbers(single=True)]
# An axis is given by its number.
Axis: TypeAlias = Annotated[int, WholeNumber()]
Axes: TypeAlias = Annotated[int | Sequence[int], WholeNumbers(single=True)]
# True or false. Any value is accepted, and counts as true or false as in Python.
Flag: TypeAlias = Annotated[bool, Anything()]
# The argument affects neither shapes nor dtypes, so any value is accepted.
Ignored: TypeAlias = Annotated[Any, Anything()]
# The rule uses the argument and accepts any value.
AnyValue: TypeAlias = Annotated[Any, Anything()]
# As in Keras, any value other than 'channels_first' means channels_last.
DataFormat: TypeAlias = Annotated[Any, Anything()]
# The rule checks the value itself, because it needs special conditions or problem codes.
CheckedByRule: TypeAlias = Annotated[Any, Anything()]
Real: TypeAlias = Annotated[Any, RealNumber()]
RealOrTensor: TypeAlias = Annotated[Any, RealNumber(or_tensor=True)]
AxisPair: TypeAlias = Annotated[Sequence[int], WholeNumbers(length=2)]
IntegersOrNulls: TypeAlias = Annotated[Sequence[int | None], WholeNumbers(nullable=True)]
# One number for all spatial axes, or one number for each spatial axis.
PerAxis: TypeAlias = Annotated[Any, WholeNumbers(single=True)]
PerAxisOrNull: TypeAlias = Annotated[Any, WholeNumbers(single=True, nullable=True)]
NewShape: TypeAlias = Annotated[int | Sequence[Any], NewShapeSizes()]
PadWidth: TypeAlias = Annotated[Any, PadWidths()]
SummedAxes: TypeAlias = Annotated[Any, SummedAxisLists()]
Choices: TypeAlias = Annotated[Sequence[Any], ListOfOperands()]
Range: TypeAlias = Annotated[Sequence[float] | None, Interval()]
