"""A spec around a layer's example, so that every entry of the catalogue can be shown at work, and tested."""

from __future__ import annotations

from convcalc.layers.registry import LayerType


def example_spec(kind: LayerType) -> str:
    """A YAML spec in which the layer's example runs, on one input or, for a merging layer, on two."""
    sizes = list(kind.example_input)
    if kind.inputs == 0:
        return f"layers:\n  - {kind.example}\n"
    if not kind.merges:
        return f"input: {sizes}\nlayers:\n  - {kind.example}\n"
    return f"inputs:\n  a: {sizes}\n  b: {sizes}\nlayers:\n  - {kind.example}\n"
