"""Layers that Keras defines inside ``keras.applications`` and does not export. Saved models contain them.

Sources: ``keras/src/applications/convnext.py`` and ``inception_resnet_v2.py``.
"""

from __future__ import annotations

from convcalc.base import codes
from convcalc.base.numbers import Shape
from convcalc.base.problems import Refusal
from convcalc.layers import costs, views
from convcalc.layers.arguments import Argument, Integer, Real
from convcalc.layers.registry import Args, Inferred, Weight, layer


@layer(
    "LayerScale",
    Argument("init_values", Real()),
    Argument("projection_dim", Integer(1)),
    min_axes=1,
    keras_module="keras.src.applications.convnext",
    receptive_field_rule=views.positions,
    flops=costs.per_output(1),
    tf_flops=costs.tf_per_output(1),
    built_when_made=False,
    example="LayerScale: [0.000001, 4]",
)
def layer_scale(a: Args, x: Shape) -> Inferred:
    """Scales each channel by a learned factor, as ConvNeXt does after each block.

    The shape does not change. Parameters: gamma, a vector of size projection_dim.
    """
    if x[-1] != a["projection_dim"] and isinstance(x[-1], int):
        raise Refusal(f"has {a['projection_dim']} scales for {x[-1]} channels", codes.WRONG_CHANNELS, "projection_dim")
    return Inferred((x,), (Weight("gamma", (a["projection_dim"],)),))


@layer(
    "CustomScaleLayer",
    Argument("scale", Real()),
    inputs=2,
    keras_module="keras.src.applications.inception_resnet_v2",
    receptive_field_rule=views.positions,
    flops=costs.per_output(2),
    tf_flops=costs.tf_per_output(2),
    built_when_made=False,
    example="CustomScaleLayer: {{scale: 0.2, from: [a, b]}}",
)
def custom_scale_layer(a: Args, x: Shape, y: Shape) -> Inferred:
    """Adds the second input, scaled, to the first one, as Inception-ResNet does.

    The shape does not change.
    """
    return Inferred((x,))
