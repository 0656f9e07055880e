"""Custom layers whose ``call`` Keras does not follow, so that it does not build the layers inside them.

In a functional model, Keras 3 calls ``build`` of a layer. If the layer states its output shape, Keras does not follow
``call``. Layers that only ``call`` builds have no weights until the model gets data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import shape_text
from convcalc.base.problems import Problem
from convcalc.layers import LayerDefinition
from convcalc.layers.weightless import WEIGHTLESS
from convcalc.read.code.keras.calls import differ, finish, new_node
from convcalc.read.code.keras.following import Followed, follow, own_method
from convcalc.read.code.keras.graph import LayerValue, ModelValue, TensorValue, leaves, tensors_in
from convcalc.read.code.keras.stated_shapes import opaque_definition, stated_outputs
from convcalc.read.code.keras.to_model import may_have_weights, with_inner_layers
from convcalc.read.code.language.values import Native, Spot, Unknown


def leaves_layers_unbuilt(run: Any, layer: LayerValue) -> bool:
    """Returns True for a layer in a functional model, if Keras does not build all layers inside it."""
    if layer.cached.get("ran") or run.inside or run.is_old_keras or isinstance(layer, ModelValue) or layer.cls is None:
        return False
    return _states_and_builds(layer) and bool(_unbuilt_parts(layer))


def _states_and_builds(layer: LayerValue) -> bool:
    """Returns True for a layer that has its own ``build`` and states its output shape. Its base class may have them."""
    base = layer.attributes.get("__base__")
    definition = base.definition if isinstance(base, LayerValue) else None
    inherits = isinstance(definition, LayerDefinition) and _has_build(definition)
    states = any(own_method(layer, name) is not None for name in ("compute_output_shape", "compute_output_spec"))
    return (states or inherits) and (inherits or own_method(layer, "build") is not None)


def _has_build(definition: LayerDefinition) -> bool:
    """Returns True for a layer of Keras with its own ``build``: one with weights, or one that checks its inputs there."""
    return definition.merges or definition.class_name not in WEIGHTLESS


def _unbuilt_parts(layer: LayerValue) -> list[LayerValue]:
    """Returns the layers inside a layer that may have weights and are not built."""
    return [
        part
        for part in with_inner_layers(layer.tracked)
        if not part.built and part.cls is None and not isinstance(part, ModelValue) and may_have_weights(part)
    ]


def follow_stated(
    run: Any, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], spot: Spot | None
) -> Followed | Unknown:
    """Follows a call of the layer as Keras does: its output has the stated shape, and the layers inside are not called."""
    base = layer.attributes.get("__base__")
    if isinstance(base, LayerValue) and own_method(layer, "compute_output_shape") is None:
        return follow(run, layer, args, {}, spot, base)
    return follow(run, layer, args, kwargs, spot, Native("call", _stated_call(layer)))


def _stated_call(layer: LayerValue) -> Any:
    def call(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
        outputs = stated_outputs(run, layer, args[0] if args else None, spot)
        if outputs is None:
            followed = follow(run, layer, args, kwargs, spot)
            if isinstance(followed, Unknown):
                return followed
            tensors = [value for value in leaves(followed.result) if isinstance(value, TensorValue)]
            reason = next((tensor.reason for tensor in tensors if tensor.shape is None), None)
            if reason is not None or not tensors:
                return reason or Unknown(f"the output of '{layer.name}' is unknown", spot)
            outputs = tuple(tensor.shape for tensor in tensors if tensor.shape is not None)
        inner = LayerValue("keras.layers.Layer", "compute_output_shape", spot)
        inner.definition = opaque_definition(inner, outputs)
        return finish(run, new_node(run, inner, tensors_in((args, kwargs)), spot))

    return call


def states_other_shape(run: Any, layer: LayerValue, args: list[Any], followed: Followed, spot: Spot) -> bool:
    """Returns True if a layer in a functional model states another shape than ``call`` returns. Keras uses it."""
    if run.inside or run.is_old_keras or "unbuilt" in layer.cached or own_method(layer, "compute_output_shape") is None:
        return False
    if isinstance(layer, ModelValue) or not args or not followed.inputs:
        return False
    tensors = [value for value in leaves(followed.result) if isinstance(value, TensorValue)]
    stated = stated_outputs(run, layer, args[0], spot)
    if stated is None or len(stated) != len(tensors):
        return False
    for shape, tensor in zip(stated, tensors):
        if tensor.shape is not None and differ(shape, tensor.shape):
            text = f"states the output shape {shape_text(shape)}, but `call` returns {shape_text(tensor.shape)}"
            layer.cached["unbuilt"] = _note(layer, f"{text}; Keras builds the model with the first one")
            return True
    return False


def note_run(layers: Iterable[LayerValue]) -> None:
    """Records that layers or models get data. Keras then builds all layers inside them."""
    for layer in with_inner_layers(layers):
        layer.cached["ran"] = True
        if layer.cached.pop("unbuilt", None):
            for key in [key for key, value in layer.cached.items() if isinstance(value, Followed)]:
                del layer.cached[key]


def unbuilt_note(layer: LayerValue) -> Problem:
    """Returns the warning about the layers that Keras does not build."""
    names = ", ".join(f"'{part.name}'" for part in _unbuilt_parts(layer)[:3])
    return _note(
        layer,
        f"states its output shape, so Keras does not follow `call`, and {names} has no weights until the model gets data; "
        "build the inner layers in `build`",
    )


def _note(layer: LayerValue, text: str) -> Problem:
    text = f"'{layer.name}' ({layer.class_name}) {text}"
    return Problem(codes.UNBUILT_LAYER, text, None if layer.spot is None else layer.spot.mark(), layer.name, "warning")
