"""Layers of models that a test builds by hand, without a reader."""

from collections.abc import Mapping
from typing import Any

from convcalc.layers import find
from convcalc.model import NO_ARGS, Foreign, Layer


def handmade_layer(name: str, class_name: str, args: Mapping[str, Any] = NO_ARGS, dtype: str = "float32") -> Layer:
    """Returns a layer of this class. If the catalogue does not have the class, the layer's definition is a Foreign."""
    return Layer(name, class_name, find(class_name) or Foreign(class_name), args, dtype=dtype)
