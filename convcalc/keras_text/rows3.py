"""The rows of the table that Keras 3 prints, as plain texts: what stands in each cell, not how it is drawn.

Source: ``keras/src/utils/summary_utils.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from convcalc.analyse.report import LayerReport, Report
from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.structs import NamedTuple
from convcalc.layers import LayerType
from convcalc.ops import Operation


class KerasRow(NamedTuple):
    """The cells of one row, and of which layer it is: ``depth`` is 1 for a layer of a nested model, ``path`` that in the report."""

    path: str
    depth: int
    name: str
    class_name: str
    shape: str
    params: str
    sources: tuple[str, ...]
    trainable: str


def keras_rows(report: Report, expand_nested: bool = False) -> Iterator[KerasRow]:
    """The rows of a whole model."""
    for row in report.layers:
        if row.depth == 0:
            yield from layer_rows(report, row, expand_nested)


def layer_rows(report: Report, row: LayerReport, expand_nested: bool) -> list[KerasRow]:
    """The row of a layer, and with ``expand_nested`` those of the layers in it; operations are shown at the top alone."""
    rows = [_cells(each) for each in _expanded(row, expand_nested)]
    if expand_nested and row.class_name in ("Functional", "Sequential") and row.kind is None:
        inside = (other for other in report.layers if other.depth > row.depth and other.path.startswith(f"{row.path}/"))
        shown = (other for other in inside if not isinstance(other.kind, Operation))
        rows += [_cells(each) for other in shown for each in _expanded(other, True)]
    return rows


def _expanded(row: LayerReport, expand: bool) -> Iterator[LayerReport]:
    """A row, and behind it those of the layers that it lists."""
    yield row
    for each in row.inside if expand else ():
        # In a list of layers Keras shows the shapes for which they were built. Layers that are built in ``__init__`` were built
        # for none, and a layer that itself lists layers cannot say its shape.
        unknown = isinstance(each.kind, LayerType) and (each.kind.built_when_made or each.kind.sublayers_argument)
        yield from _expanded(
            each._replace(counts=each.counts._replace(output_shapes=(None,))) if unknown else each, expand
        )


def _cells(row: LayerReport) -> KerasRow:
    return KerasRow(
        path=row.path,
        depth=row.depth,
        name=row.name,
        class_name=row.class_name,
        shape=_shape(row),
        params=_params(row),
        # Keras shows the calls that belong to the model itself, and an expanded layer has none.
        sources=() if row.depth else tuple(source for call in row.calls for source in call.inputs),
        trainable=("Y" if row.trainable else "N") if row.weights or _holds_weights(row) else "-",
    )


def _holds_weights(row: LayerReport) -> bool:
    return row.params is not UNKNOWN and row.params != 0


def _shape(row: LayerReport) -> str:
    shapes = row.output_shapes
    if len(shapes) == 1:
        return _one_shape(shapes[0])
    return f"[{', '.join(map(_one_shape, shapes))}]"


def _one_shape(shape: Shape | None) -> str:
    """A shape as Keras's summary has it: of one axis without the comma that Python puts there."""
    return "?" if shape is None else f"({', '.join('None' if size is UNKNOWN else str(size) for size in shape)})"


def _params(row: LayerReport) -> str:
    if row.params is UNKNOWN and row.output_shapes[0] is None:
        return "0 (unbuilt)"
    return number_text(row.params)


def number_text(count: Number) -> str:
    """A count as Keras 3 writes it, with commas."""
    return "?" if count is UNKNOWN else f"{count:,}"
