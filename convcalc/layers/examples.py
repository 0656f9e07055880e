"""Creates specs that run the example of a layer, for documentation and tests."""

from __future__ import annotations

from string import ascii_lowercase

from convcalc.layers.registry import LayerDefinition


def example_spec(definition: LayerDefinition) -> str:
    """Returns a YAML spec that runs the layer's example on as many inputs as the layer needs."""
    sizes = list(definition.example_input)
    if definition.inputs == 0:
        return f"layers:\n  - {definition.example}\n"
    if not definition.merges:
        return f"input: {sizes}\nlayers:\n  - {definition.example}\n"
    minimum = definition.inputs[0] if isinstance(definition.inputs, tuple) else definition.inputs or 0
    # At least two inputs, and as many as the example lists under ``from``.
    needed = max(2, minimum, definition.example.count(",", definition.example.find("from:")) + 1)
    inputs = "".join(f"  {name}: {sizes}\n" for name in ascii_lowercase[:needed])
    return f"inputs:\n{inputs}layers:\n  - {definition.example}\n"
