"""A cache whose keys are objects, compared with ``is``."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class IdentityCache(Generic[T]):
    """A cache whose keys are compared with ``is``, for objects without a hash or with a slow hash.

    The cache keeps its keys alive: otherwise a new object could get the ``id`` of a key.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[Hashable, ...], tuple[T, object]] = {}

    def get(self, *objects: object, equal: Hashable = None) -> T | None:
        """Returns the stored result for these objects and this value of ``equal``; None if there is none."""
        entry = self._entries.get((equal, *map(id, objects)))
        return None if entry is None else entry[0]

    def add(self, result: T, *objects: object, equal: Hashable = None) -> T:
        """Stores and returns a result for these objects and this value of ``equal``."""
        self._entries[(equal, *map(id, objects))] = result, objects
        return result

    def once(self: IdentityCache[Any], compute: Callable[[S], T], source: S) -> T:
        """Returns ``compute(source)``, computed only once for each function and object."""
        key = (compute, id(source))
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = compute(source), source
        result: T = entry[0]
        return result
