"""The cells of Keras's tables as texts, and the :class:`Row` that they make: the same way for what was read and for our own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from convcalc.stored import Cell, Row

# What a terminal takes for itself: colours, links, and signs that nobody sees.
_STEERING = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\ufeff]")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


@dataclass(frozen=True, slots=True)
class Texts:
    """The cells of one row: ``layer`` is ``name (Type)``; None is a cell that is not there.

    ``connected`` is the cell of the sources where it was cut off, so that nobody knows how many they are.
    """

    layer: Cell
    shape: Cell | None = None
    params: Cell | None = None
    sources: tuple[Cell, ...] | None = None
    connected: Cell | None = None
    trainable: Cell | None = None
    depth: int = 0


def plain(text: str) -> str:
    """A text without what steers a terminal; all lines end alike."""
    return _STEERING.sub("", text.replace("\r\n", "\n")).replace("\xa0", " ")


def spaced(text: str) -> str:
    """The words of a text, one space between them."""
    return " ".join(plain(text).split())


def squeezed(text: str) -> str:
    """A text without white space: all that is sure of one that Keras 2 folds at any character."""
    return "".join(plain(text).split())


def row_of(texts: Texts, path: str | None = None) -> Row:
    """The row that texts make."""
    name, type_ = _name_and_type(texts.layer)
    cells = {
        "name": name,
        "type": type_,
        "output_shape": texts.shape and _shape(texts.shape),
        "params": texts.params and _number(texts.params),
        "trainable": texts.trainable,
        "connected_to": texts.connected,
    }
    known = {field: cell for field, cell in cells.items() if cell is not None}
    return Row(known, texts.depth, texts.sources, None, path)


def _name_and_type(cell: Cell) -> tuple[Cell, Cell | None]:
    name, bracket, type_ = cell.text.rpartition("(")
    if not bracket:
        return cell, None
    return Cell(name.rstrip(), cell.cropped and "…" in name), Cell(type_.removesuffix(")"), not type_.endswith(")"))


def _shape(cell: Cell) -> Cell:
    """A shape as Keras 3 writes it, which has no comma behind a single size."""
    return Cell(cell.text.replace(",)", ")"), cell.cropped)


def _number(cell: Cell) -> Cell:
    """A count; what is none, as ``0 (unbuilt)``, stays a text."""
    digits = cell.text.replace(",", "")
    if cell.cropped or not (digits.isascii() and digits.isdigit() and len(digits) < 30):
        return Cell(None) if cell.text == "?" else cell
    return Cell(int(digits))


# Keras 3 ----------------------------------------------------------------------------------------------------------------


def sources_of(cell: Cell) -> tuple[Cell, ...]:
    """The tensors in a cell of Keras 3's, ``add[0][0], conv[0][0]``; of a cropped one each is a word, which may be cropped."""
    if cell.text == "-":
        return ()
    if not cell.cropped:
        return tuple(map(Cell, cell.text.split(", ")))
    found, words = [], []
    for word in cell.text.split(" "):
        words.append(word)
        if word.endswith(("],", "…")):
            found.append(" ".join(words).rstrip(","))
            words.clear()
    return tuple(Cell(source, "…" in source) for source in [*found, *filter(None, [" ".join(words)])])


# Keras 2 ----------------------------------------------------------------------------------------------------------------


def keras2_shape(text: str) -> str:
    """A shape of Keras 2, or several in the list or tuple that they come in, as Keras 3 spaces them and without the brackets."""
    text = squeezed(text)
    if text.startswith(("[", "((")):
        text = text[1:].removesuffix("]") if text[0] == "[" else text[1:].removesuffix(")")
    return re.sub(r",(?=[^)])", ", ", text)


def keras2_sources(text: str) -> tuple[Cell, ...]:
    """The tensors in a cell of Keras 2's, which is a list as Python writes it."""
    return tuple(Cell(one or other) for one, other in _QUOTED.findall(squeezed(text)))
