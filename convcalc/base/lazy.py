"""References to functions as text, ``"module:function"``. A module is imported only when its function is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def resolve(reference: str) -> Any:
    """Returns the object that ``"module:name"`` refers to."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)
