"""Calls functions and classes with small values for their arguments. The values are found by the names of the
arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any


def filled(target: Callable[..., Any], small: Mapping[str, Any], special: Mapping[str, Any] = {}) -> Any:
    """Returns ``target(...)``. An argument gets the value that ``special`` has for its name, otherwise the value in
    ``small``.

    An argument without such a value keeps its default. If a value is a function without parameters, it is called for
    each model.
    """
    source = target.__init__ if inspect.isclass(target) else target
    names = [name for name in inspect.signature(source).parameters if name not in ("self", "kwargs", "args")]
    values = {name: small[name] for name in names if name in small} | dict(special)
    return target(**{name: _value(value) for name, value in values.items()})


def _value(value: Any) -> Any:
    return value() if inspect.isfunction(value) and value.__name__ == "<lambda>" else value
