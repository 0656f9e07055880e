"""The arguments of layers in Keras 1 and 2, in the spelling of Keras 3."""

from __future__ import annotations

from typing import Any


def modern_arguments(class_name: str, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Returns the arguments of a layer in the spelling of Keras 3."""
    return args, kwargs
