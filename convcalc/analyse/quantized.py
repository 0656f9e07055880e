"""Finds layers that may be quantized, although their file does not say so."""

from __future__ import annotations

from convcalc.layers import LayerDefinition
from convcalc.model import Layer


def may_be_quantized(layer: Layer) -> bool:
    """Returns True for a layer of attention without a quantized policy. Such a layer can be quantized nevertheless:
    ``model.quantize()`` changes the weights of its inner layers, but a file does not contain their policies.
    """
    definition = layer.definition
    if not isinstance(definition, LayerDefinition) or not definition.separate_inputs:
        return False
    return definition.quantization_rule is not None and "_from_" not in layer.dtype
