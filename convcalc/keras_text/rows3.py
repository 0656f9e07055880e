"""The rows of the table that Keras 3 prints: the text of each cell, without the layout.

Source: ``keras/src/utils/summary_utils.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from convcalc.analyse.report import LayerReport, Report
from convcalc.base.numbers import UNKNOWN, Number
from convcalc.base.structs import Struct
from convcalc.layers import LayerDefinition
from convcalc.model import Model
from convcalc.ops import Operation
from convcalc.stored import keras3_shape_text


class KerasRow(Struct):
    """The cells of one row, with the path and the depth of its layer in the report (depth 1: a layer of a nested model)."""

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

    Keras shows operations of the model itself, but not those of nested models.
    """
    rows = list(map(_cells, _expanded(row, expand_nested)))
    if expand_nested and isinstance(row.definition, Model):
        inside = (inner for inner in report.layers if inner.depth > row.depth and inner.path.startswith(f"{row.path}/"))
        shown = (inner for inner in inside if not isinstance(inner.definition, Operation))
        rows += [_cells(expanded) for inner in shown for expanded in _expanded(inner, True)]
    return rows


def _expanded(row: LayerReport, expand: bool) -> Iterator[LayerReport]:
    """Yields a row, and after it the rows of the layers that it contains, such as those of a Pipeline."""
    yield row
    for inner in row.sublayers if expand else ():
        # Keras shows the shape for which an inner layer was built. A layer that is built in ``__init__`` has no such shape, and
        # neither has a layer that contains a list of layers.
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
        class_name=row.class_name,
        shape=_shape(row),
        params=_params(row),
        # Keras shows only the calls of the model itself, not those of nested models.
        sources=() if row.depth else tuple(source for call in row.calls for source in call.inputs),
        trainable=("Y" if row.trainable else "N") if row.weights or _has_params(row) else "-",
    )


def _has_params(row: LayerReport) -> bool:
    return row.params is not UNKNOWN and row.params != 0


def _shape(row: LayerReport) -> str:
    shapes = row.output_shapes
    if len(shapes) == 1:
        return keras3_shape_text(shapes[0])
    return f"[{', '.join(map(keras3_shape_text, shapes))}]"


def _params(row: LayerReport) -> str:
    if row.params is UNKNOWN and row.output_shapes[0] is None:
        return "0 (unbuilt)"
    return number_text(row.params)


def number_text(count: Number) -> str:
    """Returns a count as Keras 3 writes it, with commas."""
    return "?" if count is UNKNOWN else f"{count:,}"
