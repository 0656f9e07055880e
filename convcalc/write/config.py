"""Writes a model as a Keras 3 config for ``keras.models.model_from_json``.

Every argument is written, because some layers of Keras need all their arguments. Source: ``Functional.get_config`` and
``Sequential.get_config``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, overload

from convcalc.analyse import infer
from convcalc.analyse.report import LayerReport, Report
from convcalc.base import codes
from convcalc.base.keras_names import short_class
from convcalc.base.numbers import UNKNOWN, plain_shape
from convcalc.base.problems import error
from convcalc.layers import LayerDefinition
from convcalc.layers.arguments import REQUIRED
from convcalc.layers.sublayer import SubForeign, SubLayer, SubModel
from convcalc.model import (
    INPUT_FLAGS,
    Call,
    Constant,
    Foreign,
    Layer,
    Model,
    Ref,
    Slot,
    call_numbers,
    input_args,
    summary_order,
)
from convcalc.ops import Operation
from convcalc.write.arguments import recorded_size
from convcalc.write.calls import positional_arguments, require_keras_operations
from convcalc.write.policies import policy_json


def config_json(report: Report) -> str:
    """Returns the config of the model as JSON text."""
    require_keras_operations(report.model)
    rows = {row.path: row for row in report.layers}
    return json.dumps(_model(report.model, rows, ""), indent=1, ensure_ascii=False) + "\n"


def require_known_shapes(report: Report) -> None:
    """Raises :class:`ConvcalcError` if a layer reads a tensor of unknown rank, because Keras refuses such a config."""
    rows = {row.path: row for row in report.layers}
    for prefix, model in report.model.models():
        if model.class_name == "Sequential":
            continue
        numbers = call_numbers(model)
        for call in model.calls:
            for ref in call.sources:
                name = model.layer_of(ref).name
                shapes = rows[prefix + name].calls[numbers[ref.call]].output_shapes
                if ref.output >= len(shapes) or shapes[ref.output] is None:
                    message = (
                        f"'{prefix}{model.layers[call.layer].name}' reads output {ref.output} of '{name}', whose shape is "
                        f"unknown, but a config needs this shape: write .py, or write a spec and add "
                        f"'expect: {{output_shape: …}}' to '{name}'"
                    )
                    raise error(codes.CANNOT_WRITE, message)


def _model(model: Model, rows: Mapping[str, LayerReport], prefix: str, trainable: bool = True) -> dict[str, Any]:
    trains = trainable or model.own_flags
    trainable = trainable and model.trainable
    if model.class_name == "Sequential":
        entries = [_object(layer, rows, prefix, trains) for layer in model.layers]
        # leave out inputs of unknown shape
        unknown = [number for number, layer in enumerate(model.layers) if layer.broken]
        for call in model.calls:
            before = rows.get(prefix + model.layer_of(call.inputs[0]).name) if call.inputs else None
            if before is not None and before.calls[-1].recorded and before.output_shapes[0] is not None:
                # The layer before has an unknown class: write its recorded output shape as this layer's input shape.
                entries[call.layer]["build_config"] = {"input_shape": plain_shape(before.output_shapes[0])}
        known = [entry for number, entry in enumerate(entries) if number not in unknown]
        config: dict[str, Any] = {"name": model.name, "trainable": trainable, "layers": known}
        return _entry(model.own_class, config) or {
            "module": "keras",
            "class_name": "Sequential",
            "config": config,
            "registered_name": None,
        }
    numbers = call_numbers(model)
    calls: dict[int, list[Call]] = {}
    for call in model.calls:
        calls.setdefault(call.layer, []).append(call)
    entries = []
    for index in summary_order(model):
        layer = model.layers[index]
        # An input has no nodes, because it is not called. An operation can be called on numbers alone.
        called = any(call.sources or call.args for call in calls[index])
        nodes = [_node(model, layer, call, numbers, rows, prefix) for call in calls[index] if called]
        entries.append({**_object(layer, rows, prefix, trains), "name": layer.name, "inbound_nodes": nodes})

    def stated(refs: Sequence[Ref], tree: Any) -> Any:
        entries = []
        for ref in refs:
            layer = model.layer_of(ref)
            counted = layer.model is not None and layer.model.class_name == "Functional"
            counted |= isinstance(layer.definition, Foreign) and layer.definition.calls_from_one
            entries.append([layer.name, numbers[ref.call] + counted, ref.output])
        if tree is not None:
            return filled(tree, entries)
        return entries[0] if len(entries) == 1 else entries

    config = {
        "name": model.name,
        "trainable": trainable,
        "layers": entries,
        "input_layers": stated(model.inputs, model.input_tree),
        "output_layers": stated(model.outputs, model.output_tree),
    }
    return _entry(model.own_class, config) or {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }


def _object(layer: Layer, rows: Mapping[str, LayerReport], prefix: str, trains: bool) -> dict[str, Any]:
    """Returns the config object of a layer, an operation or a nested model.

    ``trains`` is False inside a frozen model, where all layers are frozen.
    """
    definition = layer.definition
    if isinstance(definition, Model):
        inner = _model(definition, rows, f"{prefix}{layer.name}/", trains and layer.trainable)
        return {**inner, "config": {**inner["config"], "name": layer.name}}
    if isinstance(definition, Operation):
        made = {"name": layer.name, **{key: written(value) for key, value in layer.args.items()}}
        return {
            "module": definition.module,
            "class_name": definition.name,
            "config": made,
            "registered_name": definition.name,
        }
    layer_definition = definition if isinstance(definition, LayerDefinition) else None
    if layer.class_name == "InputLayer":
        shape = rows[prefix + layer.name].output_shapes[0] if prefix + layer.name in rows else _input_shape(layer)
        made = {"batch_shape": plain_shape(shape), "dtype": layer.dtype, "name": layer.name}
        made |= {flag: True for flag in INPUT_FLAGS if layer.args.get(flag)}
        return {"module": "keras.layers", "class_name": "InputLayer", "config": made, "registered_name": None}
    config: dict[str, Any]
    if isinstance(definition, Foreign) and definition.config is not None:
        config = dict(definition.config)
        if not (trains and layer.trainable):
            config["trainable"] = False
    else:
        config = {"name": layer.name, **_common(layer_definition, trains and layer.trainable, layer.dtype, layer.name)}
        config |= argument_values(layer_definition, layer.args, trains)
        # ``name`` is set again, because the arguments of a custom class may contain another one
        config["name"] = layer.name
    if layer_definition is None or layer_definition.is_custom:
        foreign = definition if isinstance(definition, Foreign) else Foreign(layer.class_name)
        return _entry(foreign, config)
    return {
        "module": layer_definition.keras_module,
        "class_name": layer_definition.name,
        "config": config,
        "registered_name": None,
    }


@overload
def _entry(own_class: Foreign, config: dict[str, Any]) -> dict[str, Any]: ...
@overload
def _entry(own_class: Foreign | None, config: dict[str, Any]) -> dict[str, Any] | None: ...
def _entry(own_class: Foreign | None, config: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the config object of a layer or model of a custom class; None for one of Keras's classes."""
    if own_class is None:
        return None
    class_name = short_class(own_class.name)
    module, registered = own_class.module, own_class.registered_name
    if module is None and registered is None:
        registered = f"Custom>{class_name}"
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered}


