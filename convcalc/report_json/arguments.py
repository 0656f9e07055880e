"""The arguments of layers and of their calls, in one spelling: equal arguments have equal texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from zlib import crc32

from convcalc.analyse.report import LayerReport
from convcalc.base.numbers import UNKNOWN
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import Argument
from convcalc.layers.spelling import common_options, non_default_arguments
from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel
from convcalc.model import Call, Model, Slot
from convcalc.ops import Operation

Calls: TypeAlias = "Mapping[str, Sequence[Call]]"


def calls_by_path(model: Model) -> Calls:
    """Returns the calls of each layer, by the path of the layer."""
    calls: dict[str, list[Call]] = {}
    for prefix, inner in model.models():
        for call in inner.calls:
            calls.setdefault(prefix + inner.layers[call.layer].name, []).append(call)
    return calls


def call_arguments(model: Model, row: LayerReport, calls: Calls) -> tuple[Mapping[str, Any], ...] | None:
    """Returns the arguments of each call that are not tensors; None if they are unknown.

    Only Keras files state those of layers. Arguments that a spec can state too, such as ``use_causal_mask``, are among
    the arguments of the layer (:func:`row_arguments`).
    """
    made = calls.get(row.path, ())
    if len(made) != len(row.calls):  # a layer inside a custom layer, whose calls the model does not list
        return None
    if isinstance(row.definition, Operation):
        values = [dict(call.args) for call in made]
    elif model.own_flags:
        values = [dict(call.form.kwargs) if call.form is not None else {} for call in made]
    else:
        return None
    known = {argument.name for argument in _declared_for_calls(row)}
    return tuple(
        {name: value for name, value in args.items() if name not in known and not isinstance(value, Slot)}
        for args in values
    )


def row_arguments(row: LayerReport, calls: Calls) -> Mapping[str, Any]:
    """Returns the arguments of a layer that differ from their defaults."""
    definition = row.definition
    if isinstance(definition, LayerDefinition):
        return {**_layer_arguments(definition, row), **_of_calls(row, calls.get(row.path, ()))}
    if isinstance(definition, Operation):
        return definition.without_defaults(row.config)
    return row.config


def _declared_for_calls(row: LayerReport) -> Sequence[Argument]:
    return row.definition.call_arguments if isinstance(row.definition, LayerDefinition) else ()


def _of_calls(row: LayerReport, made: Sequence[Call]) -> dict[str, Any]:
    """Returns the arguments of calls that a spec states among those of the layer. Example: ``use_causal_mask: true``.

    If the calls of a layer have different values, the result has a list of them.
    """
    result: dict[str, Any] = {}
    for argument in _declared_for_calls(row):
        values = [call.args.get(argument.name, row.config.get(argument.name, argument.default)) for call in made]
        values = [argument.default if value is None else value for value in values]
        if any(value != argument.default for value in values):
            result[argument.name] = values[0] if all(value == values[0] for value in values) else values
    return result


def _layer_arguments(definition: LayerDefinition, row: LayerReport) -> dict[str, Any]:
    """Returns the arguments that differ from their defaults, with one spelling for equal values.

    Example: ``axis: -1`` becomes 3 for 4 axes, and ``strides`` equal to ``pool_size`` are left out.
    """
    values, arguments = non_default_arguments(definition, row.config), {**definition.defaults, **row.config}
    for argument in definition.call_arguments:
        values.pop(argument.name, None)
    if "pool_size" in arguments and arguments["strides"] == arguments["pool_size"]:
        values.pop("strides", None)
    shape = row.calls[0].input_shapes[0] if row.calls and row.calls[0].input_shapes else None
    if "axis" in values and shape is not None:
        values["axis"] = _non_negative_axis(values["axis"], len(shape))
        if values["axis"] == _non_negative_axis(definition.defaults.get("axis"), len(shape)):
            del values["axis"]
    return values


def _non_negative_axis(axis: Any, rank: int) -> Any:
    if isinstance(axis, (tuple, list)):
        return tuple(_non_negative_axis(part, rank) for part in axis)
    return axis + rank if isinstance(axis, int) and -rank <= axis < 0 else axis


def json_values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns arguments as JSON: numbers, texts and lists as they are, and other values as texts."""
    return {name: _json_value(value) for name, value in arguments.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return list(map(_json_value, value))
    if value is UNKNOWN:
        return None
    if value is None or isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return value_text(value)


def texts(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Returns the text of each argument. A value and its JSON value have the same text."""
    return {name: value_text(value) for name, value in arguments.items()}


def value_text(value: Any) -> str:
    """Returns a value as text, without the names of inner layers: Keras numbers them, so they change if a layer is
    added.
    """
    if isinstance(value, SubModel):
        return f"the model '{value.name}' ({_checksum(value.config)})"
    if isinstance(value, SubForeign):
        return f"the custom layer {value.name} ({_checksum(value.config)})"
    if isinstance(value, SubLayer):
        arguments = non_default_arguments(value.definition, value.args) | common_options(value.definition, value)
        return f"{value.definition.name}({', '.join(f'{name}={text}' for name, text in texts(arguments).items())})"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(value_text, value))})"
    if value is UNKNOWN:
        return "None"
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _checksum(config: Any) -> str:
    return f"{crc32(repr(config).encode(errors='backslashreplace')):08x}"
