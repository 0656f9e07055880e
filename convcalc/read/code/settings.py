"""The values that the user gives to the names of a program (``--set``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Settings(dict[str, Any]):
    """The values of ``--set``, by name. ``asked`` has the names that the program looks up, ``used`` those with a value."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.asked: dict[str, None] = {}
        self.used: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """Returns the value of a name, and records that the program looks up the name."""
        self.asked.setdefault(name)
        if name not in self:
            return default
        self.used.add(name)
        return super().__getitem__(name)

    def __getitem__(self, name: str) -> Any:
        self.used.add(name)
        return super().__getitem__(name)
