"""A cache for results that depend on the identity of objects."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class IdentityCache(Generic[T]):
    """A cache whose keys are compared with ``is``. Used for objects that have no hash or a slow hash.

    The cache keeps its keys alive, so no new object can get the ``id`` of a key.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[Hashable, ...], tuple[T, object]] = {}

    def get(self, *objects: object, equal: Hashable = None) -> T | None:
        """Returns the stored result for these objects and an equal value of ``equal``; None if no result is stored."""
        entry = self._entries.get((equal, *map(id, objects)))
        return None if entry is None else entry[0]

    def add(self, result: T, *objects: object, equal: Hashable = None) -> T:
        """Stores and returns a result for these objects and the value ``equal``."""
        self._entries[(equal, *map(id, objects))] = result, objects
        return result

    def once(self: IdentityCache[Any], compute: Callable[[S], T], source: S) -> T:
        """Returns ``compute(source)``, computed only once for the same function and object."""
        key = (compute, id(source))
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = compute(source), source
        result: T = entry[0]
        return result
