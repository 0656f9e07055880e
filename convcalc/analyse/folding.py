"""Folds the rows of repeated parts of a model to one row each, with the sums of their numbers.

A part is a block or a round of a repeat in a spec, a group of layers whose names have the same beginning, such as
``conv2_block1_``, or any sequence of layers that follows itself. Equal parts in succession become one row with ``×N``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import accumulate
from typing import TypeAlias

from convcalc.analyse.report import CallReport, Counts, LayerReport
from convcalc.analyse.sums import PartialSum, sum_known
from convcalc.base.structs import Struct
from convcalc.model import Layer

# A row and the rows of the layers inside it.
Unit: TypeAlias = "list[LayerReport]"

_LEAST = 2  # a part has at least this many layers
_LONGEST_PERIOD = 64  # the maximum number of layers in a sequence that is searched for repetitions
_WITHOUT_REPETITION = 0.4  # the worth of a part of a spec that is used once, compared with a part that is repeated


class FoldedRow(LayerReport):
    """A row that stands for several layers. Its numbers are sums, and its output is that of the last layer."""

    __slots__ = ("parts",)

    parts: tuple[LayerReport, ...]

    @property
    def members(self) -> tuple[LayerReport, ...]:
        """The rows that are folded."""
        return self.parts


class _Part(Struct):
    """A part: the units ``start`` to ``end``, the ``template`` that it shares with other parts, and its name."""

    start: int
    end: int
    template: Hashable
    label: str


def folded(rows: Sequence[LayerReport]) -> list[LayerReport]:
    """Returns the rows, with one row for each part. The layers of a nested model are folded among themselves."""
    names: dict[str, str] = {}
    result = _fold(_units(rows), names)
    return [_with_new_sources(row, names) for row in result]


def _units(rows: Sequence[LayerReport]) -> list[Unit]:
    units: list[Unit] = []
    for row in rows:
        if units and row.depth > units[0][0].depth:
            units[-1].append(row)
        else:
            units.append([row])
    return units


def _fold(units: list[Unit], names: dict[str, str]) -> list[LayerReport]:
    result: list[LayerReport] = []
    position = 0
    for part in _with_repetitions(units, _parts(units)):
        result += _unfolded(units[position : part.start], names)
        position = part.end
        result.append(_row(part, units, names))
    return result + _unfolded(units[position:], names)


def _unfolded(units: list[Unit], names: dict[str, str]) -> list[LayerReport]:
    return [row for unit in units for row in (unit[0], *(_fold(_units(unit[1:]), names) if unit[1:] else ()))]


# Parts ------------------------------------------------------------------------------------------------------------------


def _parts(units: Sequence[Unit]) -> list[_Part]:
    """Returns the parts in order. Of the possible divisions, the one in which most layers are in repeated parts is used."""
    free = set(range(len(units)))
    chosen: list[_Part] = []
    by_template = _candidates(units)
    while True:
        divisions = [_division(units, parts, free) for parts in by_template.values()]
        worth, _, best = max(divisions, key=lambda division: division[:2], default=(0.0, 0, []))
        if not worth:
            return sorted(chosen, key=lambda part: part.start)
        chosen += best
        for part in best:
            free -= set(range(part.start, part.end))


def _candidates(units: Sequence[Unit]) -> dict[Hashable, list[_Part]]:
    """Returns all possible parts by their template."""
    spans: dict[tuple[Hashable, Hashable, str], list[int]] = defaultdict(list)
    for index, (row, *_) in enumerate(units):
        for match in re.finditer(r"\d[a-z]?(?=[_/.-])", row.name):
            prefix = row.name[: match.end()]
            spans["name", re.sub(r"\d+", "#", prefix), prefix].append(index)
        blocks: tuple[tuple[str, int], ...] = getattr(row.layer.place, "blocks", ())
        for depth in range(1, len(blocks) + 1):
            labels = tuple(label for label, _ in blocks[:depth])
            spans["spec", labels, str(blocks[:depth])].append(index)
    result: dict[Hashable, list[_Part]] = defaultdict(list)
    numbers: dict[Hashable, int] = defaultdict(int)
    for (kind, template, instance), indices in spans.items():
        label = instance
        if kind == "spec":
            assert isinstance(template, tuple)
            numbers[template] += 1
            label = f"{template[-1]} {numbers[template]}"
        result[kind, template].append(_Part(indices[0], indices[-1] + 1, (kind, template), label))
    return result


def _division(units: Sequence[Unit], parts: Sequence[_Part], free: set[int]) -> tuple[float, int, list[_Part]]:
    """Returns the worth of a division, its preference among equals, and its parts that do not overlap other parts."""
    ordered = sorted(parts, key=lambda part: part.start)
    ends = [0, *accumulate((part.end for part in ordered), max)]  # the last end of the parts before each part
    starts = [*(part.start for part in ordered[1:]), len(units)]
    usable = [
        part
        for part, end, start in zip(ordered, ends, starts)
        if part.end - part.start >= _LEAST and end <= part.start and part.end <= start
        if free.issuperset(range(part.start, part.end))
    ]
    structures: dict[Hashable, int] = defaultdict(int)
    keys = [tuple(unit[0].class_name for unit in units[part.start : part.end]) for part in usable]
    for key in keys:
        structures[key] += 1
    repeated = sum(len(key) for key in keys if structures[key] > 1)
    once = sum(len(key) for key in keys if structures[key] == 1 and len(key) > _LEAST)
    usable = [part for part, key in zip(usable, keys) if structures[key] > 1 or len(key) > _LEAST]
    from_spec = any(isinstance(part.template, tuple) and part.template[0] == "spec" for part in usable)
    worth = repeated + _WITHOUT_REPETITION * once * (from_spec or bool(repeated))
    return worth, -len(usable), usable


def _signature(units: Sequence[Unit]) -> Hashable:
    """Returns a key that is equal for equal parts: the classes, arguments, shapes and numbers of their layers."""
    return tuple(
        (
            *(row.class_name, str(sorted(row.config.items(), key=lambda item: item[0])), row.output_shapes),
            *(row.params, row.trainable_params, row.macs, row.flops),
        )
        for unit in units
        for row in unit
    )


def _with_repetitions(units: Sequence[Unit], parts: Sequence[_Part]) -> list[_Part]:
    """Returns the parts, and in the gaps between them the sequences of layers that follow themselves."""
    result: list[_Part] = []
    position = 0
    for part in (*parts, _Part(len(units), len(units), None, "")):
        result += _merged(units, _sequences(units, position, part.start))
        result.append(part)
        position = part.end
    return _merged(units, result[:-1])


def _sequences(units: Sequence[Unit], start: int, end: int) -> list[_Part]:
    """Returns the sequences of layers among the units ``start`` to ``end`` that follow themselves."""
    keys = [_signature([unit]) for unit in units[start:end]]
    parts: list[_Part] = []
    position = 0
    while position < len(keys):
        best = (0, 0)  # the number of layers, and the period
        for period in range(_LEAST, min(_LONGEST_PERIOD, (len(keys) - position) // 2) + 1):
            count = 1
            while (
                keys[position + count * period : position + (count + 1) * period] == keys[position : position + period]
            ):
                count += 1
            if count > 1 and count * period > best[0]:
                best = (count * period, period)
        length, period = best
        for first in range(start + position, start + position + length, period or 1):
            parts.append(_Part(first, first + period, ("sequence", position), units[first][0].name))
        position += length or 1
    return parts


def _merged(units: Sequence[Unit], parts: Sequence[_Part]) -> list[_Part]:
    """Returns the parts, with equal parts in succession as one part. Its label has the first and the last name, and ×N."""
    result: list[_Part] = []
    counts: list[int] = []
    firsts: list[_Part] = []
    for part in parts:
        before = firsts[-1] if firsts else None
        if (
            before is not None
            and result[-1].end == part.start
            and before.template == part.template
            and "×" not in part.label
            and _signature(units[before.start : before.end]) == _signature(units[part.start : part.end])
        ):
            counts[-1] += 1
            label = f"{_range(before.label, part.label)} ×{counts[-1]}"
            result[-1] = _Part(before.start, part.end, part.template, label)
        else:
            result.append(part)
            firsts.append(part)
            counts.append(1)
    return result


def _range(first: str, last: str) -> str:
    """Returns the range from ``conv2_block2`` to ``conv2_block3`` as ``conv2_block2…3``."""
    if last.startswith(first):  # dense … dense_2
        return f"{first} … {last}"
    shared = [match.start() for match in re.finditer(r"\d+", first) if last.startswith(first[: match.start()])]
    return f"{first}…{last[shared[-1] :]}" if shared and shared[-1] else f"{first} … {last}"


# Rows -------------------------------------------------------------------------------------------------------------------


def _row(part: _Part, units: Sequence[Unit], names: dict[str, str]) -> LayerReport:
    """Returns the row of a part."""
    rows = [unit[0] for unit in units[part.start : part.end]]
    counted = [row for row in rows if not row.layer.shares_weights]
    last, inside = rows[-1], {row.name for row in rows}
    sums = {name: _sum(counted, name) for name in ("params", "trainable_params")}
    sums |= {name: _sum(rows, name) for name in ("macs", "flops") if rows[0].flops is not None or name == "macs"}
    counts = Counts(
        output_shapes=last.output_shapes,
        weights=(),
        params=sums["params"].value,
        trainable_params=sums["trainable_params"].value,
        macs=sums["macs"].value,
        incomplete={name: total.label for name, total in sums.items() if total.label},
        recorded=any(row.recorded for row in rows),
        flops=sums["flops"].value if "flops" in sums else None,
    )
    pairs = [
        (source, shape)
        for row in rows
        for call in row.calls
        for source, shape in zip(call.inputs, call.input_shapes)
        if _layer(source) not in inside
    ]
    distinct = dict(pairs)
    call = CallReport(tuple(distinct), last.calls[-1].result, tuple(distinct.values()))
    times = int(part.label.rpartition("×")[2]) if "×" in part.label else 1
    number = len(rows) // times
    class_name = f"{number} layer{'s' * (number != 1)}{' each' * (times > 1)}"
    layer = Layer(
        part.label, class_name, last.definition, trainable=any(row.trainable for row in rows if row.params != 0)
    )
    for row in rows:
        names[row.prefix + row.name] = part.label
    result = FoldedRow(layer, last.prefix, last.depth, layer.trainable, (call,), counts)
    result.parts = tuple(rows)
    return result


def _sum(rows: Sequence[LayerReport], name: str) -> PartialSum:
    total = sum_known([getattr(row, name) for row in rows])
    partial = "partial" if any(name in row.incomplete for row in rows) else ""
    return PartialSum(total.value, total.label or partial)


def _layer(source: str) -> str:
    """Returns the layer of a tensor: ``add`` for ``add[0][0]``."""
    return source.split("[", 1)[0]


def _with_new_sources(row: LayerReport, names: dict[str, str]) -> LayerReport:
    """Returns a row that reads folded rows by their names."""
    if not any(row.prefix + _layer(source) in names for call in row.calls for source in call.inputs):
        return row
    calls = tuple(
        CallReport(
            tuple(dict.fromkeys(names.get(row.prefix + _layer(source), source) for source in call.inputs)),
            call.result,
            call.input_shapes,
            call.flops,
        )
        for call in row.calls
    )
    changed = row.with_counts(row.counts, calls)
    if isinstance(row, FoldedRow):
        again = FoldedRow(row.layer, row.prefix, row.depth, row.trainable, calls, row.counts)
        again.parts = row.parts
        return again
    return changed
