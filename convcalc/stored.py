"""What is on record of a model: rows of cells, as many as were written down.

A report, a text that Keras printed and a JSON report all become a :class:`Snapshot` (:mod:`convcalc.snapshot`), and two
snapshots are compared (:mod:`convcalc.differences.compare`). A cell that is not there was not recorded: it is not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from convcalc.base.numbers import UNKNOWN, Shape
from convcalc.base.structs import NamedTuple


class Cell(NamedTuple):
    """A text or a number; None is one that is not known, a ``partial`` one only a lower bound.

    Of a ``cropped`` one only the beginning is there, or what is left of it around the "…" that stand for the rest of a word,
    and alone for any words.
    """

    value: str | int | None
    cropped: bool = False
    partial: bool = False

    @property
    def text(self) -> str:
        """As a summary writes it: ``1,234``, ``≥ 1,234``, ``?``."""
        if self.value is None:
            return "?"
        return f"{'≥ ' * self.partial}{self.value:,}" if isinstance(self.value, int) else self.value

    def agrees(self, other: Cell) -> bool:
        """Whether what is to be seen of both is the same."""
        if self.cropped or other.cropped:
            one, two = self.text, other.text
            return one == two or (self.cropped and _shown(one, two)) or (other.cropped and _shown(two, one))
        return self.value == other.value and self.partial == other.partial


def _shown(cropped: str, text: str) -> bool:
    """Whether a text looks so where it is cropped."""
    parts, words = cropped.split(" "), text.split(" ")
    whole = cropped.endswith("…")  # else the end of the text was cut off, perhaps within a word
    at, anywhere = 0, False
    for part, behind in zip(parts, [*parts[1:], "" if whole else "…"]):
        if part == "…":
            anywhere = True
            continue
        while at < len(words) and not _begins(words[at], part, cut=behind == "…"):
            if not anywhere:
                return False
            at += 1
        if at == len(words):
            return False
        at += 1
    return anywhere or not whole or at == len(words)


def _begins(word: str, part: str, cut: bool) -> bool:
    if part.endswith("…"):
        return len(word) >= len(part) and word.startswith(part[:-1])
    return word.startswith(part) if cut else word == part


@dataclass(frozen=True, slots=True)
class Row:
    """A layer. ``cells`` goes from a field to what is on record of it: ``name``, ``type``, ``output_shape``, ``params``,
    ``trainable_params``, ``trainable`` (Y, N or -), ``dtype``, ``macs``, ``output_bytes``.

    ``sources`` are the tensors that it is connected to, as ``add[0][0]``; ``arguments`` those that are not as by default; None
    where they are not on record. ``depth`` is 1 for a layer of a nested model. ``path`` is the row's in the report, if it is of one.
    """

    cells: Mapping[str, Cell]
    depth: int = 0
    sources: tuple[Cell, ...] | None = None
    arguments: Mapping[str, str] | None = None
    path: str | None = None

    @property
    def name(self) -> str:
        """What is to be seen of the layer's name."""
        return self.cells["name"].text if "name" in self.cells else ""

    @property
    def type(self) -> str:
        """What is to be seen of the name of the layer's class."""
        return self.cells["type"].text if "type" in self.cells else ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything on record of one model. ``totals`` has the names of the JSON report: ``params``, ``trainable_params``,
    ``non_trainable_params``, ``param_bytes``, ``macs``, ``peak_activation_bytes`` …, and the ``output_shapes``; from a text also
    the sizes that stand behind the counts.

    ``format`` says who tells it: ``report``, or the texts ``keras`` and ``keras2``.
    """

    source: str
    model: str
    rows: tuple[Row, ...]
    totals: Mapping[str, Cell] = field(default_factory=dict)
    format: str = "report"


def count(number: int | None, label: str | None) -> Cell:
    """A number with what ``incomplete`` says of it."""
    return Cell(number, partial=label == "partial")


def shapes_text(shapes: tuple[Shape | None, ...]) -> str:
    """``(None, 28, 28, 1)``; several stand behind one another."""
    return ", ".join(map(_shape_text, shapes))


def _shape_text(shape: Shape | None) -> str:
    return "?" if shape is None else f"({', '.join('None' if size is UNKNOWN else str(size) for size in shape)})"
