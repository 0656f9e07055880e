"""MobileNet (Howard et al. 2017) and MobileNetV2 (Sandler et al. 2018)."""

from __future__ import annotations

from typing import Any

from convcalc.model import Model
from convcalc.read.code.applications.graph import Graph, Tensor
from convcalc.read.code.applications.request import Request, Sizes, rounded

_SIZES = (128, 160, 192, 224)  # the sizes of the images on which the models were trained
# MobileNet: filters and strides of each block.
_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
# MobileNetV2: filters, strides of the first block, and number of blocks.
_STAGES_V2 = ((16, 1, 1), (24, 2, 2), (32, 2, 3), (64, 2, 4), (96, 1, 3), (160, 2, 3), (320, 1, 1))


def mobilenet(r: Request) -> Model:
    """Returns MobileNet: blocks of a depthwise and a pointwise convolution. ``alpha`` scales the channels."""
    g, alpha = r.graph, r.alpha()
    if int(32 * alpha) < 1:
        raise r.refusal("alpha", f"must be at least 1/32, not {alpha}: the first layer has 32·alpha filters")
    shape = r.input_shape(_default_size(r.sizes(), _SIZES))
    r.check_pretrained("depth_multiplier", (1,))
    r.check_pretrained("alpha", (0.25, 0.5, 0.75, 1.0))
    x = r.input(shape)
    x = g.layer(x, "Conv2D", int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")
    x = _norm_relu6(g, x, "conv1", momentum=0.99)
    for number, (filters, strides) in enumerate(_BLOCKS, 1):
        if strides == 2:
            x = g.layer(x, "ZeroPadding2D", ((0, 1), (0, 1)), name=f"conv_pad_{number}")
        name = f"conv_dw_{number}"
        padding = "same" if strides == 1 else "valid"
        named: dict[str, Any] = {"use_bias": False, "sources": {"depth_multiplier": "depth_multiplier"}, "name": name}
        x = g.layer(x, "DepthwiseConv2D", 3, strides, padding, r["depth_multiplier"], **named)
        x = _norm_relu6(g, x, name, momentum=0.99)
        name = f"conv_pw_{number}"
        x = g.layer(x, "Conv2D", int(filters * alpha), 1, padding="same", use_bias=False, name=name)
        x = _norm_relu6(g, x, name, momentum=0.99)
    if r.include_top:
        r.check_top()
        x = g.layer(x, "GlobalAveragePooling2D", keepdims=True)
        x = g.layer(x, "Dropout", r["dropout"], sources={"rate": "dropout"}, name="dropout")
        x = g.layer(x, "Conv2D", r["classes"], 1, padding="same", name="conv_preds")
        x = g.layer(x, "Reshape", (r["classes"],), name="reshape_2")
        x = r.final_activation(x)
    else:
        x = r.pooled(x)
    return r.model(x, f"mobilenet_{alpha:0.2f}_{_trained_size(r, shape, _SIZES)}")


def mobilenet_v2(r: Request) -> Model:
    """Returns MobileNetV2: blocks that widen the channels, convolve each channel, and narrow them again."""
    g, alpha = r.graph, r.alpha()
    trained_sizes = (96, *_SIZES)
    shape = r.input_shape(_default_size(r.sizes_or_tensor(), trained_sizes))
    r.check_pretrained("alpha", (0.35, 0.5, 0.75, 1.0, 1.3, 1.4))
    x = r.input(shape)
    x = g.layer(x, "Conv2D", rounded(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")
    x = g.layer(x, "BatchNormalization", momentum=0.999, name="bn_Conv1")
    x = g.layer(x, "ReLU", 6.0, name="Conv1_relu")
    number = 0
    for filters, first_strides, blocks in _STAGES_V2:
        for block in range(blocks):
            x = _inverted(r, x, rounded(int(filters * alpha)), 1 if block else first_strides, number)
            number += 1
    last = rounded(1280 * alpha) if alpha > 1.0 else 1280
    x = g.layer(x, "Conv2D", last, 1, use_bias=False, name="Conv_1")
    x = g.layer(x, "BatchNormalization", momentum=0.999, name="Conv_1_bn")
    x = g.layer(x, "ReLU", 6.0, name="out_relu")
    return r.model(r.top(x, None), f"mobilenetv2_{alpha:0.2f}_{_trained_size(r, shape, trained_sizes)}")


def _default_size(sizes: Sizes | None, trained: tuple[int, ...]) -> int:
    """Returns the height of the input if Keras has weights for square images of this size. Otherwise returns 224."""
    if sizes is None or sizes[0] is None or sizes[0] != sizes[1] or sizes[0] not in trained:
        return 224
    return sizes[0]


def _trained_size(r: Request, shape: Sizes, trained: tuple[int, ...]) -> int | None:
    """Returns the size of the image that the model's automatic name contains."""
    if r.is_imagenet and (shape[0] != shape[1] or shape[0] not in trained):
        return 224
    return shape[0]


def _norm_relu6(g: Graph, x: Tensor, name: str, momentum: float, norm: str = "bn") -> Tensor:
    x = g.layer(x, "BatchNormalization", momentum=momentum, name=f"{name}_{norm}")
    return g.layer(x, "ReLU", 6.0, name=f"{name}_relu")


def _inverted(r: Request, x: Tensor, filters: int, strides: int, number: int) -> Tensor:
    g, shortcut = r.graph, x
    prefix = f"block_{number}" if number else "expanded_conv"
    if number:
        x = g.layer(x, "Conv2D", 6 * x.channels, 1, padding="same", use_bias=False, name=f"{prefix}_expand")
        x = _norm_relu6(g, x, f"{prefix}_expand", 0.999, "BN")
    if strides == 2:
        x = g.layer(x, "ZeroPadding2D", r.same_padding(x, 3), name=f"{prefix}_pad")
    name = f"{prefix}_depthwise"
    padding = "same" if strides == 1 else "valid"
    x = g.layer(x, "DepthwiseConv2D", 3, strides, padding, use_bias=False, name=name)
    x = _norm_relu6(g, x, name, 0.999, "BN")
    x = g.layer(x, "Conv2D", filters, 1, padding="same", use_bias=False, name=f"{prefix}_project")
    x = g.layer(x, "BatchNormalization", momentum=0.999, name=f"{prefix}_project_BN")
    if strides == 1 and shortcut.channels == filters:
        x = g.layer((shortcut, x), "Add", name=f"{prefix}_add")
    return x
