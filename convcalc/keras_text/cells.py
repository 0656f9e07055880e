"""The cells of Keras's tables as texts, and their conversion to a :class:`Row`.

Parsed tables and tables that convcalc prints use the same conversion, so they can be compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from convcalc.stored import Cell, Row

# Escape sequences (colours, links), control characters and invisible characters.
_CONTROL_CODES = re.compile(
    r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\ufeff]"
)
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_BOUND = re.compile(r"(?:≥|>=)\s*")
_MAX_DIGITS = 29


@dataclass(frozen=True, slots=True)
class RowCells:
    """The cells of one row; None for a column that the table does not have.

    Attributes:
        layer: The name and the class, as ``name (Type)``.
        shape: The output shape.
        params: The number of parameters.
        sources: The tensors that the layer reads; None if the cell with the tensors is cut off.
        connected: The text of the cell with the tensors, if the cell is cut off; otherwise None.
        trainable: "Y", "N" or "-".
        depth: 0 for a layer of the model itself, 1 for a layer of a nested model, and so on.
    """

    layer: Cell
    shape: Cell | None = None
    params: Cell | None = None
    sources: tuple[Cell, ...] | None = None
    connected: Cell | None = None
    trainable: Cell | None = None
    depth: int = 0


def strip_control_codes(text: str) -> str:
    """Returns the text without control codes and invisible characters, with ``\\n`` at the end of each line."""
    return _CONTROL_CODES.sub("", text.replace("\r\n", "\n")).replace("\xa0", " ")


def with_single_spaces(text: str) -> str:
    """Returns the words of a text, separated by single spaces."""
    return " ".join(strip_control_codes(text).split())


def without_spaces(text: str) -> str:
    """Returns the text without white space. Used to compare texts of Keras 2, because Keras 2 wraps texts inside words."""
    return "".join(strip_control_codes(text).split())


def row_of(row: RowCells, path: str | None = None) -> Row:
    """Converts the cells of a table to a row. ``path`` is the layer's path in the report, if there is a report."""
    name, type_ = _name_and_type(row.layer)
    cells = {
        "name": name,
        "type": type_,
        "output_shape": row.shape and _shape(row.shape),
        "params": row.params and _number(row.params),
        "trainable": row.trainable,
        "connected_to": row.connected,
    }
    known = {field: cell for field, cell in cells.items() if cell is not None}
    return Row(known, row.depth, row.sources, None, path)


def _name_and_type(cell: Cell) -> tuple[Cell, Cell | None]:
    name, bracket, type_ = cell.text.rpartition("(")
    if not bracket:
        return cell, None
    return Cell(name.rstrip(), cell.cropped and "…" in name), Cell(type_.removesuffix(")"), not type_.endswith(")"))


def _shape(cell: Cell) -> Cell:
    """Returns a shape as Keras 3 writes it. Python's comma after a single size is removed."""
    return Cell(cell.text.replace(",)", ")"), cell.cropped)


def _number(cell: Cell) -> Cell:
    """Converts a count to a number; ``≥ 1,234`` is a lower bound. Other texts, such as ``0 (unbuilt)``, stay texts."""
    bound = _BOUND.match(cell.text)
    digits = cell.text[bound.end() if bound else 0 :].replace(",", "")
    if cell.cropped or not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS):
        return Cell(None) if cell.text == "?" else cell
    return Cell(int(digits), partial=bound is not None)


# Keras 3 ----------------------------------------------------------------------------------------------------------------


def keras3_sources(cell: Cell) -> tuple[Cell, ...]:
    """Returns the names of tensors in a cell of Keras 3, such as ``add[0][0], conv[0][0]``. The names may be cropped."""
    if cell.text == "-":
        return ()
    if not cell.cropped:
        return tuple(map(Cell, cell.text.split(", ")))
    sources, words = [], []
    for word in cell.text.split(" "):
        words.append(word)
        if word.endswith(("],", "…")):
            sources.append(" ".join(words).rstrip(","))
            words.clear()
    rest = " ".join(words)
    if rest:
        sources.append(rest)
    return tuple(Cell(source, "…" in source) for source in sources)


# Keras 2 ----------------------------------------------------------------------------------------------------------------


def keras2_shape(text: str) -> str:
    """Returns a shape of Keras 2 in the notation of Keras 3. The list or tuple around several shapes is removed."""
    text = without_spaces(text)
    if text.startswith(("[", "((")):
        text = text[1:].removesuffix("]") if text[0] == "[" else text[1:].removesuffix(")")
    return re.sub(r",(?=[^)])", ", ", text)


def keras2_sources(text: str) -> tuple[Cell, ...]:
    """Returns the names of tensors in a cell of Keras 2. The cell is a Python list of strings."""
    return tuple(Cell(single or double) for single, double in _QUOTED.findall(without_spaces(text)))
