"""Arguments that are equal, as one object: a large model has many layers and few arguments that differ.

That saves memory, and inference works layers out once that have their arguments in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.model import NO_ARGS

_PLAIN = frozenset((str, int, float, bool, type(None)))


class ArgumentInterner:
    """The arguments that a file was found to hold."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, Any]] = {}

    def intern(self, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """The first of the arguments that are equal to these, to the types of their values."""
        if not args:
            return NO_ARGS
        for value in args.values():
            if type(value) not in _PLAIN and not (type(value) is tuple and _PLAIN.issuperset(map(type, value))):
                return args
        return self._known.setdefault(repr(args), args)
