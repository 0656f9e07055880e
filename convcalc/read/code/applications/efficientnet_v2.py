"""EfficientNetV2 B0 to B3, S, M and L (Tan & Le 2021)."""

from __future__ import annotations

from math import ceil
from typing import Any

from convcalc.layers.arguments import shown
from convcalc.model import Model
from convcalc.read.code.applications.efficientnet import CONVOLUTION, DENSE, added, excited, top
from convcalc.read.code.applications.graph import Tensor
from convcalc.read.code.applications.request import Request

# The factors for channels and numbers of blocks, and the size of the image.
_VARIANTS = {
    "EfficientNetV2B0": (1.0, 1.0, 224),
    "EfficientNetV2B1": (1.0, 1.1, 240),
    "EfficientNetV2B2": (1.1, 1.2, 260),
    "EfficientNetV2B3": (1.2, 1.4, 300),
    "EfficientNetV2S": (1.0, 1.0, 384),
    "EfficientNetV2M": (1.0, 1.0, 480),
    "EfficientNetV2L": (1.0, 1.0, 480),
}
# A stage: True if its blocks are fused, number of blocks, filters, expansion, strides of the first block.
_STAGES_B = (
    (True, 1, 16, 1, 1),
    (True, 2, 32, 4, 2),
    (True, 2, 48, 4, 2),
    (False, 3, 96, 4, 2),
    (False, 5, 112, 6, 1),
    (False, 8, 192, 6, 2),
)
_STAGES_S = (
    (True, 2, 24, 1, 1),
    (True, 4, 48, 4, 2),
    (True, 4, 64, 4, 2),
    (False, 6, 128, 4, 2),
    (False, 9, 160, 6, 1),
    (False, 15, 256, 6, 2),
)
_STAGES_M = (
    (True, 3, 24, 1, 1),
    (True, 5, 48, 4, 2),
    (True, 5, 80, 4, 2),
    (False, 7, 160, 4, 2),
    (False, 14, 176, 6, 1),
    (False, 18, 304, 6, 2),
    (False, 5, 512, 6, 1),
)
_STAGES_L = (
    (True, 4, 32, 1, 1),
    (True, 7, 64, 4, 2),
    (True, 7, 96, 4, 2),
    (False, 10, 192, 4, 2),
    (False, 19, 224, 6, 1),
    (False, 25, 384, 6, 2),
    (False, 7, 640, 6, 1),
)
# The stages of each model, and the number of filters of its first convolution. Keras finds the stages by the name of
# the model.
_STAGES = {
    **{f"efficientnetv2-b{number}": (32, _STAGES_B) for number in range(4)},
    "efficientnetv2-s": (24, _STAGES_S),
    "efficientnetv2-m": (24, _STAGES_M),
    "efficientnetv2-l": (32, _STAGES_L),
}
# The means and variances of red, green and blue in ImageNet.
_MEANS, _VARIANCES = [0.485, 0.456, 0.406], [0.229**2, 0.224**2, 0.225**2]
_MAX_DROP_RATE = 0.2


def efficientnet_v2(r: Request) -> Model:
    """Returns EfficientNetV2: the first stages have fused blocks, with one convolution instead of two."""
    g, name = r.graph, r.name
    width, depth, size = _VARIANTS[r.application]
    own_name = r.application.lower().replace("v2", "v2-")
    if name not in _STAGES:
        message = f"must be '{own_name}', not {shown(name)}: Keras chooses the layers by this name; remove the argument"
        raise r.refusal("name", message)
    r.check_own_name(own_name)
    filters, stages = _STAGES[name]
    shape = r.input_shape(size)
    x = r.input(shape)
    if r["include_preprocessing"]:
        if name.startswith("efficientnetv2-b") and shape[-1] == 3:
            x = g.layer(x, "Rescaling", 1 / 255)
            x = g.layer(x, "Normalization", axis=3, mean=_MEANS, variance=_VARIANCES)
        else:
            x = g.layer(x, "Rescaling", 1 / 128, -1)
    x = _convolution(r, x, _scaled(filters, width), "stem_conv", kernel=3, strides=2)
    x = _norm_swish(r, x, "stem_")
    done, total = (
        0,
        float(sum(blocks for _, blocks, *_ in stages)),
    )  # as in Keras, this number of blocks does not depend on ``depth``
    for stage, (fused, blocks, filters, expansion, first_strides) in enumerate(stages, 1):
        for block in range(ceil(depth * blocks)):
            prefix = f"block{stage}{chr(ord('a') + block)}_"
            strides = 1 if block else first_strides
            shortcut, out = x, _scaled(filters, width)
            x = (_fused if fused else _separate)(r, x, out, expansion, strides, prefix)
            if strides == 1 and shortcut.channels == out:
                x = added(r, x, shortcut, _MAX_DROP_RATE * done / total, prefix)
            done += 1
    x = _norm_swish(r, _convolution(r, x, _scaled(1280, width), "top_conv"), "top_")
    zeros = {"class_name": "Constant", "config": {"value": 0.0}}
    return r.model(top(r, x, 0.2, kernel_initializer=DENSE, bias_initializer=zeros))


def _scaled(filters: int, width: float) -> int:
    """Returns ``filters * width``, rounded to the nearest multiple of 8, and at least 8."""
    return max(8, int(filters * width + 4) // 8 * 8)


def _convolution(r: Request, x: Tensor, filters: int, name: str, kernel: int = 1, strides: int = 1) -> Tensor:
    named: dict[str, Any] = {"use_bias": False, "kernel_initializer": CONVOLUTION, "name": name}
    return r.graph.layer(x, "Conv2D", filters, kernel, strides=strides, padding="same", **named)


def _norm(r: Request, x: Tensor, prefix: str) -> Tensor:
    return r.graph.layer(x, "BatchNormalization", axis=3, momentum=0.9, name=f"{prefix}bn")


def _norm_swish(r: Request, x: Tensor, prefix: str) -> Tensor:
    return r.graph.layer(_norm(r, x, prefix), "Activation", "silu", name=f"{prefix}activation")


def _separate(r: Request, x: Tensor, filters: int, expansion: int, strides: int, prefix: str) -> Tensor:
    """Adds a block with a depthwise convolution and squeeze and excite."""
    squeezed = max(1, int(x.channels * 0.25))
    x = _convolution(r, x, x.channels * expansion, f"{prefix}expand_conv")
    x = _norm_swish(r, x, f"{prefix}expand_")
    named: dict[str, Any] = {"use_bias": False, "depthwise_initializer": CONVOLUTION, "name": f"{prefix}dwconv2"}
    x = r.graph.layer(x, "DepthwiseConv2D", 3, strides, "same", **named)
    x = excited(r, _norm_swish(r, x, prefix), squeezed, prefix)
    return _norm(r, _convolution(r, x, filters, f"{prefix}project_conv"), f"{prefix}project_")


def _fused(r: Request, x: Tensor, filters: int, expansion: int, strides: int, prefix: str) -> Tensor:
    """Adds a block with a full convolution."""
    if expansion == 1:
        x = _convolution(r, x, filters, f"{prefix}project_conv", 3, strides)
        return _norm_swish(r, x, f"{prefix}project_")
    x = _convolution(r, x, x.channels * expansion, f"{prefix}expand_conv", 3, strides)
    x = _norm_swish(r, x, f"{prefix}expand_")
    return _norm(r, _convolution(r, x, filters, f"{prefix}project_conv"), f"{prefix}project_")
