"""EfficientNet B0 to B7 (Tan & Le 2019)."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

from convcalc.model import Model
from convcalc.read.code.applications.graph import Tensor
from convcalc.read.code.applications.request import POOL_NAMES, Request, rounded

# The factors for channels and numbers of blocks, the size of the image, and the dropout rate before the classifier.
_VARIANTS = (
    (1.0, 1.0, 224, 0.2),
    (1.0, 1.1, 240, 0.2),
    (1.1, 1.2, 260, 0.3),
    (1.2, 1.4, 300, 0.3),
    (1.4, 1.8, 380, 0.4),
    (1.6, 2.2, 456, 0.4),
    (1.8, 2.6, 528, 0.5),
    (2.0, 3.1, 600, 0.5),
)
# A stage: kernel, number of blocks, filters, expansion, strides of the first block.
_STAGES = (
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
)
_MAX_DROP_RATE = 0.2  # The dropout rate rises from 0 in the first block to almost this rate in the last.
_DEVIATIONS = (0.229, 0.224, 0.225)  # the standard deviations of ImageNet's red, green and blue


def fan_out(scale: float, distribution: str) -> dict[str, Any]:
    """Returns the config of the initializer VarianceScaling with the mode "fan_out"."""
    config = {"seed": None, "scale": scale, "mode": "fan_out", "distribution": distribution}
    return {"class_name": "VarianceScaling", "config": {**config, "input_axes": None, "output_axes": None}}


CONVOLUTION, DENSE = fan_out(2.0, "truncated_normal"), fan_out(1 / 3, "uniform")


def efficientnet(r: Request) -> Model:
    """Returns EfficientNet: blocks as in MobileNetV2 with squeeze and excite, in eight sizes."""
    g = r.graph
    width, depth, size, dropout = _VARIANTS[int(r.application[-1])]
    r.check_own_name(r.application.lower())
    x = r.input(r.input_shape(size))
    x = g.layer(x, "Rescaling", 1 / 255)
    x = g.layer(x, "Normalization", axis=3)
    if r.is_imagenet:  # the weights were trained with inputs that were divided by their variance
        x = g.layer(x, "Rescaling", [1 / sqrt(deviation) for deviation in _DEVIATIONS])
    x = g.layer(x, "ZeroPadding2D", r.same_padding(x, 3), name="stem_conv_pad")
    x = _convolution(r, x, rounded(32 * width), "stem_conv", kernel=3, strides=2, padding="valid")
    x = _norm_swish(r, x, "stem_")
    repeats = [ceil(depth * blocks) for _, blocks, *_ in _STAGES]
    done, total = 0, float(sum(repeats))
    for stage, (kernel, _, filters, expansion, first_strides) in enumerate(_STAGES):
        for block in range(repeats[stage]):
            prefix = f"block{stage + 1}{chr(ord('a') + block)}_"
            strides = 1 if block else first_strides
            x = _block(
                r, x, rounded(filters * width), kernel, strides, expansion, _MAX_DROP_RATE * done / total, prefix
            )
            done += 1
    x = _norm_swish(r, _convolution(r, x, rounded(1280 * width), "top_conv"), "top_")
    return r.model(top(r, x, dropout, kernel_initializer=DENSE))


def top(r: Request, x: Tensor, dropout: float, **initializers: Any) -> Tensor:
    """Adds the end of an EfficientNet: average pooling, dropout and classifier, or only the requested pooling."""
    if not r.include_top:
        return r.pooled(x, POOL_NAMES)
    x = r.graph.layer(x, "GlobalAveragePooling2D", name="avg_pool")
    x = r.graph.layer(x, "Dropout", dropout, name="top_dropout")
    return r.classifier(x, **initializers)


def excited(r: Request, x: Tensor, squeezed: int, prefix: str) -> Tensor:
    """Multiplies each channel by a weight between 0 and 1 (squeeze and excite)."""
    g = r.graph
    weights = g.layer(x, "GlobalAveragePooling2D", name=f"{prefix}se_squeeze")
    weights = g.layer(weights, "Reshape", (1, 1, x.channels), name=f"{prefix}se_reshape")
    for name, filters, activation in (("se_reduce", squeezed, "silu"), ("se_expand", x.channels, "sigmoid")):
        named: dict[str, Any] = {"activation": activation, "kernel_initializer": CONVOLUTION, "name": f"{prefix}{name}"}
        weights = g.layer(weights, "Conv2D", filters, 1, padding="same", **named)
    return g.layer((x, weights), "Multiply", name=f"{prefix}se_excite")


def added(r: Request, x: Tensor, shortcut: Tensor, drop_rate: float, prefix: str) -> Tensor:
    """Adds the input of a block to its output. In training, the dropout skips the whole block for some samples."""
    if drop_rate > 0:
        x = r.graph.layer(x, "Dropout", drop_rate, noise_shape=(None, 1, 1, 1), name=f"{prefix}drop")
    return r.graph.layer((x, shortcut), "Add", name=f"{prefix}add")


def _convolution(
    r: Request, x: Tensor, filters: int, name: str, kernel: int = 1, strides: int = 1, padding: str = "same"
) -> Tensor:
    named: dict[str, Any] = {"use_bias": False, "kernel_initializer": CONVOLUTION, "name": name}
    return r.graph.layer(x, "Conv2D", filters, kernel, strides=strides, padding=padding, **named)


def _norm_swish(r: Request, x: Tensor, prefix: str) -> Tensor:
    x = r.graph.layer(x, "BatchNormalization", axis=3, name=f"{prefix}bn")
    return r.graph.layer(x, "Activation", "silu", name=f"{prefix}activation")


def _block(
    r: Request, x: Tensor, filters: int, kernel: int, strides: int, expansion: int, drop_rate: float, prefix: str
) -> Tensor:
    g, shortcut = r.graph, x
    if expansion != 1:
        x = _norm_swish(r, _convolution(r, x, x.channels * expansion, f"{prefix}expand_conv"), f"{prefix}expand_")
    if strides == 2:
        x = g.layer(x, "ZeroPadding2D", r.same_padding(x, kernel), name=f"{prefix}dwconv_pad")
    named: dict[str, Any] = {"use_bias": False, "depthwise_initializer": CONVOLUTION, "name": f"{prefix}dwconv"}
    x = g.layer(x, "DepthwiseConv2D", kernel, strides, "valid" if strides == 2 else "same", **named)
    x = _norm_swish(r, x, prefix)
    x = excited(r, x, max(1, int(shortcut.channels * 0.25)), prefix)
    x = _convolution(r, x, filters, f"{prefix}project_conv")
    x = g.layer(x, "BatchNormalization", axis=3, name=f"{prefix}project_bn")
    return added(r, x, shortcut, drop_rate, prefix) if strides == 1 and shortcut.channels == filters else x
