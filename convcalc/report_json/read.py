"""Reads a JSON report from ``convcalc summary --format json``, and checks its structure.

All values are read that are compared: names, classes, arguments, shapes, weights, connections, receptive fields and
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Shape
from convcalc.base.problems import Refusal, error
from convcalc.base.structs import Struct
from convcalc.report_json import SCHEMA_VERSION

_LAYER_NUMBERS = ("params", "trainable_params", "macs", "flops", "output_bytes")
_MEMORY_NUMBERS = ("input_bytes", "output_bytes", "activation_bytes", "peak_activation_bytes", "weight_bytes")
# Bytes are compared only if both reports were made without --assume-dtype and --inplace.
_COMPARABLE_MEMORY = {"dtype": None, "in_place": False}


class JsonNumber(Struct):
    """A number and its label in ``incomplete``: ``unknown``, ``partial`` or None."""

    value: int | None
    label: str | None


class JsonLayer(Struct):
    """A layer of a JSON report. ``inputs`` are the tensors that its calls read, such as ``add[0][0]``.

    ``data`` is the whole object of the layer. Reports of older versions do not have all keys.
    """

    name: str
    class_name: str
    depth: int
    output_shapes: tuple[Shape | None, ...]
    numbers: Mapping[str, JsonNumber]
    inputs: tuple[str, ...]
    data: Mapping[str, Any]


class JsonReport(Struct):
    """The contents of a JSON report. Memory that was computed with --assume-dtype or --inplace is left out."""

    model: str
    input_shapes: tuple[Shape | None, ...]
    output_shapes: tuple[Shape | None, ...]
    layers: tuple[JsonLayer, ...]
    totals: Mapping[str, JsonNumber]
    data: Mapping[str, Any]


def is_report(data: Any) -> bool:
    """Returns True if a JSON value looks like a report."""
    return isinstance(data, Mapping) and "schema_version" in data and "layers" in data


def parse_report(data: Mapping[str, Any], source: str) -> JsonReport:
    """Reads a report; ``source`` names the file in messages.

    Raises :class:`ConvcalcError` if the schema version is not supported, or if a value has the wrong type.
    """
    version = data["schema_version"]
    if version != SCHEMA_VERSION:
        message = (
            f"{source}: this JSON report has version {str(version)[:20]}, but only version {SCHEMA_VERSION} can be read;"
            " write the report again"
        )
        raise error(codes.NOT_A_RECORD, message)
    try:
        return _report(data)
    except Refusal as refusal:
        message = f"{source}: {refusal.message}; use a JSON report that --format json has written"
        raise error(codes.NOT_A_RECORD, message) from None


def _report(data: Mapping[str, Any]) -> JsonReport:
    model = _value(data, "model", dict, "the report")
    totals = _value(data, "totals", dict, "the report")
    memory = data.get("memory")
    comparable = isinstance(memory, dict) and all(memory.get(key) == value for key, value in _COMPARABLE_MEMORY.items())
    omitted = () if comparable else _MEMORY_NUMBERS
    layers = tuple(
        _layer(layer, f"layers[{number}]", omitted)
        for number, layer in enumerate(_value(data, "layers", list, "the report"))
    )
    numbers = {
        key: _number(totals, key, "totals") for key in totals if key not in (*omitted, "incomplete", "peak_layer")
    }
    name = _value(model, "name", str, "model")
    inputs, outputs = (_shapes(model, "model", key) for key in ("input_shapes", "output_shapes"))
    return JsonReport(name, inputs, outputs, layers, numbers, data)


def _layer(layer: Any, path: str, omitted: tuple[str, ...]) -> JsonLayer:
    """Reads a layer; ``path`` is its position in the report, such as ``layers[3]``."""
    if not isinstance(layer, dict):
        raise Refusal(f"{path} is not a mapping")
    shapes = _shapes(layer, path)
    name, class_name = _value(layer, "name", str, path), _value(layer, "class_name", str, path)
    numbers = {key: _number(layer, key, path) for key in _LAYER_NUMBERS if key in layer and key not in omitted}
    inputs: list[str] = []
    for number, call in enumerate(_value(layer, "calls", list, path)):
        if not isinstance(call, dict):
            raise Refusal(f"{path}.calls[{number}] is not a mapping")
        inputs += map(str, _value(call, "inputs", list, f"{path}.calls[{number}]"))
    for key, type_ in (("arguments", dict), ("weights", list)):
        if key in layer:
            _value(layer, key, type_, path)
    return JsonLayer(name, class_name, _value(layer, "depth", int, path), shapes, numbers, tuple(inputs), layer)


def _value(data: Mapping[str, Any], key: str, type_: type, path: str) -> Any:
    """Returns the value of a key in a mapping, after checking the type of the value."""
    value = data.get(key)
    if not isinstance(value, type_) or isinstance(value, bool):
        expected = {dict: "a mapping", list: "a list", str: "a text", int: "a whole number"}[type_]
        raise Refusal(f"'{key}' of {path} is {'missing' if key not in data else f'not {expected}'}")
    return value


def _number(data: Mapping[str, Any], key: str, path: str) -> JsonNumber:
    labels = data.get("incomplete")
    label = labels.get(key) if isinstance(labels, dict) else None
    return JsonNumber(None if data[key] is None else _value(data, key, int, path), label)


def _shapes(data: Mapping[str, Any], path: str, key: str = "output_shapes") -> tuple[Shape | None, ...]:
    return tuple(_shape(shape, path, key) for shape in _value(data, key, list, path))


def _shape(shape: Any, path: str, key: str) -> Shape | None:
    if shape is None:
        return None
    if not isinstance(shape, list) or not all(size is None or type(size) is int for size in shape):
        raise Refusal(f"'{key}' of {path} are not lists of whole numbers")
    return tuple(UNKNOWN if size is None else size for size in shape)
