"""The rows of the table that Keras 3 prints: the text of each cell, without the layout.

Source: ``keras/src/utils/summary_utils.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from convcalc.analyse.report import LayerReport, Report
from convcalc.base.keras_names import short_class
from convcalc.base.numbers import UNKNOWN, Number
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.model import Model
from convcalc.ops import Operation
from convcalc.stored import keras3_shape_text


class KerasRow(Struct):
    """The cells of one row. ``path`` and ``depth`` are those of the layer in the report."""

    path: str
    depth: int
    name: str
    class_name: str
    shape: str
    params: str
    sources: tuple[str, ...]
    trainable: str


def keras3_rows(report: Report, expand_nested: bool = False) -> Iterator[KerasRow]:
    """Yields the rows of a model."""
    for row in report.layers:
        if row.depth == 0:
            yield from layer_rows(report, row, expand_nested)


def layer_rows(report: Report, row: LayerReport, expand_nested: bool) -> list[KerasRow]:
    """Returns the row of a layer, and with ``expand_nested`` the rows of its inner layers.

    Operations of nested models are left out, as in Keras.
    """
    if is_unbuilt(report):
        return [_unbuilt(row)]
    rows = list(map(_cells, _expanded(row, expand_nested)))
    if expand_nested and isinstance(row.definition, Model):
        inside = (inner for inner in report.layers if inner.depth > row.depth and inner.path.startswith(f"{row.path}/"))
        shown = (inner for inner in inside if not isinstance(inner.definition, Operation))
        rows += [_cells(expanded) for inner in shown for expanded in _expanded(inner, True)]
    return rows


def _expanded(row: LayerReport, expand: bool) -> Iterator[LayerReport]:
    """Yields a row, and the rows of the layers inside the layer, e.g. of a Pipeline."""
    yield row
    for inner in row.sublayers if expand else ():
        # Keras shows "?" for inner layers without a ``build`` shape: those built in ``__init__``, and lists of layers.
        definition = inner.definition
        unknown = isinstance(definition, LayerDefinition) and (
            definition.built_when_made or definition.sublayers_argument
        )
        yield from _expanded(
            inner.with_counts(inner.counts._replace(output_shapes=(None,))) if unknown else inner, expand
        )


def _cells(row: LayerReport) -> KerasRow:
    return KerasRow(
        path=row.path,
        depth=row.depth,
        name=row.name,
        class_name=short_class(row.class_name),
        shape=_shape(row),
        params=_params(row),
        # Keras shows inputs only for the model's own layers, not for layers of nested models.
        sources=() if row.depth else tuple(source for call in row.calls for source in call.inputs),
        trainable=_trainable(row),
    )


def is_unbuilt(report: Report) -> bool:
    """Returns True for a Sequential without a known input shape: its layers have no weights yet."""
    model = report.model
    return model.class_name == "Sequential" and report.input_shapes[:1] == (None,) and not model.stored


def _unbuilt(row: LayerReport) -> KerasRow:
    """Returns the row of a layer of a model that was not built, with the parameters ``0 (unbuilt)``.

    For a custom layer, the parameters are "?", because Keras may print them or not.
    """
    definition = row.definition
    known = isinstance(definition, (LayerDefinition, Model)) and not row.recorded
    built = isinstance(definition, LayerDefinition) and definition.built_when_made
    params = "?" if not known else "0" if built else "0 (unbuilt)"
    return _cells(row)._replace(params=params, trainable="-" if known else _trainable(row))


def _trainable(row: LayerReport) -> str:
    """Returns "Y" or "N" for a layer with weights, "-" for one without weights, and "?" if that is unknown."""
    if row.weights or (row.params is not UNKNOWN and row.params != 0):
        return "Y" if row.trainable else "N"
    return "?" if row.params is UNKNOWN else "-"


def _shape(row: LayerReport) -> str:
    shapes = row.output_shapes
    if len(shapes) == 1:
        return keras3_shape_text(shapes[0])
    return f"[{', '.join(map(keras3_shape_text, shapes))}]"


def _params(row: LayerReport) -> str:
    return number_text(row.params, row.incomplete.get("params") == "partial")


def number_text(count: Number, partial: bool = False) -> str:
    """Returns a count as Keras 3 writes it, with commas; ``≥ 1,234`` for a lower bound."""
    if count is UNKNOWN:
        return "?"
    return f"≥ {count:,}" if partial else f"{count:,}"
