"""A JSON report, as ``convcalc summary --format json`` writes it, read back as a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Shape
from convcalc.base.problems import Refusal, error
from convcalc.report_json import SCHEMA_VERSION
from convcalc.stored import Cell, Row, Snapshot, count, shapes_text

_COUNTS = ("params", "trainable_params", "macs", "output_bytes")
# What memory is counted under: bytes that were counted under anything else are not those of a plain report.
_PLAIN_MEMORY = {"dtype": None, "in_place": False}
_OF_MEMORY = ("input_bytes", "output_bytes", "activation_bytes", "peak_activation_bytes", "weight_bytes")


def is_report(data: Any) -> bool:
    """Whether a JSON value is meant as a report."""
    return isinstance(data, Mapping) and "schema_version" in data and "layers" in data


def snapshot_of_json(data: Mapping[str, Any], name: str) -> Snapshot:
    """The record of a report. Raises :class:`ConvcalcError` for one of another version, or that is not as convcalc writes it."""
    version = data["schema_version"]
    if version != SCHEMA_VERSION:
        message = (
            f"{name}: a JSON report of version {str(version)[:20]}; version {SCHEMA_VERSION} is read: write it anew"
        )
        raise error(codes.NOT_A_RECORD, message)
    try:
        return _record(data, name)
    except Refusal as refusal:
        raise error(
            codes.NOT_A_RECORD, f"{name}: {refusal.message}; a JSON report is what --format json writes"
        ) from None


def _record(data: Mapping[str, Any], name: str) -> Snapshot:
    model = _of(data, "model", dict, "the report")
    totals = _of(data, "totals", dict, "the report")
    memory = data.get("memory")
    plain = isinstance(memory, dict) and all(memory.get(key) == value for key, value in _PLAIN_MEMORY.items())
    left_out = () if plain else _OF_MEMORY
    rows = tuple(
        _row(layer, f"layers[{number}]", left_out)
        for number, layer in enumerate(_of(data, "layers", list, "the report"))
    )
    counts = {
        key: _count(totals, key, "totals") for key in totals if key not in (*left_out, "incomplete", "peak_layer")
    }
    called = _of(model, "name", str, "model")
    outputs = tuple(_shape(shape, "model") for shape in _of(model, "output_shapes", list, "model"))
    totals = {"output_shapes": Cell(shapes_text(outputs)), **counts}
    return Snapshot(name, called, rows, totals)


def _row(layer: Any, place: str, left_out: tuple[str, ...]) -> Row:
    if not isinstance(layer, dict):
        raise Refusal(f"{place} is no mapping")
    shapes = tuple(_shape(shape, place) for shape in _of(layer, "output_shapes", list, place))
    cells = {
        "name": Cell(_of(layer, "name", str, place)),
        "type": Cell(_of(layer, "class_name", str, place)),
        "output_shape": Cell(shapes_text(shapes)),
        **{key: _count(layer, key, place) for key in _COUNTS if key in layer and key not in left_out},
    }
    sources: list[Cell] = []
    for number, call in enumerate(_of(layer, "calls", list, place)):
        if not isinstance(call, dict):
            raise Refusal(f"{place}.calls[{number}] is no mapping")
        sources += [Cell(str(each)) for each in _of(call, "inputs", list, f"{place}.calls[{number}]")]
    return Row(cells, _of(layer, "depth", int, place), tuple(sources))


def _of(data: Mapping[str, Any], key: str, kind: type, place: str) -> Any:
    value = data.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        what = {dict: "a mapping", list: "a list", str: "a text", int: "a whole number"}[kind]
        raise Refusal(f"'{key}' of {place} is {'missing' if key not in data else f'not {what}'}")
    return value


def _count(data: Mapping[str, Any], key: str, place: str) -> Cell:
    labels = data.get("incomplete")
    label = labels.get(key) if isinstance(labels, dict) else None
    return count(None if data[key] is None else _of(data, key, int, place), label)


def _shape(shape: Any, place: str) -> Shape | None:
    if shape is None:
        return None
    if not isinstance(shape, list) or not all(size is None or type(size) is int for size in shape):
        raise Refusal(f"'output_shapes' of {place} are not lists of whole numbers")
    return tuple(UNKNOWN if size is None else size for size in shape)
