"""Converts values to texts: `str`, `repr`, `format` and f-strings."""

from __future__ import annotations

import builtins as python
from typing import Any

from convcalc.base.problems import Source
from convcalc.read.code.language.limits import MAX_ELEMENTS
from convcalc.read.code.language.plain import has_long_number, is_plain
from convcalc.read.code.language.run import Run
from convcalc.read.code.language.values import (
    MISSING,
    Bound,
    ClassValue,
    FunctionValue,
    Instance,
    Library,
    LibraryObject,
    Spot,
    is_known,
)


class Texts(Run):
    """Converts values to texts, up to a maximum length."""

    def text_format(self, text: Any, name: str, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        """Returns ``text.format(…)``. The result is unknown for a field such as ``{0.x}`` or ``{0:99999}``."""
        args = [self.text_of(arg) if isinstance(arg, (Instance, LibraryObject)) else arg for arg in args]
        plain = None not in args and all(
            isinstance(part, (str, int, float, bool, type(None), list, tuple, dict))
            for part in [*args, *kwargs.values()]
        )
        if not plain or "__" in text or len(text) > MAX_ELEMENTS or has_long_number(text):
            return self.unknown("convcalc does not compute this text", spot)
        if name == "format_map":
            return self.guarded(lambda: text.format_map(args[0]), spot)
        return self.guarded(lambda: text.format(*args, **kwargs), spot)

    def formatted(self, value: Any, spec: str, conversion: int, spot: Spot) -> Any:
        """Returns the text of one value in an f-string."""
        if not isinstance(value, (str, int, float, bool, type(None), list, tuple, dict)) or has_long_number(spec):
            text = self.text_of(value)
            return self.unknown("convcalc does not compute this text", spot) if text is None else text
        if conversion == ord("r"):
            value = repr(value)
        elif conversion == ord("s"):
            value = str(value)
        return self.guarded(lambda: format(value, spec), spot)

    def text_of(self, value: Any, is_repr: bool = False) -> str | None:
        """Returns ``str(value)`` or ``repr(value)``; None if convcalc cannot compute the text."""
        if (
            isinstance(value, (str, int, float, bool, type(None), list, tuple, dict))
            and is_known(value)
            and is_plain(value)
        ):
            return repr(value) if is_repr else str(value)
        if isinstance(value, (FunctionValue, ClassValue, Library)):
            return value.name
        if isinstance(value, Instance):
            for name in ("__repr__", "__str__") if is_repr else ("__str__", "__repr__"):
                method = value.cls.find(name)
                if method is not MISSING:
                    text = self.call(Bound(method, value), [], {}, value.cls.spot or NOWHERE)
                    return text if isinstance(text, str) else None
        args = self.exception_args(value)
        if args is None:
            return None
        return self.text_of(args[0]) if len(args) == 1 else self.text_of(tuple(args)) if args else ""

    def exception_args(self, value: Any) -> Any:
        """Returns the arguments of an exception; None for an object that is not an exception."""
        if isinstance(value, LibraryObject):
            kind = getattr(python, value.path.removeprefix("builtins."), None)
            return value.args if isinstance(kind, type) and issubclass(kind, BaseException) else None
        return value.attributes.get("args") if isinstance(value, Instance) else None


NOWHERE = Spot(Source("", ""), 1, 0)
