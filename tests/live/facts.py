"""Describes a model of Keras completely, so that two models can be compared: rows, weights, configs and connections."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

# Keys that Keras adds to a config when it calls or serializes a layer. They are not compared.
_LEFT_OUT = ("build_config", "shared_object_id", "module")


def facts(model: Any, arranged: bool = True, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields pairs that describe a model: a place in the model, and the value at this place.

    If ``arranged`` is False, nested lists and mappings of tensors are flattened, because a spec does not store them.
    """
    import keras

    if prefix == "" or hasattr(model, "_nodes"):
        yield f"{prefix}model", (type(model).__name__, model.name, model.trainable)
    if isinstance(model, keras.Sequential):
        for number, layer in enumerate(model._layers):
            yield f"{prefix}{number}", layer.name
            yield from _layer(layer, f"{prefix}{layer.name}", arranged)
        yield f"{prefix}shape", (model.input_shape, model.output_shape)
        return
    numbers = {id(op): [node for node in op._inbound_nodes if node in model._nodes] for op in model.operations}

    def word(tensor: Any) -> Any:
        if not isinstance(tensor, keras.KerasTensor):
            return _value(tensor)
        operation, node, output = tensor._keras_history
        kept = numbers.get(id(operation), [])
        made = operation._inbound_nodes[node]
        return f"<{operation.name} {kept.index(made) if made in kept else '?'} {output}>"

    def tree(value: Any) -> str:
        words = keras.tree.map_structure(word, value)
        return _text(words if arranged else [leaf for leaf in keras.tree.flatten(words) if leaf is not None])

    for number, operation in enumerate(model.operations):
        at = f"{prefix}{operation.name}"
        yield f"{prefix}{number}", operation.name
        for node in numbers[id(operation)]:
            yield f"{at} is called on", tree([list(node.arguments.args), dict(node.arguments.kwargs)])
            yield f"{at} gives", _text([(tuple(t.shape), t.dtype) for t in keras.tree.flatten(node.output_tensors)])
        yield from _layer(operation, at, arranged)
    yield f"{prefix}inputs", tree(model._inputs_struct)
    yield f"{prefix}outputs", tree(model._outputs_struct)
    if prefix == "":
        yield "totals", (model.count_params(), sum(math.prod(weight.shape) for weight in model.trainable_weights))


def _layer(layer: Any, at: str, arranged: bool) -> Iterator[tuple[str, Any]]:
    import keras

    yield f"{at} class", type(layer).__name__
    if isinstance(layer, keras.Layer):
        trained = {id(weight) for weight in layer.trainable_weights}
        weights = [(w.name, tuple(w.shape), str(w.dtype), id(w) in trained) for w in layer.weights]
        yield f"{at} weights", _text(weights)
        if not isinstance(layer, keras.Model):
            yield f"{at} trainable", layer.trainable
            yield f"{at} dtype", layer.dtype_policy.name
    inside = getattr(layer, "layer", None)
    if isinstance(layer, keras.Model):
        yield from facts(layer, arranged, f"{at}/")
    elif isinstance(inside, keras.Model):
        yield from facts(inside, arranged, f"{at}/")
    elif type(layer).__name__ != "Lambda":
        yield f"{at} config", _text(_plain(keras.saving.serialize_keras_object(layer)["config"]))


def _plain(value: Any) -> Any:
    """Returns a config without the keys in ``_LEFT_OUT``, at any depth."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items() if key not in _LEFT_OUT}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def _value(value: Any) -> Any:
    """Returns an array or a constant tensor as text. Returns any other value unchanged."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        import numpy as np

        array = np.asarray(value)
        return f"constant {array.dtype} {array.shape} {array.tolist()}"
    return value


def _text(value: Any) -> str:
    return json.dumps(value, default=str, sort_keys=True)


def first_difference(expected: Any, model: Any, arranged: bool = True) -> str | None:
    """Returns the first fact that differs between two models; None if the models are equal."""
    left, right = list(facts(expected, arranged)), list(facts(model, arranged))
    for one, other in zip(left, right):
        if one != other:
            return f"{one[0]}: Keras's model {str(one[1])[:300]} / written {other[0]}: {str(other[1])[:300]}"
    return None if len(left) == len(right) else "one model has more facts than the other"
