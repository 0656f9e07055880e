"""Short forms of a summary's sheet, for narrow terminals. They say the same with shorter texts."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from convcalc.analyse.report import LayerReport
from convcalc.base.keras_names import is_automatic
from convcalc.rendering.sheet import Sheet
from convcalc.rendering.text import without_batch

_SHAPES_NOTE = " Shapes are without the batch axis; --format keras prints Keras's text"
_READS_NOTE = " Connected to: empty if the layer reads the row above"
_ARROW_NOTE = " ← the layers that a layer reads, unless it reads the row above"


def short_forms(sheet: Sheet, rows: Sequence[LayerReport], names: Container[str]) -> list[Sheet]:
    """Returns the sheet with shorter texts: shapes without the batch axis, no type that the layer's name states, and no
    connection to the row above.

    ``names`` are the names of all layers of the model. If connections remain, a second form has them in the column of the layer.
    """
    texts = {name: [cells[index] for cells in sheet.rows] for index, name in enumerate(sheet.fields)}
    short = {name: _texts(name, column, rows, names) for name, column in texts.items()}
    changed = {name for name in texts if short[name] != texts[name]}
    shapes = [_SHAPES_NOTE] * bool(changed & {"input_shape", "output_shape"})
    connections = changed & {"connected_to"}
    notes = (*shapes, *([_READS_NOTE] if connections else ()), *sheet.notes)
    forms = [replace(sheet, rows=list(zip(*short.values())), notes=notes, short=None)]
    first_columns = [name for name in ("layer", "name") if name in short][:1]
    if connections and first_columns:
        first, sources = short[first_columns[0]], short.pop("connected_to")
        short[first_columns[0]] = [f"{text} ←{source}" if source else text for text, source in zip(first, sources)]
        columns = [column for name, column in zip(sheet.fields, sheet.columns) if name in short]
        notes = (*shapes, _ARROW_NOTE, *sheet.notes)
        forms.append(Sheet(sheet.title, tuple(short), columns, list(zip(*short.values())), notes))
    return forms


def _texts(name: str, texts: Sequence[str], rows: Sequence[LayerReport], names: Container[str]) -> Sequence[str]:
    """Returns the short texts of a column."""
    if name in ("input_shape", "output_shape"):
        return [without_batch(text) for text in texts]
    if name == "layer":
        return [
            text.removesuffix(f" ({row.class_name})") if is_automatic(row.name, row.class_name) else text
            for text, row in zip(texts, rows)
        ]
    if name == "connected_to":
        above = ["", *(row.name for row in rows)]
        return [
            "" if text in ("-", name_above) or _is_hidden_input(text, rows, names) else text
            for text, name_above in zip(texts, above)
        ]
    return texts


def _is_hidden_input(text: str, rows: Sequence[LayerReport], names: Container[str]) -> bool:
    """Returns True for the input of a Sequential, which has no row."""
    return ", " not in text and text not in names and all(text != row.name for row in rows)
