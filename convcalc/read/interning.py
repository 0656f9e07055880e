"""Stores equal arguments of layers only once. A large model has many layers, but few different arguments.

This saves memory. It also saves time: the rule of a layer runs once for all layers with the same arguments and equal
inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.model import NO_ARGS

_SCALARS = frozenset((str, int, float, bool, type(None)))


class ArgumentInterner:
    """The distinct arguments of one file."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, Any]] = {}

    def intern(self, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns ``args``, or an earlier mapping that is equal to ``args``.

        Returns ``args`` itself if it contains a value that is neither a scalar nor a tuple of scalars.
        """
        if not args:
            return NO_ARGS
        for value in args.values():
            if type(value) not in _SCALARS and not (type(value) is tuple and _SCALARS.issuperset(map(type, value))):
                return args
        return self._known.setdefault(repr(args), args)
