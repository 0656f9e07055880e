"""Short forms of a summary's sheet, for narrow terminals. They say the same with shorter texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convcalc.analyse.report import LayerReport
from convcalc.base.keras_names import is_automatic
from convcalc.rendering.sheet import Sheet
from convcalc.rendering.text import without_batch

_SHAPES_NOTE = " Shapes are without the batch axis; --format keras prints Keras's text"
_READS_NOTE = " Connected to: empty if the layer reads the row above"
_ARROW_NOTE = " ← the layers that a layer reads, unless it reads the row above"


def short_forms(sheet: Sheet, rows: Sequence[LayerReport]) -> list[Sheet]:
    """Returns the sheet with shorter texts: shapes without the batch axis, no type that the layer's name states, and no
    connection to the row above.

    If connections remain, a second form has them in the column of the layer.
    """
    texts = {name: [cells[index] for cells in sheet.rows] for index, name in enumerate(sheet.fields)}
    short = {name: _texts(name, column, rows) for name, column in texts.items()}
    changed = {name for name in texts if short[name] != texts[name]}
    shapes = [_SHAPES_NOTE] * bool(changed & {"input_shape", "output_shape"})
    connections = changed & {"connected_to"}
    notes = (*shapes, *([_READS_NOTE] if connections else ()), *sheet.notes)
    forms = [replace(sheet, rows=list(zip(*short.values())), notes=notes, short=None)]
    names = [name for name in ("layer", "name") if name in short][:1]
    if connections and names:
        first, sources = short[names[0]], short.pop("connected_to")
        short[names[0]] = [f"{text} ←{source}" if source else text for text, source in zip(first, sources)]
        columns = [column for name, column in zip(sheet.fields, sheet.columns) if name in short]
        notes = (*shapes, _ARROW_NOTE, *sheet.notes)
        forms.append(Sheet(sheet.title, tuple(short), columns, list(zip(*short.values())), notes))
    return forms


def _texts(name: str, texts: Sequence[str], rows: Sequence[LayerReport]) -> Sequence[str]:
    """Returns the short texts of a column."""
    if name in ("input_shape", "output_shape"):
        return [without_batch(text) for text in texts]
    if name == "layer":
        return [
            text.removesuffix(f" ({row.class_name})") if is_automatic(row.name, row.class_name) else text
            for text, row in zip(texts, rows)
        ]
    if name == "connected_to":
        # The input of a Sequential has no row.
        above = [texts[0] if rows and texts[0] not in {row.name for row in rows} else "", *(row.name for row in rows)]
        return ["" if text in ("-", name_above) else text for text, name_above in zip(texts, above)]
    return texts
