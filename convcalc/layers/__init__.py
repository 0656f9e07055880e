"""The catalogue of layers. A family is imported, and declares its layers, when one of them is asked for; ``CATALOGUE`` has them
all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcalc.layers.application import (
    apply,
    elementwise,
    frozen,
    known_macs,
    output_dtypes,
    parameters,
    sample_macs,
)
from convcalc.layers.registry import (
    SAME,
    Inferred,
    LayerType,
    Product,
    Weight,
    bind,
    builtin,
    every_layer,
    find,
    kind_of,
    known_names,
    layer,
    our_own,
)

if TYPE_CHECKING:
    from convcalc.layers.registry import CATALOGUE

__all__ = [
    "CATALOGUE",
    "SAME",
    "Inferred",
    "LayerType",
    "Product",
    "Weight",
    "apply",
    "bind",
    "builtin",
    "elementwise",
    "find",
    "frozen",
    "kind_of",
    "known_macs",
    "known_names",
    "layer",
    "our_own",
    "output_dtypes",
    "parameters",
    "sample_macs",
]


def __getattr__(name: str) -> Any:
    """The whole catalogue, when it is first asked for."""
    if name != "CATALOGUE":
        raise AttributeError(f"module 'convcalc.layers' has no attribute '{name}'")
    return every_layer()
