"""Calls functions and classes with small argument values. An argument's name determines its value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any


def filled(target: Callable[..., Any], small: Mapping[str, Any], special: Mapping[str, Any] = {}) -> Any:
    """Calls ``target`` with all arguments in ``special``, and with those in ``small`` that ``target`` accepts.

    Other arguments keep their defaults. A lambda in ``small`` or ``special`` makes a new value for each call, so that models share no
    objects.
    """
    source = target.__init__ if inspect.isclass(target) else target
    names = [name for name in inspect.signature(source).parameters if name not in ("self", "kwargs", "args")]
    values = {name: small[name] for name in names if name in small} | dict(special)
    return target(**{name: _value(value) for name, value in values.items()})


def _value(value: Any) -> Any:
    return value() if inspect.isfunction(value) and value.__name__ == "<lambda>" else value
