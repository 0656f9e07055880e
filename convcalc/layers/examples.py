"""A spec around a layer's example, so that every entry of the catalogue can be shown at work, and tested."""

from __future__ import annotations

from string import ascii_lowercase

from convcalc.layers.registry import LayerDefinition


def example_spec(kind: LayerDefinition) -> str:
    """A YAML spec in which the layer's example runs, on as many inputs as it needs."""
    sizes = list(kind.example_input)
    if kind.inputs == 0:
        return f"layers:\n  - {kind.example}\n"
    if not kind.merges:
        return f"input: {sizes}\nlayers:\n  - {kind.example}\n"
    least = kind.inputs[0] if isinstance(kind.inputs, tuple) else kind.inputs or 0
    # A layer of any number of inputs is shown on two, one of a cell's states for each input of the example.
    needed = max(2, least, kind.example.count(",", kind.example.find("from:")) + 1)
    inputs = "".join(f"  {name}: {sizes}\n" for name in ascii_lowercase[:needed])
    return f"inputs:\n{inputs}layers:\n  - {kind.example}\n"
