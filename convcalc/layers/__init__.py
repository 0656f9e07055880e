"""The catalogue of layers. A family (a module of related layers) is imported when one of its layers is looked up.

Reading ``CATALOGUE``, the whole catalogue, imports all families.
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
    LayerDefinition,
    Product,
    Weight,
    all_layers,
    bind,
    find,
    is_builtin,
    known_names,
    layer,
    load_plugins,
    lookup_builtin,
    require_builtin,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    CATALOGUE: Mapping[str, LayerDefinition]

__all__ = [
    "CATALOGUE",
    "SAME",
    "Inferred",
    "LayerDefinition",
    "Product",
    "Weight",
    "apply",
    "bind",
    "elementwise",
    "find",
    "frozen",
    "is_builtin",
    "known_macs",
    "known_names",
    "layer",
    "load_plugins",
    "lookup_builtin",
    "output_dtypes",
    "parameters",
    "require_builtin",
    "sample_macs",
]


def __getattr__(name: str) -> Any:
    """Returns ``CATALOGUE``, which imports all families."""
    if name != "CATALOGUE":
        raise AttributeError(f"module 'convcalc.layers' has no attribute '{name}'")
    return all_layers()
