"""Layers of TensorFlow Hub: their weights are not part of the code, and their output only if the program states its shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcalc.base.numbers import Shape
from convcalc.layers import require_builtin
from convcalc.layers.registry import Inferred
from convcalc.model import Foreign
from convcalc.read.code.keras.graph import LayerValue, from_sizes
from convcalc.read.code.language.values import Spot, Unknown
from convcalc.read.code.libraries import function

_UNKNOWN_COUNTS = frozenset({"params", "macs", "flops"})


@function("tensorflow_hub.KerasLayer")
def _hub_layer(run: Any, args: list[Any], kwargs: dict[str, Any], spot: Spot) -> Any:
    name = kwargs.get("name")
    layer = LayerValue("tensorflow_hub.KerasLayer", "", spot)
    layer.named = isinstance(name, str)
    layer.name = name if isinstance(name, str) else run.names.automatic("KerasLayer")
    layer.given = dict(kwargs)
    layer.is_trainable = kwargs.get("trainable", args[1] if len(args) > 1 else False) is True
    layer.unknown = Unknown("the layer comes from TensorFlow Hub, and its weights are not part of the code", spot)
    shape = kwargs.get("input_shape")
    if isinstance(shape, (list, tuple)):
        layer.input_shape_argument = (None, *shape)
    layer.definition = Foreign("KerasLayer", module="tensorflow_hub")
    stated = kwargs.get("output_shape")
    stated = (stated,) if isinstance(stated, int) else stated
    if isinstance(stated, (list, tuple)) and all(isinstance(size, (int, Unknown)) or size is None for size in stated):
        layer.definition = _with_output(from_sizes(stated))
    return layer


def _with_output(sizes: Shape) -> Any:
    """Returns the definition of a layer with unknown weights and an output of known shape."""

    def rule(a: Mapping[str, Any], *shapes: Shape) -> Inferred:
        return Inferred(((shapes[0][0], *sizes),), unknown=_UNKNOWN_COUNTS)

    return require_builtin("Lambda")._replace(
        name="KerasLayer",
        class_name="KerasLayer",
        family="custom",
        arguments=(),
        defaults={},
        call_arguments=(),
        rule=rule,
        doc="A layer of TensorFlow Hub.",
        inputs=None,
        is_custom=True,
        has_unknown_weights=True,
        runs_code="",
        keras_module="",
    )
