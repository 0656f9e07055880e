"""Converts a model of convcalc to a model that a program can use. For example, a program can call a model of
keras.applications.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.analyse.inference import run_calls, start_session
from convcalc.layers import LayerDefinition
from convcalc.model import Layer, Model
from convcalc.ops import Operation
from convcalc.read.code.keras.calls import new_node
from convcalc.read.code.keras.graph import LayerValue, ModelValue, Node, TensorValue, program_size
from convcalc.read.code.keras.models import rebuild
from convcalc.read.code.language.values import Spot, Unknown


def imported_model(run: Any, model: Model, spot: Spot, known: Sequence[Node] = ()) -> ModelValue:
    """Converts a model of convcalc to a model of the program.

    ``known`` has the first calls of the model if the program made them before, such as the calls before an
    ``input_tensor``.
    """
    is_sequential = model.class_name == "Sequential"
    result = ModelValue("keras.Sequential" if is_sequential else "keras.Model", model.name, spot)
    run.note_new(result)
    result.named = True
    result.is_trainable = model.trainable
    run.models.append(result)
    if not is_sequential and not model.outputs:
        result.read = model
        return result
    outer, run.tape = run.tape, []  # these calls are not part of the graph that is being built
    try:
        if is_sequential:
            _fill_sequential(run, result, model, spot)
        else:
            _fill_functional(run, result, model, spot, known)
    finally:
        run.tape = outer
    return result


def _fill_sequential(run: Any, result: ModelValue, model: Model, spot: Spot) -> None:
    made = {}
    for call in model.calls:
        layer = model.layers[call.layer]
        if call.layer not in made:
            made[call.layer] = _layer(run, layer, spot)
        if layer.class_name == "InputLayer":
            result.input_tensor = _input(run, made[call.layer], model, spot)
        else:
            result.layers.append(made[call.layer])
    rebuild(run, result, spot)


def _input(run: Any, layer: LayerValue, model: Model, spot: Spot) -> TensorValue | None:
    shape = run_calls(model, None, start_session()).results[model.inputs[0].call].outputs[0]
    if shape is None:
        return None
    node = new_node(run, layer, (), spot)
    node.outputs.append(TensorValue(node, 0, shape, layer.dtype))
    return node.outputs[0]


def _fill_functional(run: Any, result: ModelValue, model: Model, spot: Spot, known: Sequence[Node]) -> None:
    results = run_calls(model, None, start_session()).results
    layers: dict[int, LayerValue] = {}
    nodes: list[Node] = []
    for number, call in enumerate(model.calls):
        if number < len(known):
            nodes.append(known[number])
            layers.setdefault(call.layer, known[number].layer)
            continue
        if call.layer not in layers:
            layers[call.layer] = _layer(run, model.layers[call.layer], spot)
        inputs = [nodes[ref.call].outputs[ref.output] for ref in call.inputs]
        masks = [nodes[ref.call].outputs[ref.output] for ref in call.masks]
        node = new_node(run, layers[call.layer], inputs, spot, call.args, call.constants, masks)
        inferred = results[number]
        node.outputs = [
            TensorValue(node, index, shape, dtype or "float32", _UNKNOWN_SHAPE if shape is None else None)
            for index, (shape, dtype) in enumerate(zip(inferred.outputs, inferred.dtypes))
        ]
        layers[call.layer].built = True
        nodes.append(node)
    inputs = [nodes[ref.call].outputs[ref.output] for ref in model.inputs]
    outputs = [nodes[ref.call].outputs[ref.output] for ref in model.outputs]
    result.inputs = inputs[0] if len(inputs) == 1 and model.input_tree is None else inputs
    result.outputs = outputs[0] if len(outputs) == 1 else outputs
    if model.output_names:
        result.outputs = dict(zip(sorted(model.output_names), outputs))
    result.built = True


_UNKNOWN_SHAPE = Unknown("the output shape of this layer is unknown")


def _layer(run: Any, layer: Layer, spot: Spot) -> LayerValue:
    """Converts a layer of convcalc to a layer of the program."""
    definition = layer.definition
    if isinstance(definition, Model):
        inner = imported_model(run, definition._replace(name=layer.name, trainable=layer.trainable), spot)
        inner.is_trainable = layer.trainable
        return inner
    module = definition.module if isinstance(definition, Operation) else "keras.layers"
    made = LayerValue(f"{module}.{layer.class_name}", layer.name, spot)
    run.note_new(made)
    made.named = True
    made.definition = definition
    made.args = layer.args
    made.is_trainable = layer.trainable
    made.dtype = layer.dtype
    made.given = dict(layer.args)
    if isinstance(definition, LayerDefinition) and layer.class_name == "InputLayer":
        shape = layer.args.get("batch_shape") or (None, *layer.args.get("shape", ()))
        made.given = {"batch_shape": tuple(map(program_size, shape))}
    return made
