"""The rows of the table that Keras 2 prints: the text of each cell, without the layout.

Source: ``tf_keras/src/utils/layer_utils.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.analyse.report import LayerReport, Report
from convcalc.base.keras_names import short_class
from convcalc.base.numbers import UNKNOWN, Number, Shape, shape_text
from convcalc.keras_text.rows3 import KerasRow
from convcalc.layers.registry import LIST, LIST_OF_ONE, TUPLE, LayerDefinition
from convcalc.model import Definition
from convcalc.ops import Operation


def keras2_rows(report: Report, expand_nested: bool = False) -> list[KerasRow]:
    """Returns the rows of a model. The report must not contain mask operations (:func:`without_mask_ops`)."""
    return [keras2_row(row) for row in report.layers if expand_nested or row.depth == 0]


def keras2_row(row: LayerReport) -> KerasRow:
    """Returns the row of a layer."""
    return KerasRow(
        path=row.path,
        depth=row.depth,
        name=row.name,
        class_name=short_class(row.class_name),
        shape=_shapes(row),
        params=count_text(row.params, row.incomplete.get("params") == "partial"),
        # Keras shows inputs only for the model's own layers, not for layers of nested models.
        sources=() if row.depth else tuple(source for call in row.calls for source in call.inputs),
        trainable="Y" if row.trainable else "N",
    )


def _shapes(row: LayerReport) -> str:
    """Returns the output shapes of a layer as Keras 2 prints them; "multiple" if they differ between its calls."""
    if row.nested_output_shapes:
        return _structure(row, row.nested_output_shapes)
    texts = {_structure(row, call.output_shapes) for call in row.calls}
    return texts.pop() if len(texts) == 1 else "multiple"


def _structure(row: LayerReport, shapes: Sequence[Shape | None]) -> str:
    texts = list(map(shape_text, shapes))
    if row.nested_output_names:
        by_name = dict(zip(sorted(row.nested_output_names), texts))
        return f"{{{', '.join(f'{name!r}: {by_name[name]}' for name in row.nested_output_names)}}}"
    container = _container(row.definition)
    if len(texts) == 1 and container != LIST_OF_ONE:
        return texts[0]
    joined = ", ".join(texts)
    return f"({joined})" if container == TUPLE else f"[{joined}]"


def _container(definition: Definition) -> str:
    """Returns ``LIST``, ``TUPLE`` or ``LIST_OF_ONE``: how Keras 2 writes the output shapes of a layer."""
    if isinstance(definition, Operation):
        return LIST_OF_ONE if definition.returns_list else LIST
    return definition.output_container if isinstance(definition, LayerDefinition) else LIST


def count_text(count: Number, partial: bool = False) -> str:
    """Returns a count as Keras 2 writes it, without commas; ``≥ 1234`` for a lower bound."""
    if count is UNKNOWN:
        return "?"
    return f"≥ {count}" if partial else str(count)
