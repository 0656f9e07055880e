"""Selects the calls of a model to write, and the positional arguments of each Keras ``call()``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.analyse import infer
from convcalc.analyse.report import LayerReport, Report
from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.layers import LayerDefinition
from convcalc.model import Call, Constant, Model, Slot
from convcalc.ops import TENSORFLOW, Operation


def require_keras_operations(model: Model) -> None:
    """Raises :class:`ConvcalcError` if the model calls a TensorFlow function that ``keras.ops`` cannot replace.

    ``keras.ops`` lacks the function, or does not accept the arguments of the call.
    """
    for path, layer in model.walk():
        if isinstance(layer.definition, Operation) and layer.definition.module == TENSORFLOW:
            function = layer.definition.name
            raise error(
                codes.CANNOT_WRITE,
                f"'{path}' calls {function} of TensorFlow in a way that keras.ops does not support, so it cannot be written for Keras 3",
            )


def with_constant_operands(report: Report) -> Report:
    """Returns the report with a constant tensor for each list of numbers in operations such as ``x + [1, 2]``.

    TensorFlow accepts the list and gives it the dtype of ``x``. Keras does not accept a list.
    """
    if not any(_list_operands(call) for _, model in report.model.models() for call in model.calls):
        return report
    rows = {row.path: row for row in report.layers}
    return infer(_with_constants(report.model, rows, ""))


def _with_constants(model: Model, rows: Mapping[str, LayerReport], prefix: str) -> Model:
    calls = list(model.calls)
    for number, call in enumerate(calls):
        names = _list_operands(call)
        if names and isinstance(model.layers[call.layer].definition, Operation):
            ref = call.inputs[0]
            dtypes = rows[prefix + model.layer_of(ref).name].calls[-1].output_dtypes
            dtype = dtypes[ref.output] if ref.output < len(dtypes) and dtypes[ref.output] else "float32"
            constants = {name: Constant(call.args[name], dtype) for name in names}
            calls[number] = call._replace(args={**call.args, **constants})
    layers = (
        layer._replace(definition=_with_constants(layer.definition, rows, f"{prefix}{layer.name}/"))
        if isinstance(layer.definition, Model)
        else layer
        for layer in model.layers
    )
    return model._replace(layers=tuple(layers), calls=tuple(calls))


def _list_operands(call: Call) -> list[str]:
    """Returns those of the names ``x1`` and ``x2`` whose values are lists of numbers."""
    if not call.inputs or {"x1", "x2"}.isdisjoint(call.args):
        return []
    return [name for name in ("x1", "x2") if isinstance(call.args.get(name), list) and _is_numeric(call.args[name])]


def _is_numeric(value: Any) -> bool:
    return all(map(_is_numeric, value)) if isinstance(value, list) else isinstance(value, (int, float))


def holds_function(config: Any) -> bool:
    """Returns True if the config of a custom class contains a Python function."""
    if isinstance(config, Mapping):
        return config.get("class_name") in ("function", "__lambda__") or any(map(holds_function, config.values()))
    return isinstance(config, list) and any(map(holds_function, config))


def calls_in_training(model: Model) -> list[str]:
    """Returns the paths of the layers that are called with the argument ``training``. A spec leaves out this argument."""
    return [
        prefix + inner.layers[call.layer].name
        for prefix, inner in model.models()
        for call in inner.calls
        if call.form is not None and call.form.kwargs.get("training") is not None
    ]


def models_with_other_ends(model: Model) -> list[str]:
    """Returns the paths of the models whose inputs or outputs a spec cannot arrange in the same way.

    A spec can list them, and give names to outputs; the names of inputs are those of their layers.
    """
    return [prefix.rstrip("/") or inner.name for prefix, inner in model.models() if _has_other_ends(inner)]


def _has_other_ends(model: Model) -> bool:
    names = [model.layer_of(ref).name for ref in model.inputs]
    inputs, outputs = model.input_tree, model.output_tree
    return not (_is_flat(inputs) and _is_flat(outputs)) or (
        isinstance(inputs, Mapping) and any(names[slot.number] != key for key, slot in inputs.items())
    )


def _is_flat(tree: Any) -> bool:
    return tree is None or (isinstance(tree, Mapping) and all(isinstance(part, Slot) for part in tree.values()))


def data_calls(model: Model) -> list[int]:
    """Returns the numbers of the calls to write: all but operations for masks, which Keras creates itself."""
    used = {ref.call for ref in model.outputs}
    for number in range(len(model.calls) - 1, -1, -1):
        if number in used:
            used.update(ref.call for ref in model.calls[number].inputs)
    return [
        number
        for number, call in enumerate(model.calls)
        if number in used or not isinstance(model.layers[call.layer].definition, Operation)
    ]


def positional_arguments(definition: LayerDefinition | None, tensors: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """Returns the positional arguments of a call. Moves the initial states of a recurrent layer to ``kwargs``."""
    if definition is None:  # the layer is a nested model
        return tensors if len(tensors) == 1 else [tensors]
    if definition.takes_initial_state:
        if tensors[1:]:
            kwargs["initial_state"] = tensors[1:]
        return tensors[:1]
    if definition.separate_inputs:
        return tensors
    if definition.state_sizes is not None:
        return [tensors[0], tensors[1] if len(tensors) == 2 else tensors[1:]]
    return [tensors] if definition.merges or len(tensors) > 1 else tensors
