"""Builds the model of a spec in Keras, layer by layer. Used for models that keras.applications does not have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from convcalc.base.numbers import UNKNOWN
from convcalc.layers import LayerDefinition
from convcalc.layers.sublayer import SubLayer
from convcalc.model import Layer, Model


def build(model: Model) -> Any:
    """Returns the model built in Keras. Every layer keeps its name."""
    import keras

    if model.class_name == "Sequential":
        first, *rest = model.layers
        shape = tuple(None if size is UNKNOWN else size for size in first.args["shape"])
        start = keras.Input(shape, dtype=first.dtype, name=first.name)
        return keras.Sequential(
            [start, *(build(layer.model) if layer.model else _layer(layer) for layer in rest)], name=model.name
        )
    made: dict[int, Any] = {}
    outputs: list[list[Any]] = []
    for call in model.calls:
        layer = model.layers[call.layer]
        if layer.class_name == "InputLayer":
            shape = tuple(None if size is UNKNOWN else size for size in layer.args["shape"])
            outputs.append([keras.Input(shape, layer.args.get("batch_size"), dtype=layer.dtype, name=layer.name)])
            continue
        if call.layer not in made:
            made[call.layer] = build(layer.model) if layer.model else _layer(layer)
        tensors = [outputs[ref.call][ref.output] for ref in call.inputs]
        outputs.append(keras.tree.flatten(_call(made[call.layer], layer, tensors, call.args)))
    inputs = [outputs[ref.call][ref.output] for ref in model.inputs]
    ends = [outputs[ref.call][ref.output] for ref in model.outputs]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], ends, name=model.name)


def _layer(layer: Layer) -> Any:

    common = {"name": layer.name, "trainable": layer.trainable, "dtype": layer.dtype}
    if isinstance(layer.definition, LayerDefinition) and layer.definition.is_custom:
        return _declared(layer.definition, layer, common)
    call_only = ("use_causal_mask", "return_attention_scores", "reverse")
    args = {key: _value(value) for key, value in layer.args.items() if key not in call_only}
    # For one axis, convcalc stores [[1, 2]], and Keras takes [1, 2].
    if layer.class_name in ("Cropping1D", "ZeroPadding1D"):
        key = "cropping" if layer.class_name == "Cropping1D" else "padding"
        args |= {key: args[key][0]} if key in args else {}
    return _class(layer.class_name)(**args, **common)


def _class(name: str) -> Any:
    """Returns the class with this name, even if Keras does not export it, as for some classes of keras.applications."""
    import keras
    from keras.src.applications import convnext, inception_resnet_v2
    from keras.src.layers.preprocessing import feature_space

    held = {
        "LayerScale": convnext.LayerScale,
        "CustomScaleLayer": inception_resnet_v2.CustomScaleLayer,
        "TFDIdentity": feature_space.TFDIdentity,
        "TFDConcat": feature_space.TFDConcat,
    }
    return held.get(name) or getattr(keras.layers, name)


def _value(value: Any) -> Any:
    import keras

    if isinstance(value, SubLayer):
        return getattr(keras.layers, value.definition.name)(**{key: _value(part) for key, part in value.args.items()})
    if isinstance(value, tuple):
        return tuple(None if part is UNKNOWN else _value(part) for part in value)
    return value


def _call(made: Any, layer: Layer, tensors: list[Any], args: Mapping[str, Any]) -> Any:
    if layer.class_name == "MultiHeadAttention":
        return made(*tensors, **args)
    return made(tensors if len(tensors) > 1 else tensors[0], **args)


def _declared(kind: LayerDefinition, layer: Layer, common: Mapping[str, Any]) -> Any:
    """Returns a Keras layer with the weights that a spec declares for a custom layer."""
    import keras

    def infer(shape: tuple[Any, ...]) -> Any:
        return kind.rule({**kind.defaults, **layer.args}, tuple(UNKNOWN if size is None else size for size in shape))

    class Declared(keras.Layer):
        def build(self, input_shape: Any) -> None:
            for weight in infer(input_shape).weights:
                self.add_weight(name=weight.name, shape=weight.shape, trainable=weight.trainable)

        def call(self, inputs: Any) -> Any:  # Keras reads this signature
            return inputs

        def compute_output_shape(self, input_shape: Any) -> Any:
            return tuple(None if size is UNKNOWN else size for size in infer(input_shape).outputs[0])

    Declared.__name__ = kind.name
    return Declared(**common)


def count(weights: Any) -> int:
    """Returns the total number of elements of the given weights."""
    return sum(math.prod(weight.shape) for weight in weights)
