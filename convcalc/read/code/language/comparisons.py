"""Compares values: truth, `is`, `==` and types."""

from __future__ import annotations

from typing import Any

from convcalc.read.code.language.plain import PLAIN
from convcalc.read.code.language.texts import NOWHERE, Texts
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Instance,
    Library,
    Native,
    Special,
    Spot,
    Unknown,
    depending,
    first_unknown,
)


class Comparisons(Texts):
    """Compares values. The result for an unknown value is unknown."""

    def truth(self, value: Any) -> Any:
        """Returns the truth value: True, False or an unknown value."""
        if isinstance(value, Unknown):
            return value
        if (doubt := self.doubtful(value)) is not None and isinstance(value, (list, dict, set)):
            return doubt
        if isinstance(value, Special):
            result = value.truth()
            return Unknown("the test is not supported", None) if result is MISSING else result
        if isinstance(value, Instance):
            if value.items is not None:
                return bool(value.items)
            method = value.cls.find("__bool__")
            return (
                True
                if method is MISSING
                else self.truth(self.call(Bound(method, value), [], {}, value.cls.spot or NOWHERE))
            )
        return bool(value) if isinstance(value, (*PLAIN, type(None))) else True

    def identical(self, left: Any, right: Any) -> Any:
        """Returns ``left is right``."""
        for value in (left, right):
            if isinstance(value, Unknown):
                return Unknown(value.reason, value.spot)
        if isinstance(left, Library) and isinstance(right, Library):
            return left.path == right.path
        if isinstance(left, (int, str, bool, type(None))) and type(left) is type(right):
            return bool(left == right)
        return left is right

    def equal(self, left: Any, right: Any) -> Any:
        """Returns ``left == right``."""
        left, right = plain_member(left), plain_member(right)
        if left is right and not isinstance(left, Unknown):
            return True
        for value, other in ((left, right), (right, left)):
            if isinstance(value, Unknown):
                return Unknown(value.reason, value.spot)
            if (doubt := self.doubtful(value)) is not None:
                return doubt
            if isinstance(value, Instance) and value.cls.find("__eq__") is not MISSING:
                return self.truth(
                    self.call(Bound(value.cls.find("__eq__"), value), [other], {}, value.cls.spot or NOWHERE)
                )
        if isinstance(left, Instance) and isinstance(right, Instance) and left.cls.kind == "dataclass":
            return left.cls is right.cls and self.equal(left.attributes, right.attributes)
        if isinstance(left, (list, tuple)) and type(left) is type(right):
            if len(left) != len(right):
                return False
            same = [self.equal(first, second) for first, second in zip(left, right)]
            return False if False in same else first_unknown(same) or True
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            same = [self.equal(part, right[key]) for key, part in left.items()]
            return False if False in same else first_unknown(same) or True
        if isinstance(left, Special) or isinstance(right, Special):
            return left is right
        try:
            return bool(left == right)
        except Exception:  # a comparison can raise any exception
            return False

    def merged(self, values: list[Any], test: Unknown) -> Any:
        """Returns the value of a variable after an unknown test: the common value of all branches, or an unknown value."""
        first = values[0]
        if all(value is first or self.equal(first, value) is True for value in values[1:]):
            return first
        if all(type(value) is tuple and len(value) == len(first) for value in values):
            return tuple(self.merged(list(parts), test) for parts in zip(*values))
        reason = Unknown(depending("test", test), test.spot)
        return self.merged_objects(values, reason) if isinstance(first, Special) else reason

    def class_of(self, value: Any) -> Any:
        """Returns the class of an object of the program, or None."""
        if isinstance(value, Instance):
            return value.cls
        return getattr(value, "cls", None)

    def type_of(self, value: Any) -> Any:
        """Returns ``type(value)``."""
        if isinstance(value, Unknown):
            return Unknown(value.reason, value.spot)
        cls = self.class_of(value)
        if cls is not None:
            return cls
        if isinstance(value, Special):
            path = value.type_path()
            return Library(path) if path else Unknown("the class of this object is not supported", None)
        if isinstance(value, (FunctionValue, Bound, Native)):
            return Library("types.FunctionType")
        if isinstance(value, (ClassValue, Library)):
            return Library("builtins.type")
        return Library(f"builtins.{type(value).__name__}")

    def is_instance(self, value: Any, cls: Any, spot: Spot) -> Any:
        """Returns ``isinstance(value, cls)``."""
        if isinstance(cls, (tuple, list)):
            answers = [self.is_instance(value, part, spot) for part in cls]
            return True if True in answers else first_unknown(answers) or False
        if isinstance(value, Unknown) or isinstance(cls, Unknown):
            unknown = value if isinstance(value, Unknown) else cls
            return Unknown(unknown.reason, unknown.spot)
        own = self.type_of(value)
        if isinstance(own, Unknown) or self.is_subclass(own, cls):
            return own if isinstance(own, Unknown) else True
        # A TrackedList is also a list.
        kind = next((kind for kind in (list, tuple, dict, set, str) if isinstance(value, kind)), None)
        return kind is not None and self.is_subclass(Library(f"builtins.{kind.__name__}"), cls)

    def is_subclass(self, cls: Any, other: Any) -> bool:
        """Returns ``issubclass(cls, other)``."""
        order = cls.order if isinstance(cls, ClassValue) else (cls,)
        for base in order:
            if base is other:
                return True
            if isinstance(base, Library) and isinstance(other, Library) and self.library_extends(base.path, other.path):
                return True
        return False


_PLAIN_BASES = ("enum.IntEnum", "enum.StrEnum", "enum.IntFlag", "builtins.int", "builtins.str", "builtins.float")


def plain_member(value: Any) -> Any:
    """Converts a member of an IntEnum or StrEnum to its number or text. Returns any other value unchanged."""
    if isinstance(value, Instance) and value.cls.kind == "enum":
        paths = [base.path for base in value.cls.order if isinstance(base, Library)]
        if any(path in _PLAIN_BASES for path in paths):
            return value.attributes.get("value")
    return value
