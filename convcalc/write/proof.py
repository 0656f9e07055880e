"""Reads a written text again, and compares its model with the original. If they differ, nothing is written.

The text cannot contain some facts, so they are not compared: weights and MACs of declared layers, and output shapes of
custom classes that the file did not record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from convcalc.analyse import infer
from convcalc.analyse.report import LayerReport, Report
from convcalc.base import codes
from convcalc.base.numbers import plain_number, plain_shape
from convcalc.base.problems import ConvcalcError, error
from convcalc.layers import LayerDefinition
from convcalc.model import INPUT_FLAGS, Foreign, Layer, Model, Ref, call_numbers, summary_order
from convcalc.ops import Operation
from convcalc.read import read
from convcalc.write.config import argument_values


def require_same(report: Report, text: str, name: str, what: str) -> None:
    """Raises :class:`ConvcalcError` if the model in ``text`` differs from the model of the report.

    ``name`` is the file name of the text in messages. ``what`` is the kind of text in messages, such as "a config".
    """
    try:
        again = infer(read(text.encode(), name))
    except ConvcalcError as failed:
        raise cannot_write(report, what, f"it cannot be read again: {failed.problems[0].message}") from None
    expected, again = (without_stored_weights(each, without_rules=True) for each in (report, again))
    if difference := shared_weights(report, expected) or first_difference(expected, again, arranged=True):
        raise cannot_write(report, what, difference)


def cannot_write(report: Report, what: str, reason: str) -> ConvcalcError:
    """Returns the error for a text that describes another model."""
    return error(codes.CANNOT_WRITE, f"'{report.model.name}' cannot be written as {what}: {reason}")


def shared_weights(report: Report, stripped: Report) -> str | None:
    """Returns an error text if only the model's archive says that layers share weights; otherwise None.

    Without the archive (``stripped``), the model would have more parameters.
    """
    stored, alone = report.totals, stripped.totals
    if "params" in stored.incomplete or "params" in alone.incomplete or stored.params == alone.params:
        return None
    return (
        f"some layers share weights, but only the model's archive says so: the model has {stored.params:,} parameters, "
        f"and the written one would have {alone.params:,}"
    )


def without_stored_weights(report: Report, without_rules: bool = False) -> Report:
    """Returns the report of the model without its stored weights, because no written text contains weights.

    With ``without_rules``, also removes the declarations of custom classes, because a config contains none.
    """
    stripped = _stripped(report.model, without_rules)
    return report if stripped is report.model else infer(stripped)


def _stripped(model: Model, without_rules: bool) -> Model:
    layers = [layer for _, layer in model.walk()]
    has_rules = without_rules and any(map(_is_declared, layers))
    if not has_rules and model.stored is None and all(layer.stored is None for layer in layers):
        return model
    return model._replace(stored=None, layers=tuple(_stripped_layer(layer, without_rules) for layer in model.layers))


def _stripped_layer(layer: Layer, without_rules: bool) -> Layer:
    definition = layer.definition
    if isinstance(definition, Model):
        definition = _stripped(definition, without_rules)
    elif isinstance(definition, Foreign) and without_rules and _is_declared(layer):
        definition = definition._replace(rule=None)
    return layer._replace(stored=None, definition=definition)


def _is_declared(layer: Layer) -> bool:
    """Returns True if a file or a package declares the custom class of the layer."""
    definition = layer.definition
    return isinstance(definition, Foreign) and definition.rule is not None and not definition.rule.built_in


def first_difference(report: Report, again: Report, arranged: bool) -> str | None:
    """Returns the first difference between two models as a sentence; None if there is no difference.

    With ``arranged``, also compares how inputs and outputs are grouped in lists and dicts.
    """
    if report.model.name != again.model.name:
        return f"its name would be '{again.model.name}'"
    left = list(_facts(report, report.model, "", arranged))
    right = list(_facts(again, again.model, "", arranged))
    for (path, what, value), (other_path, other_what, other) in zip(left, right):
        if path != other_path or what != other_what:
            return f"'{other_path}' would take the place of '{path}'"
        if value != other and not (value is None or (what in _OPEN and _is_open(report, path) and other is None)):
            return f"{what} of '{path}' would be {_shown(other)}, not {_shown(value)}"
    return None if len(left) == len(right) else "the number of its layers would differ"


# A config does not record these facts for a custom layer whose output no other layer reads.
_OPEN = ("the output shapes", "the output dtypes")


def _is_open(report: Report, path: str) -> bool:
    row = next((row for row in report.layers if row.path == path), None)
    definition = row.definition if row is not None else None
    return isinstance(definition, Foreign) or (
        isinstance(definition, LayerDefinition) and (definition.is_opaque or definition.is_custom)
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _facts(report: Report, model: Model, prefix: str, arranged: bool) -> Iterator[tuple[str, str, Any]]:
    """Yields (path of the layer, description for messages, value) for each fact about a model. Facts with the value
    None are not compared.
    """
    rows = {row.path: row for row in report.layers if row.prefix == prefix}
    numbers = call_numbers(model)

    def tensors(refs: tuple[Ref, ...]) -> list[Any]:
        return [f"{model.layer_of(ref).name}[{numbers[ref.call]}][{ref.output}]" for ref in refs]

    at = prefix.rstrip("/") or model.name
    yield at, "the class", model.shown_class
    if model.class_name != "Sequential":
        yield at, "the inputs", tensors(model.inputs)
        yield at, "the outputs", tensors(model.outputs)
    if arranged:
        yield at, "the arrangement of the inputs", _tree(model.input_tree)
        yield at, "the arrangement of the outputs", _tree(model.output_tree)
    calls: dict[int, list[Any]] = {}
    for call in model.calls:
        calls.setdefault(call.layer, []).append(call)
    for index in summary_order(model):
        layer = model.layers[index]
        path = prefix + layer.name
        row = rows.get(path)
        yield path, "the class", _class(layer, arranged)
        if layer.class_name == "InputLayer":
            yield path, "the arguments", [flag for flag in INPUT_FLAGS if layer.args.get(flag)]
        else:
            yield path, "the arguments", _arguments(layer, arranged)
        for call in calls.get(index, ()):
            yield path, "the inputs", tensors(call.sources)
            if arranged:
                yield path, "the call", None if call.form is None else _tree([call.form.args, call.form.kwargs])
            yield path, "the arguments of the call", _call_arguments(layer, call.args, arranged)
        if row is not None:
            yield from _numbers(row)
        if layer.model is not None:
            yield from _facts(report, layer.model, f"{path}/", arranged)


def _numbers(row: LayerReport) -> Iterator[tuple[str, str, Any]]:
    path, definition = row.path, row.definition
    for call in row.calls:
        shapes, dtypes = [plain_shape(shape) for shape in call.output_shapes], list(call.output_dtypes)
        yield path, "the output shapes", None if all(shape is None for shape in call.output_shapes) else shapes
        yield path, "the output dtypes", None if not any(dtypes) else dtypes
    yield path, "the dtype", row.dtype
    if row.class_name != "InputLayer" and not isinstance(definition, Operation):
        yield path, "trainable", row.trainable
    if isinstance(definition, LayerDefinition) and definition.is_custom:
        return
    yield path, "the weights", [(w.name, plain_shape(w.shape), w.trainable, w.dtype) for w in row.weights]
    yield path, "the parameters", (plain_number(row.params), plain_number(row.trainable_params), sorted(row.incomplete))
    yield path, "the MACs", plain_number(row.macs)


def _class(layer: Layer, both_names: bool) -> Any:
    """Returns the names that identify the class of a layer.

    Without ``both_names`` (for a spec), a custom class has only one name: with its package or with its module. Keras's
    default package "Custom" is left out.
    """
    definition = layer.definition
    if isinstance(definition, Operation):
        return (definition.module, definition.name)
    if isinstance(definition, Foreign):
        registered = definition.registered_name
        if not both_names and registered is not None:
            registered = registered.removeprefix("Custom>")
        module = definition.module if both_names or ">" not in (registered or "") else None
        return (module, registered if both_names or module is None else None, layer.class_name)
    if isinstance(definition, LayerDefinition):
        return None if definition.is_custom else definition.class_name
    return definition.name if not isinstance(definition, Model) else definition.class_name


def _arguments(layer: Layer, tuples: bool) -> Any:
    definition = layer.definition
    if isinstance(definition, LayerDefinition):
        if definition.is_custom:
            return None
        own = {argument.name for argument in definition.arguments}
        if tuples:
            own.add("vocabulary_size")  # a spec cannot contain this argument, only a Keras file can
        return _tree(argument_values(definition, {key: part for key, part in layer.args.items() if key in own}))
    if isinstance(definition, Foreign):
        return _tree({key: part for key, part in layer.args.items() if key not in ("name", "trainable", "dtype")})
    if isinstance(definition, Operation):
        return _tree(definition.without_defaults(layer.args), tuples)
    return _tree(layer.args)


def _call_arguments(layer: Layer, args: Mapping[str, Any], tuples: bool) -> Any:
    """Returns the arguments of a call as comparable values. Without ``tuples`` (for a spec), tuples equal lists."""
    if isinstance(layer.definition, LayerDefinition):
        given = {**layer.args, **args}
        return {known.name: True for known in layer.definition.call_arguments if given.get(known.name)}
    if isinstance(layer.definition, Operation):
        return _tree(layer.definition.without_defaults(args), tuples)
    return None


def _tree(value: Any, tuples: bool = True) -> Any:
    """Returns a value in a comparable form: equal results mean that both are written in the same way.

    Without ``tuples``, a tuple equals a list with the same elements.
    """
    if isinstance(value, Mapping):
        return {str(key): _tree(value[key], tuples) for key in sorted(value, key=str)}
    if isinstance(value, list):
        return [_tree(part, tuples) for part in value]
    if isinstance(value, tuple):
        return [*(["tuple"] if tuples else []), *(_tree(part, tuples) for part in value)]
    return repr(value)
