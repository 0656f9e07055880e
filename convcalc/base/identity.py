"""A cache whose keys are objects, compared with ``is``."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class IdentityCache(Generic[T]):
    """A cache for keys without a hash, or with a slow hash.

    A key is a list of objects, compared with ``is``, and a value ``equal``, compared with ``==``. The cache keeps its
    keys alive, because Python gives the ``id`` of a deleted object to a new one.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[Hashable, ...], tuple[T, object]] = {}

    def get(self, *objects: object, equal: Hashable = None) -> T | None:
        """Returns the stored result for a key; None if the cache does not have the key."""
        entry = self._entries.get((equal, *map(id, objects)))
        return None if entry is None else entry[0]

    def add(self, result: T, *objects: object, equal: Hashable = None) -> T:
        """Stores a result for a key, and returns the result."""
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
