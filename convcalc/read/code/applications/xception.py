"""Xception (Chollet 2016)."""

from __future__ import annotations

from convcalc.model import Model
from convcalc.read.code.applications.graph import Graph, Tensor
from convcalc.read.code.applications.request import Request


def xception(r: Request) -> Model:
    """Returns Xception: 36 convolutions, most of them separable, with shortcuts around blocks."""
    g = r.graph
    x = r.input(r.input_shape(299, minimum=71))
    for name, filters, strides in (("block1_conv1", 32, 2), ("block1_conv2", 64, 1)):
        x = g.layer(x, "Conv2D", filters, 3, strides=strides, use_bias=False, name=name)
        x = g.layer(x, "BatchNormalization", name=f"{name}_bn")
        x = g.layer(x, "Activation", "relu", name=f"{name}_act")
    for block, filters in ((2, 128), (3, 256), (4, 728)):
        x = _down(g, x, block, filters, filters)
    for block in range(5, 13):
        shortcut = x
        for number in (1, 2, 3):
            x = _relu_separable(g, x, f"block{block}_sepconv{number}", 728)
        x = g.layer((x, shortcut), "Add")
    x = _down(g, x, 13, 728, 1024)
    for name, filters in (("block14_sepconv1", 1536), ("block14_sepconv2", 2048)):
        x = _separable(g, x, name, filters)
        x = g.layer(x, "Activation", "relu", name=f"{name}_act")
    return r.model(r.top(x, "avg_pool"))


def _separable(g: Graph, x: Tensor, name: str, filters: int) -> Tensor:
    x = g.layer(x, "SeparableConv2D", filters, 3, padding="same", use_bias=False, name=name)
    return g.layer(x, "BatchNormalization", name=f"{name}_bn")


def _relu_separable(g: Graph, x: Tensor, name: str, filters: int) -> Tensor:
    return _separable(g, g.layer(x, "Activation", "relu", name=f"{name}_act"), name, filters)


def _down(g: Graph, x: Tensor, block: int, first: int, second: int) -> Tensor:
    """Adds a block that halves the height and the width. Block 2 is the first such block, and begins without ReLU."""
    shortcut = g.layer(x, "Conv2D", second, 1, strides=2, padding="same", use_bias=False)
    shortcut = g.layer(shortcut, "BatchNormalization")
    x = (_separable if block == 2 else _relu_separable)(g, x, f"block{block}_sepconv1", first)
    x = _relu_separable(g, x, f"block{block}_sepconv2", second)
    x = g.layer(x, "MaxPooling2D", 3, strides=2, padding="same", name=f"block{block}_pool")
    return g.layer((x, shortcut), "Add")
