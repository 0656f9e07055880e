"""A stored summary of a model: a :class:`Snapshot` with rows and cells.

Snapshots come from reports, printed summaries and JSON reports (:mod:`convcalc.snapshot`).
:mod:`convcalc.differences.compare` compares two of them. A value that the source does not contain has no cell, and is
not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from convcalc.base.numbers import Shape, plain, shape_text
from convcalc.base.structs import Struct

# The formats of snapshots: a report with all values, or the text that Keras 3 or Keras 2 prints.
REPORT, KERAS3_TEXT, KERAS2_TEXT = "report", "keras", "keras2"


class Cell(Struct):
    """A text or a number of a row, or a total.

    Attributes:
        value: The text or number; None if it is unknown.
        cropped: True if a part of the text is missing. "conv…" stands for a longer word, and "a … b" for missing words
            between a and b. Without a final "…", the last word may be cut off.
        partial: True if the number is only a lower bound.
    """

    value: str | int | None
    cropped: bool = False
    partial: bool = False

    @property
    def text(self) -> str:
        """The text as a summary shows it: ``1,234``, ``≥ 1,234``, ``?``."""
        if self.value is None:
            return "?"
        return f"{'≥ ' * self.partial}{self.value:,}" if isinstance(self.value, int) else self.value

    def agrees(self, other: Cell) -> bool:
        """Returns True if two cells may have the same content. Missing parts of cropped texts are not compared."""
        if self.cropped or other.cropped:
            mine, theirs = self.text, other.text
            return (
                mine == theirs
                or (self.cropped and _is_cropping_of(mine, theirs))
                or (other.cropped and _is_cropping_of(theirs, mine))
            )
        return self.value == other.value and self.partial == other.partial


def _is_cropping_of(cropped: str, text: str) -> bool:
    """Returns True if ``text`` may be the full text of ``cropped``: "a b" for "a …"."""
    parts, words = cropped.split(" "), text.split(" ")
    ends_marked = cropped.endswith("…")  # if the text does not end with "…", its last word may be cut off
    position, gap = 0, False
    for part, next_part in zip(parts, [*parts[1:], "" if ends_marked else "…"]):
        if part == "…":
            gap = True
            continue
        while position < len(words) and not _is_cropped_word_of(part, words[position], cut=next_part == "…"):
            if not gap:
                return False
            position += 1
        if position == len(words):
            return False
        position += 1
    return gap or not ends_marked or position == len(words)


def _is_cropped_word_of(part: str, word: str, cut: bool) -> bool:
    """Returns True if ``part`` is ``word``, or its beginning such as "conv…". With ``cut``, also for "conv" without
    "…".
    """
    if part.endswith("…"):
        return len(word) >= len(part) and word.startswith(part[:-1])
    return word.startswith(part) if cut else word == part


class Port(Struct):
    """An input or output of a model. ``key`` is its place in lists and mappings, such as ``image: ``; otherwise empty."""

    key: str
    tensor: Cell


# the inputs and the outputs of a model
Ports: TypeAlias = "tuple[tuple[Port, ...], tuple[Port, ...]]"


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """A layer.

    Attributes:
        cells: The known values by field: ``name``, ``type``, ``output_shape``, ``params``, ``trainable_params``, ``trainable``
            ("Y", "N" or "-"), ``dtype``, ``macs``, ``output_bytes``, ``weights``. A JSON report also has
            ``receptive_field``, ``flops`` and ``output_dtypes``.
        depth: 0 for a layer of the model itself, 1 for a layer of a nested model, and so on.
        sources: The tensors that the layer reads, such as ``add[0][0]``; None if unknown.
        arguments: The arguments that differ from their defaults; None if unknown.
        path: The path of the layer in the report; None if the snapshot does not come from a report.
        call_arguments: The arguments of each call that are not tensors, such as ``training``; None if unknown.
        ports: The inputs and outputs of a nested model; None if unknown, and for other layers.
    """

    cells: Mapping[str, Cell]
    depth: int = 0
    sources: tuple[Cell, ...] | None = None
    arguments: Mapping[str, str] | None = None
    path: str | None = None
    call_arguments: tuple[Mapping[str, str], ...] | None = None
    ports: Ports | None = None

    def __repr__(self) -> str:
        """Returns the name and the class."""
        return f"{type(self).__name__}({self.name!r}, {self.type})"

    @property
    def name(self) -> str:
        """The layer's name, which may be cropped; empty if unknown."""
        return self.cells["name"].text if "name" in self.cells else ""

    @property
    def type(self) -> str:
        """The name of the layer's class, which may be cropped; empty if unknown."""
        return self.cells["type"].text if "type" in self.cells else ""


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot:
    """A stored summary of one model.

    Attributes:
        source: The file, for messages.
        model: The model's name.
        rows: The layers, in the order of a summary.
        totals: The totals by their names in the JSON report (``params``, ``param_bytes``, ``macs`` …), and
            ``output_shapes``. A printed summary also has the sizes printed after the counts, such as ``param_size``.
        format: :data:`REPORT`, :data:`KERAS3_TEXT` or :data:`KERAS2_TEXT`.
        ports: The inputs and outputs of the model; None if unknown.
        convention: How the FLOPs are counted; empty if the snapshot has none.
    """

    source: str
    model: str
    rows: tuple[Row, ...]
    totals: Mapping[str, Cell] = field(default_factory=dict)
    format: str = REPORT
    ports: Ports | None = None
    convention: str = ""

    def __repr__(self) -> str:
        """Returns the source, the name of the model and the number of layers."""
        count = len(self.rows)
        return f"{type(self).__name__}({self.source!r}, {self.model!r}, {count:,} layer{'s' * (count != 1)})"


def count_cell(number: int | None, label: str | None) -> Cell:
    """Returns the cell of a number. ``label`` is the number's label under ``incomplete``: ``unknown``, ``partial`` or
    None.
    """
    return Cell(number, partial=label == "partial")


def snapshot_shapes_text(shapes: tuple[Shape | None, ...]) -> str:
    """Returns the shapes as text, separated by commas: ``(None, 28, 28, 1), (None, 10)``."""
    return ", ".join(keras3_shape_text(None if shape is None else tuple(map(plain, shape))) for shape in shapes)


def keras3_shape_text(shape: Shape | None) -> str:
    """Returns a shape as Keras 3 prints it, such as ``(10)``. Python would write ``(10,)``."""
    return shape_text(shape).replace(",)", ")")
