"""Layers of models that a test builds by hand, without a reader."""

from collections.abc import Mapping
from typing import Any

from convcalc.layers import find
from convcalc.model import NO_ARGS, Foreign, Layer


def handmade_layer(name: str, class_name: str, args: Mapping[str, Any] = NO_ARGS, dtype: str = "float32") -> Layer:
    """Returns a layer of the catalogue, or a foreign layer if the catalogue does not have this class."""
    return Layer(name, class_name, find(class_name) or Foreign(class_name), args, dtype=dtype)
