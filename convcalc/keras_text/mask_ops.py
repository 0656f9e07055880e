"""A report without the operations that make masks: Keras 3 has them as rows, Keras 2 hands masks on without a trace."""

from __future__ import annotations

from convcalc.analyse.inference import infer
from convcalc.analyse.report import Report
from convcalc.model import Call, Layer, Model, with_needed
from convcalc.ops import Operation

# With these the masks of Embedding, Masking, the merging layers and attention end.
_MAKERS = ("NotEqual", "Any", "LogicalOr", "ConvertToTensor")


def without_mask_ops(report: Report) -> Report:
    """The report of the model whose layers take no masks that Keras 3 made; the same one where there are none."""
    model = _unmasked(report.model)
    return report if model == report.model else infer(model)


def _unmasked(model: Model) -> Model:
    layers = tuple(
        layer if layer.model is None else layer._replace(model=_unmasked(layer.model)) for layer in model.layers
    )
    calls = tuple(_without_masks(call, model) for call in model.calls)
    return with_needed(model._replace(layers=layers, calls=calls), _is_operation)


def _without_masks(call: Call, model: Model) -> Call:
    made = {ref for ref in call.masks if _makes_masks(model.layers[model.calls[ref.call].layer])}
    masks, order = (tuple(ref for ref in refs if ref not in made) for refs in (call.masks, call.order))
    return call._replace(masks=masks, order=order)


def _is_operation(layer: Layer) -> bool:
    return isinstance(layer.kind, Operation)


def _makes_masks(layer: Layer) -> bool:
    """Whether the layer is such an operation; one of a Keras 2 file goes by another class name, and was written by hand."""
    return _is_operation(layer) and layer.class_name in _MAKERS
