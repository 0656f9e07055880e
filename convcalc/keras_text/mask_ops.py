"""Removes the operations that compute masks. Keras 3 shows them as rows, Keras 2 does not."""

from __future__ import annotations

from convcalc.analyse.inference import infer
from convcalc.analyse.report import Report
from convcalc.model import Call, Layer, Model, with_needed
from convcalc.ops import Operation

# Layers such as Embedding, Masking and Add compute their masks with these operations.
_MASK_OPERATIONS = ("NotEqual", "Any", "LogicalOr", "ConvertToTensor")


def without_mask_ops(report: Report) -> Report:
    """Returns the report of the model without mask operations; the same report if there are none."""
    model = _without_mask_ops(report.model)
    return report if model == report.model else infer(model)


def _without_mask_ops(model: Model) -> Model:
    layers = tuple(
        layer._replace(definition=_without_mask_ops(layer.definition)) if isinstance(layer.definition, Model) else layer
        for layer in model.layers
    )
    calls = tuple(_without_masks(call, model) for call in model.calls)
    return with_needed(model._replace(layers=layers, calls=calls), _is_operation)


def _without_masks(call: Call, model: Model) -> Call:
    """Returns the call without masks that come from a mask operation."""
    computed = {ref for ref in call.masks if _computes_mask(model.layer_of(ref))}
    masks, order = (tuple(ref for ref in refs if ref not in computed) for refs in (call.masks, call.order))
    return call._replace(masks=masks, order=order)


def _is_operation(layer: Layer) -> bool:
    return isinstance(layer.definition, Operation)


def _computes_mask(layer: Layer) -> bool:
    """Returns True for a mask operation of Keras 3.

    In a Keras 2 file, such an operation has another class name. It is kept, because a user called it.
    """
    return _is_operation(layer) and layer.class_name in _MASK_OPERATIONS
