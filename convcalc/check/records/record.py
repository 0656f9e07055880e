"""What is on record of a model: rows of cells, as many as were written down.

A report, a text that Keras printed and a JSON report all become a :class:`Record`, and two records are held against each
other (:mod:`convcalc.check.comparing.compare`). A cell that is not there was not recorded: nothing is held against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from convcalc.analyse.report import LayerReport, Report
from convcalc.layers import LayerType
from convcalc.layers.sublayer import SubLayer, SubModel
from convcalc.numbers import UNKNOWN, Shape, plain_number
from convcalc.ops import Operation
from convcalc.records import NamedTuple
from convcalc.write.arguments import own_arguments, settings


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
class Record:
    """Everything on record of one model. ``totals`` has the names of the JSON report: ``params``, ``trainable_params``,
    ``non_trainable_params``, ``param_bytes``, ``macs``, ``peak_activation_bytes`` …, and the ``output_shapes``; from a text also
    the sizes that stand behind the counts.

    ``kind`` says who tells it: ``report``, or the texts ``keras`` and ``keras2``.
    """

    source: str
    model: str
    rows: tuple[Row, ...]
    totals: Mapping[str, Cell] = field(default_factory=dict)
    kind: str = "report"


def of_report(report: Report) -> Record:
    """All that a report says of a model."""
    counts = report.totals_with_memory()
    totals = {"output_shapes": Cell(shapes_text(report.output_shapes))}
    totals |= {key: count(value, counts["incomplete"].get(key)) for key, value in counts.items() if _is_count(key)}
    rows = tuple(_row(row, report) for row in report.layers)
    return Record(report.model.source or report.model.name, report.model.name, rows, totals)


def _is_count(key: str) -> bool:
    return key not in ("incomplete", "peak_layer")


def _row(row: LayerReport, report: Report) -> Row:
    size = report.memory.output_bytes(row)
    cells = {
        "name": Cell(row.name),
        "type": Cell(row.class_name),
        "output_shape": Cell(shapes_text(row.output_shapes)),
        "params": count(plain_number(row.params), row.incomplete.get("params")),
        "trainable_params": count(plain_number(row.trainable_params), row.incomplete.get("trainable_params")),
        "trainable": Cell(("Y" if row.trainable else "N") if row.params != 0 else "-"),
        "dtype": Cell(row.dtype),
        "macs": count(plain_number(row.macs), row.incomplete.get("macs")),
        "output_bytes": count(plain_number(size.value), size.label),
    }
    sources = tuple(Cell(source) for call in row.calls for source in call.inputs)
    return Row(cells, row.depth, sources, _arguments(row), row.path)


def count(number: int | None, label: str | None) -> Cell:
    """A number with what ``incomplete`` says of it."""
    return Cell(number, partial=label == "partial")


def _arguments(row: LayerReport) -> Mapping[str, str]:
    """The arguments that are not as by default, as texts."""
    kind = row.kind
    if isinstance(kind, LayerType):
        own = _own(kind, row)
    else:
        own = kind.own_values(row.config) if isinstance(kind, Operation) else dict(row.config)
    return {name: _value(value) for name, value in own.items()}


def _own(kind: LayerType, row: LayerReport) -> dict[str, Any]:
    """A layer's arguments that are not as by default, in whichever words they say so: the last axis by its number, the strides
    of a pooling by its size.
    """
    own, given = own_arguments(kind, row.config), {**kind.defaults, **row.config}
    if "pool_size" in given and given["strides"] == given["pool_size"]:
        own.pop("strides", None)
    shape = row.calls[0].input_shapes[0] if row.calls and row.calls[0].input_shapes else None
    if "axis" in own and shape is not None:
        own["axis"] = _from_front(own["axis"], len(shape))
        if own["axis"] == _from_front(kind.defaults.get("axis"), len(shape)):
            del own["axis"]
    return own


def _from_front(axis: Any, rank: int) -> Any:
    if isinstance(axis, (tuple, list)):
        return tuple(_from_front(each, rank) for each in axis)
    return axis + rank if isinstance(axis, int) and -rank <= axis < 0 else axis


def _value(value: Any) -> str:
    """A value as a text. Names of layers inside are left out, as Keras numbers them through the model."""
    if isinstance(value, SubModel):
        return f"the model '{value.name}' ({crc32(repr(value.config).encode(errors='backslashreplace')):08x})"
    if isinstance(value, SubLayer):
        own = own_arguments(value.kind, value.args) | settings(value.kind, value)
        return f"{value.kind.name}({', '.join(f'{name}={_value(part)}' for name, part in own.items())})"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_value, value))})"
    return str(value)


def shapes_text(shapes: tuple[Shape | None, ...]) -> str:
    """``(None, 28, 28, 1)``; several stand behind one another."""
    return ", ".join(map(_shape_text, shapes))


def _shape_text(shape: Shape | None) -> str:
    return "?" if shape is None else f"({', '.join('None' if size is UNKNOWN else str(size) for size in shape)})"
