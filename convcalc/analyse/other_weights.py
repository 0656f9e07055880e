"""Finds layers of custom classes that have the name of a class of Keras.

Some files state only the name of a class. If the file stores more or fewer parameters for a layer than Keras's class
has, or weights of other shapes, then the class of the layer is custom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from convcalc.analyse.quantized import may_be_quantized
from convcalc.analyse.report import LayerReport, Report
from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, plain, product, shape_text
from convcalc.base.problems import Problem
from convcalc.layers import LayerDefinition, Weight
from convcalc.model import Foreign, Layer, Model, StoredWeight

Stored = Mapping[str, tuple[StoredWeight, ...]]


def with_other_weights(report: Report) -> Model:
    """Returns the model with custom classes for the layers whose stored weights do not fit Keras's class.

    Returns the same object if there are no such layers.
    """
    stored = report.model.weights_to_compare
    problems = {row.path: _problem(row, stored[row.path], report) for row in report.layers if row.path in stored}
    others = {path: problem for path, problem in problems.items() if problem is not None}
    if not others:
        return report.model
    model = _corrected(report.model, "", stored, others)
    return model._replace(problems=(*model.problems, *others.values()), weights_to_compare={})


def _problem(row: LayerReport, stored: Sequence[StoredWeight], report: Report) -> Problem | None:
    """Returns the warning about a layer with other weights than Keras's class; None if the weights are the same, or
    unknown.
    """
    if not isinstance(row.definition, (LayerDefinition, Model)) or row.recorded or row.layer.broken:
        return None
    if row.params is UNKNOWN or "params" in row.incomplete:
        return None
    count = _count(stored)
    if count == row.params and (not stored or _shapes(stored) == _shapes(_weights_of(row, report))):
        return None
    about, unknown = f"'{row.path}' ({row.class_name})", "output shapes and costs are unknown"
    reason = f"the file stores {count:,} parameters for it, but Keras's class has {row.params:,}"
    if count == row.params:
        reason = f"the file stores weights of other shapes for it ({_differing(row, stored, report)})"
    if may_be_quantized(row.layer):
        message = (
            f"{about}: {reason}. Probably model.quantize() changed its weights: Keras does not write this into the config, "
            f"and cannot load the file. The layer's {unknown}, except those that the file records"
        )
    else:
        inside = ", or contains a custom class" if row.definition.contains_layers else ""
        message = f"{about} is not Keras's class{inside}, because {reason}: its {unknown}"
    return Problem(codes.UNKNOWN_LAYER, message, None, row.path, "warning")


def _shapes(weights: Iterable[Weight | StoredWeight]) -> Counter[Shape]:
    """Returns how often each shape occurs. The order of weights differs between versions of Keras."""
    return Counter(tuple(map(plain, weight.shape)) for weight in weights)


def _weights_of(row: LayerReport, report: Report) -> Iterable[Weight]:
    """Returns the weights of a row. A nested model has those of its layers."""
    if not isinstance(row.definition, Model):
        return row.weights
    return [weight for inner in report.layers if inner.path.startswith(f"{row.path}/") for weight in inner.weights]


def _differing(row: LayerReport, stored: Sequence[StoredWeight], report: Report) -> str:
    """Returns the first differing shapes, such as "(4, 3) instead of (3, 4)"."""
    given, expected = _shapes(stored), _shapes(_weights_of(row, report))
    stored_shape, own_shape = next(iter(given - expected)), next(iter(expected - given))
    return f"{shape_text(stored_shape)} instead of {shape_text(own_shape)}"


def _count(stored: Sequence[StoredWeight]) -> Number:
    return sum(product(weight.shape) for weight in stored)


def _corrected(model: Model, prefix: str, stored: Stored, others: Mapping[str, Problem]) -> Model:
    """Returns the model with custom classes for the layers in ``others``, and with stored weights for all other layers.

    Stored weights are needed, because the weights of layers after a custom layer often cannot be inferred.
    """

    def corrected(layer: Layer) -> Layer:
        path = prefix + layer.name
        if path in others:
            foreign = Foreign(f"Custom>{layer.class_name}", keras_class=layer.definition)
            return layer._replace(definition=foreign, stored=stored[path])
        if isinstance(layer.definition, Model):
            return layer._replace(definition=_corrected(layer.definition, f"{path}/", stored, others))
        return layer if layer.stored is not None else layer._replace(stored=stored.get(path))

    return model._replace(layers=tuple(map(corrected, model.layers)))


def with_classes_of_keras(model: Model) -> Model:
    """Undoes :func:`with_other_weights`: gives each layer Keras's class again."""

    def restored(layer: Layer) -> Layer:
        definition = layer.definition
        if isinstance(definition, Foreign) and definition.keras_class is not None:
            definition = definition.keras_class
        if isinstance(definition, Model):
            definition = with_classes_of_keras(definition)
        return layer if definition is layer.definition else layer._replace(definition=definition)

    return model._replace(layers=tuple(map(restored, model.layers)), weights_to_compare={})
