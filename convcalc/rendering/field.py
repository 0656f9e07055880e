"""Receptive fields as cells of the table, and the notes under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from convcalc.base.numbers import UNKNOWN, Number, plain
from convcalc.base.problems import listed
from convcalc.base.text import number_text, visible

if TYPE_CHECKING:
    from convcalc.analyse.receptive_field import AxisField, Field
    from convcalc.analyse.report import LayerReport
from convcalc.analyse.study import Study

EXCEEDS, MISALIGNED = "*", "!"
_SHOWN = 5


def field_size(row: LayerReport, report: Study) -> str:
    """The size on each axis, marked where it is larger than the input and where misaligned paths meet."""
    fields = _last(row, report)
    if fields is None:
        return "?"
    marks = EXCEEDS * any(field.exceeds for field in fields) + MISALIGNED * any(field.misaligned for field in fields)
    return f"{_text(fields, _size)}{marks and ' '}{marks}"


def field_stride(row: LayerReport, report: Study) -> str:
    """How far the field moves from one position to the next, on each axis."""
    fields = _last(row, report)
    return "?" if fields is None else _text(fields, _stride)


def field_padding(row: LayerReport, report: Study) -> str:
    """How far before the input the first field begins, on each axis."""
    fields = _last(row, report)
    return "?" if fields is None else _text(fields, lambda axis: number_text(axis.padding))


def plain_field_size(row: LayerReport, report: Study) -> str:
    """The size on each axis for programs: ``3x5``; empty where nothing is known."""
    return _text(_last(row, report) or (), _plain_size, "x", "")


def plain_field_stride(row: LayerReport, report: Study) -> str:
    """How far the field moves on each axis, for programs."""
    return _text(_last(row, report) or (), _stride, "x", "")


def plain_field_padding(row: LayerReport, report: Study) -> str:
    """How far before the input the first field begins on each axis, for programs."""
    return _text(_last(row, report) or (), lambda axis: _bare(axis.padding), "x", "")


def field_label(row: LayerReport, report: Study, name: str) -> str:
    """Whether a number of the field, by its name in the JSON report, is ``unknown`` or ``partial``; empty where it is known."""
    fields = _last(row, report)
    if fields is None:
        return "unknown"
    labels = {field.labels.get(name, "") for field in fields}
    return max(labels, default="")  # of several inputs: unknown before partial before nothing


def field_notes(rows: Sequence[LayerReport], report: Study) -> list[str]:
    """What the marks stand for, and which paths are misaligned."""
    found = [(row, _last(row, report) or ()) for row in rows]
    beyond = [row.name for row, fields in found if any(field.exceeds for field in fields)]
    apart = [(row.name, field.misaligned) for row, fields in found for field in fields if field.misaligned]
    notes = []
    if beyond:
        more = f" and {len(beyond) - 1} more" if len(beyond) > 1 else ""
        notes.append(f" {EXCEEDS} the field is larger than the input: '{visible(beyond[0])}'{more}")
    for name, paths in apart[:_SHOWN]:
        one, other = (visible(listed(path, "and")) if path else "the input" for path in paths)
        notes.append(f" {MISALIGNED} misaligned at '{visible(name)}': {one}, beside {other}")
    if len(apart) > _SHOWN:
        notes.append(f" {MISALIGNED} and {len(apart) - _SHOWN} more")
    return notes


def _last(row: LayerReport, report: Study) -> Sequence[Field] | None:
    """The fields of the layer's last call; None where nothing is known of it."""
    calls = report.receptive_fields.get(row.path)
    return calls[-1] if calls else None


def _text(fields: Sequence[Field], axis_text: Callable[[AxisField], str], times: str = "×", nothing: str = "-") -> str:
    """One text where all inputs agree, else one for each by its name."""
    texts = {field.input: times.join(map(axis_text, field.axes)) for field in fields}
    if len(set(texts.values())) <= 1:
        return next(iter(texts.values()), "") or nothing
    return "; ".join(f"{visible(name)}: {text}" for name, text in texts.items())


def _size(axis: AxisField) -> str:
    if axis.is_global and axis.size is UNKNOWN:
        return "all"
    return number_text(axis.size, "partial" if axis.reach is not None and axis.reach.partial else None)


def _plain_size(axis: AxisField) -> str:
    return "all" if axis.is_global and axis.size is UNKNOWN else _bare(axis.size)


def _bare(number: Number) -> str:
    value = plain(number)
    return str(value) if isinstance(value, int) else "?"


def _stride(axis: AxisField) -> str:
    if axis.reach is None or axis.stride is None:
        return "?"
    return str(axis.reach.stride)
