"""Receptive fields as cells of a table, and as notes below the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from convcalc.base.numbers import UNKNOWN, Number, plain
from convcalc.base.problems import listed
from convcalc.base.text import number_text, visible

if TYPE_CHECKING:
    from convcalc.analyse.receptive_field import AxisField, Field
    from convcalc.analyse.report import LayerReport
from convcalc.analyse.selection import members
from convcalc.analyse.study import Study

EXCEEDS, MISALIGNED = "*", "!"
_MOST_NOTES = 5


def field_size(row: LayerReport, report: Study) -> str:
    """Returns the size of the receptive field on each axis.

    ``*`` means that the field is larger than the input. ``!`` means that misaligned paths meet in the layer.
    """
    fields = _last(row, report)
    if fields is None:
        return "?"
    marks = EXCEEDS * any(field.exceeds for field in fields) + MISALIGNED * any(field.misaligned for field in fields)
    return f"{_text(fields, _size)}{marks and ' '}{marks}"


def field_stride(row: LayerReport, report: Study) -> str:
    """Returns, for each axis, the distance between the receptive fields of neighbouring positions."""
    fields = _last(row, report)
    return "?" if fields is None else _text(fields, _stride)


def field_padding(row: LayerReport, report: Study) -> str:
    """Returns, for each axis, the number of padding positions in the receptive field of the first output position."""
    fields = _last(row, report)
    return "?" if fields is None else _text(fields, lambda axis: number_text(axis.padding))


def plain_field_size(row: LayerReport, report: Study) -> str:
    """Returns the size of the receptive field on each axis as text that a program can read, such as ``3x5``.

    The text is empty if the field is unknown.
    """
    return _text(_last(row, report) or (), _plain_size, "x", "")


def plain_field_stride(row: LayerReport, report: Study) -> str:
    """Returns the stride of the receptive field on each axis, for programs."""
    return _text(_last(row, report) or (), _stride, "x", "")


def plain_field_padding(row: LayerReport, report: Study) -> str:
    """Returns the padding of the receptive field on each axis, for programs."""
    return _text(_last(row, report) or (), lambda axis: _number(axis.padding), "x", "")


def field_label(row: LayerReport, report: Study, name: str) -> str:
    """Returns ``unknown`` or ``partial`` for a number that is not fully known, otherwise an empty string.

    ``name`` is the JSON report's key for the number.
    """
    fields = _last(row, report)
    if fields is None:
        return "unknown"
    labels = {field.labels.get(name, "") for field in fields}
    # "", "partial" and "unknown" are in alphabetical order, so max returns the worst label
    return max(labels, default="")


def field_notes(rows: Sequence[LayerReport], report: Study) -> list[str]:
    """Returns notes that explain the marks and name the misaligned paths."""
    fields_of_rows = [(row, _last(row, report) or ()) for row in rows]
    too_large = [row.name for row, fields in fields_of_rows if any(field.exceeds for field in fields)]
    misaligned = [
        (row.name, field.misaligned) for row, fields in fields_of_rows for field in fields if field.misaligned
    ]
    notes = []
    if too_large:
        more = f" and {len(too_large) - 1} more" if len(too_large) > 1 else ""
        notes.append(f" {EXCEEDS} the receptive field is larger than the input: '{visible(too_large[0])}'{more}")
    for name, paths in misaligned[:_MOST_NOTES]:
        left, right = (f"through {visible(listed(path, 'and'))}" if path else "from the input" for path in paths)
        notes.append(f" {MISALIGNED} misaligned at '{visible(name)}': the path {left}, and the path {right}")
    if len(misaligned) > _MOST_NOTES:
        notes.append(f" {MISALIGNED} and {len(misaligned) - _MOST_NOTES} more")
    return notes


def _last(row: LayerReport, report: Study) -> Sequence[Field] | None:
    """Returns the receptive fields of the layer's last call, one for each input of the model; None if they are unknown."""
    calls = report.receptive_fields.get(members(row)[-1].path)
    return calls[-1] if calls else None


def _text(
    fields: Sequence[Field], axis_text: Callable[[AxisField], str], separator: str = "×", empty: str = "-"
) -> str:
    """Returns one text if all inputs have the same text, otherwise a text such as ``image: 3×3; mask: 1×1``."""
    texts = {field.input: separator.join(map(axis_text, field.axes)) for field in fields}
    if len(set(texts.values())) <= 1:
        return next(iter(texts.values()), "") or empty
    return "; ".join(f"{visible(name)}: {text}" for name, text in texts.items())


def _size(axis: AxisField) -> str:
    if axis.is_global and axis.size is UNKNOWN:
        return "all"
    return number_text(axis.size, "partial" if axis.reach is not None and axis.reach.partial else None)


def _plain_size(axis: AxisField) -> str:
    return "all" if axis.is_global and axis.size is UNKNOWN else _number(axis.size)


def _number(number: Number) -> str:
    value = plain(number)
    return str(value) if isinstance(value, int) else "?"


def _stride(axis: AxisField) -> str:
    if axis.reach is None or axis.stride is None:
        return "?"
    return str(axis.reach.stride)
