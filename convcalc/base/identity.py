"""A cache for results that depend on the identity of objects."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class IdentityCache(Generic[T]):
    """Results by objects that are compared with ``is``: objects that cannot be hashed, or whose hash is slow to compute.

    The cache keeps these objects alive. So no new object can get the ``id`` of an old one and be taken for it.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[Hashable, ...], tuple[T, object]] = {}

    def get(self, *objects: object, equal: Hashable = None) -> T | None:
        """Returns the result for these objects and a value equal to that given to :meth:`add`, or None."""
        entry = self._entries.get((equal, *map(id, objects)))
        return None if entry is None else entry[0]

    def add(self, result: T, *objects: object, equal: Hashable = None) -> T:
        """Stores a result, and returns it."""
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
