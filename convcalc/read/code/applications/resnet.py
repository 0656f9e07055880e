"""ResNet-50, -101 and -152: the original (He et al. 2015) and the second version, which activates before each convolution (2016)."""

from __future__ import annotations

from convcalc.model import Model
from convcalc.read.code.applications.graph import Graph, Tensor
from convcalc.read.code.applications.request import POOL_NAMES, Request

_BLOCKS = {"ResNet50": (3, 4, 6, 3), "ResNet101": (3, 4, 23, 3), "ResNet152": (3, 8, 36, 3)}
_FILTERS = (64, 128, 256, 512)


def resnet(r: Request) -> Model:
    """Returns ResNet or ResNet V2."""
    g = r.graph
    second = r.application.endswith("V2")
    x = r.input(r.input_shape(224))
    x = g.layer(x, "ZeroPadding2D", 3, name="conv1_pad")
    x = g.layer(x, "Conv2D", 64, 7, strides=2, name="conv1_conv")
    if not second:
        x = _norm_relu(g, x, "conv1_bn", "conv1_relu")
    x = g.layer(x, "ZeroPadding2D", 1, name="pool1_pad")
    x = g.layer(x, "MaxPooling2D", 3, strides=2, name="pool1_pool")
    for stage, (blocks, filters) in enumerate(zip(_BLOCKS[r.application.removesuffix("V2")], _FILTERS), 2):
        for block in range(1, blocks + 1):
            name = f"conv{stage}_block{block}"
            if second:  # the last block of a stage halves the size, except in the last stage
                x = _block_v2(g, x, filters, 2 if block == blocks and stage < 5 else 1, block == 1, name)
            else:  # the first block of a stage halves the size, except in the first stage
                x = _block_v1(g, x, filters, 2 if block == 1 and stage > 2 else 1, block == 1, name)
    if second:
        x = _norm_relu(g, x, "post_bn", "post_relu")
    return r.model(r.top(x, "avg_pool", POOL_NAMES))


def _norm(g: Graph, x: Tensor, name: str) -> Tensor:
    return g.layer(x, "BatchNormalization", axis=3, epsilon=1.001e-5, name=name)


def _norm_relu(g: Graph, x: Tensor, norm_name: str, relu_name: str) -> Tensor:
    return g.layer(_norm(g, x, norm_name), "Activation", "relu", name=relu_name)


def _block_v1(g: Graph, x: Tensor, filters: int, strides: int, projects: bool, name: str) -> Tensor:
    """Adds a bottleneck block: a 1×1, a 3×3 and a 1×1 convolution, and the shortcut from the input."""
    shortcut = x
    if projects:
        shortcut = g.layer(x, "Conv2D", 4 * filters, 1, strides=strides, name=f"{name}_0_conv")
        shortcut = _norm(g, shortcut, f"{name}_0_bn")
    x = g.layer(x, "Conv2D", filters, 1, strides=strides, name=f"{name}_1_conv")
    x = _norm_relu(g, x, f"{name}_1_bn", f"{name}_1_relu")
    x = g.layer(x, "Conv2D", filters, 3, padding="same", name=f"{name}_2_conv")
    x = _norm_relu(g, x, f"{name}_2_bn", f"{name}_2_relu")
    x = g.layer(x, "Conv2D", 4 * filters, 1, name=f"{name}_3_conv")
    x = _norm(g, x, f"{name}_3_bn")
    x = g.layer((shortcut, x), "Add", name=f"{name}_add")
    return g.layer(x, "Activation", "relu", name=f"{name}_out")


def _block_v2(g: Graph, x: Tensor, filters: int, strides: int, projects: bool, name: str) -> Tensor:
    """Adds a bottleneck block whose normalization and activation precede the convolutions."""
    active = _norm_relu(g, x, f"{name}_preact_bn", f"{name}_preact_relu")
    shortcut = x
    if projects:
        shortcut = g.layer(active, "Conv2D", 4 * filters, 1, strides=strides, name=f"{name}_0_conv")
    elif strides > 1:
        shortcut = g.layer(x, "MaxPooling2D", 1, strides=strides)
    x = g.layer(active, "Conv2D", filters, 1, use_bias=False, name=f"{name}_1_conv")
    x = _norm_relu(g, x, f"{name}_1_bn", f"{name}_1_relu")
    x = g.layer(x, "ZeroPadding2D", 1, name=f"{name}_2_pad")
    x = g.layer(x, "Conv2D", filters, 3, strides=strides, use_bias=False, name=f"{name}_2_conv")
    x = _norm_relu(g, x, f"{name}_2_bn", f"{name}_2_relu")
    x = g.layer(x, "Conv2D", 4 * filters, 1, name=f"{name}_3_conv")
    return g.layer((shortcut, x), "Add", name=f"{name}_out")
