"""ConvNeXt tiny to extra large (Liu et al. 2022)."""

from __future__ import annotations

from typing import Any

from convcalc.model import Model
from convcalc.read.code.applications.graph import Graph, Tensor
from convcalc.read.code.applications.request import Request

# The number of blocks in each stage, and the channels of the first stage. Each further stage has twice the channels.
_VARIANTS = {
    "ConvNeXtTiny": ((3, 3, 9, 3), 96),
    "ConvNeXtSmall": ((3, 3, 27, 3), 96),
    "ConvNeXtBase": ((3, 3, 27, 3), 128),
    "ConvNeXtLarge": ((3, 3, 27, 3), 192),
    "ConvNeXtXLarge": ((3, 3, 27, 3), 256),
}
# Means and variances of the colours of ImageNet, for values up to 255.
_MEANS = [0.485 * 255, 0.456 * 255, 0.406 * 255]
_VARIANCES = [(0.229 * 255) ** 2, (0.224 * 255) ** 2, (0.225 * 255) ** 2]
_EPSILON = 1e-6
_FIRST_SCALE = 1e-6  # the initial value of each channel's scale (in LayerScale)


def convnext(r: Request) -> Model:
    """Returns ConvNeXt: large depthwise convolutions and pointwise layers, with a nested Sequential before each stage."""
    g, name = r.graph, r.name
    blocks, channels = _VARIANTS[r.application]
    if name is None:
        raise r.refusal("name", "cannot be None, because the names of the layers begin with it; remove the argument")
    r.check_own_name(f"convnext_{r.application.removeprefix('ConvNeXt').lower()}")
    shape = r.input_shape(224)
    if g.given is not None and len(g.given.model.inputs) > 1:
        raise r.refusal("input_tensor", "must depend on a single input")
    x = r.input(shape)
    if r["include_preprocessing"] and shape[-1] == 3:
        x = g.layer(x, "Normalization", mean=_MEANS, variance=_VARIANCES, name=f"{name}_prestem_normalization")
    for stage, count in enumerate(blocks):
        x = _smaller(g, x, channels << stage, stage, name)
        for block in range(count):
            x = _block(g, x, f"{name}_stage_{stage}_block_{block}")
    if r.include_top:
        x = g.layer(x, "GlobalAveragePooling2D", name=f"{name}_head_gap")
        x = g.layer(x, "LayerNormalization", epsilon=_EPSILON, name=f"{name}_head_layernorm")
        x = r.classifier(x, name=f"{name}_head_dense")
    else:
        x = g.layer(r.pooled(x), "LayerNormalization", epsilon=_EPSILON)
    return r.model(x, lists_inputs=False)


def _smaller(g: Graph, x: Tensor, channels: int, stage: int, name: str) -> Tensor:
    """Adds the nested Sequential before a stage. It divides height and width by 4 before the first stage, otherwise by
    2.
    """

    def convolution(layer_name: str, size: int) -> tuple[str, str, dict[str, Any]]:
        return "Conv2D", f"{name}_{layer_name}", {"filters": channels, "kernel_size": size, "strides": size}

    def norm(layer_name: str) -> tuple[str, str, dict[str, Any]]:
        return "LayerNormalization", f"{name}_{layer_name}", {"epsilon": _EPSILON}

    if stage == 0:
        return g.sequential(x, f"{name}_stem", convolution("stem_conv", 4), norm("stem_layernorm"))
    number, prefix = stage - 1, "downsampling"
    layers = norm(f"{prefix}_layernorm_{number}"), convolution(f"{prefix}_conv_{number}", 2)
    return g.sequential(x, f"{name}_{prefix}_block_{number}", *layers)


def _block(g: Graph, inputs: Tensor, name: str) -> Tensor:
    channels = inputs.channels
    named: dict[str, Any] = {"padding": "same", "groups": channels, "name": f"{name}_depthwise_conv"}
    x = g.layer(inputs, "Conv2D", channels, 7, **named)
    x = g.layer(x, "LayerNormalization", epsilon=_EPSILON, name=f"{name}_layernorm")
    x = g.layer(x, "Dense", 4 * channels, name=f"{name}_pointwise_conv_1")
    x = g.layer(x, "Activation", "gelu", name=f"{name}_gelu")
    x = g.layer(x, "Dense", channels, name=f"{name}_pointwise_conv_2")
    x = g.layer(x, "LayerScale", _FIRST_SCALE, channels, name=f"{name}_layer_scale")
    x = g.layer(x, "Activation", "linear", name=f"{name}_identity")
    return g.operation("Add", inputs, x)
