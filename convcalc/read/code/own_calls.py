"""Notes the values that a program gives to the parameters of its own functions.

``FILE.py:build`` is the result of a function. If the program itself calls ``build(10)``, its parameter is 10. If two calls give
different values, no value is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convcalc.base.structs import Struct
from convcalc.read.code.keras.graph import TensorValue
from convcalc.read.code.language.values import MISSING, FunctionValue, Spot, Unknown, is_known


class GivenValue(Struct):
    """The value that all calls of a program give to a parameter. ``spot`` is the place of the first call."""

    value: Any
    spot: Spot


class OwnCalls:
    """The calls of the functions in the main file, while the program is followed.

    ``is_open`` is False after the end of the program: convcalc then calls functions itself, to find models. ``models`` is the number of
    models that the program makes.
    """

    def __init__(self) -> None:
        self.is_open = True
        self.models = 0
        self._calls: dict[int, tuple[FunctionValue, Spot, dict[str, Any]]] = {}  # by the id of the function

    def close(self, models: int) -> None:
        """Ends the notes at the end of the program, which makes ``models`` models."""
        self.is_open = False
        self.models = models

    def note(self, function: FunctionValue, variables: dict[str, Any], spot: Spot) -> None:
        """Notes one call. ``variables`` has the value of each parameter."""
        known = self._calls.get(id(function))
        if known is None:
            self._calls[id(function)] = function, spot, {name: _kept(value) for name, value in variables.items()}
            return
        values = known[2]
        for name, value in values.items():
            if value is not MISSING and not _is_same(value, variables.get(name, MISSING)):
                values[name] = MISSING

    def value(self, function: FunctionValue, name: str) -> GivenValue | None:
        """Returns the value of a parameter; None if the calls give different or unknown values, or if there is no
        call.
        """
        known = self._calls.get(id(function))
        value = MISSING if known is None else known[2].get(name, MISSING)
        if known is None or value is MISSING or not is_known(value) or any(map(_is_open, _parts(value))):
            return None
        return GivenValue(_kept(value), known[1])


def _kept(value: Any) -> Any:
    """Returns a copy of a list or dict, which the function may change."""
    return type(value)(value) if type(value) in (list, dict) else value


def _is_open(part: Any) -> bool:
    """Returns True for a tensor with an unknown size."""
    return isinstance(part, TensorValue) and (isinstance(part.sizes, Unknown) or not is_known(tuple(part.sizes)))


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _parts(part)
    else:
        yield value


def _is_same(first: Any, second: Any) -> bool:
    """Returns True if two values are equal numbers or texts, tensors of one shape, or the same object."""
    if first is second:
        return True
    if type(first) is not type(second):
        return False
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(_is_same, first, second))
    if isinstance(first, dict):
        return list(first) == list(second) and all(_is_same(value, second[key]) for key, value in first.items())
    if isinstance(first, TensorValue):
        return bool(first.shape == second.shape and first.dtype == second.dtype)
    return isinstance(first, (int, float, str, bool, bytes)) and first == second