def _input_shape(layer: Layer) -> Any:
    args = input_args(layer)
    batch = args.get("batch_size")
    return (UNKNOWN if batch is None else batch, *args.get("shape", ()))


def _common(definition: LayerDefinition | None, trainable: bool, dtype: str, name: str | None) -> dict[str, Any]:
    lacks = definition.unsupported_options if definition is not None else ()
    options = {"trainable": trainable, "dtype": policy_json(dtype, name)}
    return {key: value for key, value in options.items() if key not in lacks}


def argument_values(definition: LayerDefinition | None, args: Mapping[str, Any], trains: bool = True) -> dict[str, Any]:
    """Returns all arguments of the layer as JSON, including arguments with default values."""
    if definition is None:
        return {key: written(value, trains) for key, value in args.items()}
    values = recorded_size(definition, args) | {
        argument.name: written(
            argument.kind.for_keras(args.get(argument.name, definition.defaults[argument.name])), trains
        )
        for argument in definition.arguments
        if argument.name in args or argument.default is not REQUIRED
    }
    if "data_format" in values and values["data_format"] is None:
        values["data_format"] = "channels_last"  # Keras would take null as its own setting, which can be channels_first
    return values


def written(value: Any, trains: bool = True) -> Any:
    """Returns the value of an argument as JSON. A layer becomes a config object, and an unknown size becomes null."""
    if isinstance(value, SubModel):  # the stored config is not used, because it may be in Keras 2's format
        return _model(value.model, {row.path: row for row in infer(value.model).layers}, "", trains)
    if isinstance(value, SubForeign):
        return value.config
    if isinstance(value, SubLayer):
        definition = value.definition
        named = {} if value.name is None else {"name": value.name}
        config = {**named, **_common(definition, trains and value.trainable, value.dtype, value.name)}
        config |= argument_values(definition, value.args, trains)
        module = definition.keras_module
        return {"module": module, "class_name": definition.name, "config": config, "registered_name": None}
    if isinstance(value, (tuple, list)):
        return [written(part, trains) for part in value]
    if isinstance(value, dict):
        return {key: written(part, trains) for key, part in value.items()}
    if isinstance(value, slice):
        config = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": config}
    if value is ...:
        return {"class_name": "__ellipsis__", "config": {}}
    return None if value is UNKNOWN else value


def filled(form: Any, tensors: Sequence[Any]) -> Any:
    """Returns ``form`` as JSON, with a tensor in place of each :class:`Slot`."""
    if isinstance(form, Slot):
        return tensors[form.number]
    if isinstance(form, list):
        return [filled(part, tensors) for part in form]
    if isinstance(form, tuple):
        return {"class_name": "__tuple__", "items": [filled(part, tensors) for part in form]}
    if isinstance(form, Mapping):
        return {key: filled(part, tensors) for key, part in form.items()}
    return form


def _node(
    model: Model, layer: Layer, call: Call, numbers: Sequence[int], rows: Mapping[str, LayerReport], prefix: str
) -> dict[str, Any]:
    """Returns the JSON for a call: its tensors and arguments, in the order of Keras's ``call()``."""

    def tensor(ref: Ref) -> dict[str, Any]:
        source = model.layer_of(ref)
        row = rows[prefix + source.name].calls[numbers[ref.call]]
        # An unknown class may have more outputs than the report lists: their shapes and dtypes are unknown.
        shape, dtype = (*zip(row.output_shapes, row.output_dtypes), *[(None, "")] * (ref.output + 1))[ref.output]
        config = {
            "shape": plain_shape(shape),
            "dtype": dtype or "float32",
            "keras_history": [source.name, numbers[ref.call], ref.output],
        }
        return {"class_name": "__keras_tensor__", "config": config}

    definition = layer.definition
    if call.form is not None:
        sources = [tensor(ref) for ref in call.sources]
        return {"args": filled(list(call.form.args), sources), "kwargs": filled(call.form.kwargs, sources)}
    if call.constants:
        raise error(codes.CANNOT_WRITE, f"'{prefix}{layer.name}' is called on a constant that cannot be written")
    tensors = [tensor(ref) for ref in call.inputs]
    if isinstance(definition, Operation):

        def put(value: Any) -> Any:
            if isinstance(value, Slot):
                return tensors[value.number]
            if isinstance(value, Constant):
                return {"class_name": "__numpy__", "config": {"value": value.value, "dtype": value.dtype}}
            return [put(part) for part in value] if isinstance(value, (list, tuple)) else written(value)

        first = definition.parameters[0]
        if definition.variadic:
            return {"args": put(call.args[first]), "kwargs": {}}
        args = [put(call.args[name]) for name in definition.parameters if name in call.args]
        return {"args": args, "kwargs": {}}
    layer_definition = definition if isinstance(definition, LayerDefinition) else None
    kwargs: dict[str, Any] = {}
    if layer_definition is not None:
        given = {**layer.args, **call.args}
        kwargs = {known.name: given[known.name] for known in layer_definition.call_arguments if given.get(known.name)}
    if call.masks:
        kwargs["mask"] = tensor(call.masks[0])
    return {"args": positional_arguments(layer_definition, tensors, kwargs), "kwargs": kwargs}
