"""DenseNet-121, -169 and -201 (Huang et al. 2016)."""

from __future__ import annotations

from convcalc.model import Model
from convcalc.read.code.applications.graph import Graph, Tensor
from convcalc.read.code.applications.request import POOL_NAMES, Request

_LAYERS = {"DenseNet121": (6, 12, 24, 16), "DenseNet169": (6, 12, 32, 32), "DenseNet201": (6, 12, 48, 32)}
_GROWTH = 32  # each layer adds this many channels


def densenet(r: Request) -> Model:
    """Returns DenseNet: four blocks in which each layer reads the outputs of all layers before it."""
    g = r.graph
    x = r.input(r.input_shape(224))
    x = g.layer(x, "ZeroPadding2D", 3)
    x = g.layer(x, "Conv2D", 64, 7, strides=2, use_bias=False, name="conv1_conv")
    x = _norm_relu(g, x, "conv1_")
    x = g.layer(x, "ZeroPadding2D", 1)
    x = g.layer(x, "MaxPooling2D", 3, strides=2, name="pool1")
    for block, layers in enumerate(_LAYERS[r.application], 2):
        if block > 2:
            x = _transition(g, x, f"pool{block - 1}")
        for number in range(1, layers + 1):
            x = _grown(g, x, f"conv{block}_block{number}")
    x = _norm_relu(g, x, "")
    return r.model(r.top(x, "avg_pool", POOL_NAMES))


def _norm_relu(g: Graph, x: Tensor, prefix: str) -> Tensor:
    x = g.layer(x, "BatchNormalization", axis=3, epsilon=1.001e-5, name=f"{prefix}bn")
    return g.layer(x, "Activation", "relu", name=f"{prefix}relu")


def _grown(g: Graph, x: Tensor, name: str) -> Tensor:
    """Adds 32 channels, which two convolutions compute from all earlier channels."""
    new = _norm_relu(g, x, f"{name}_0_")
    new = g.layer(new, "Conv2D", 4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")
    new = _norm_relu(g, new, f"{name}_1_")
    new = g.layer(new, "Conv2D", _GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")
    return g.layer((x, new), "Concatenate", axis=3, name=f"{name}_concat")


def _transition(g: Graph, x: Tensor, name: str) -> Tensor:
    """Halves the channels, the height and the width."""
    x = _norm_relu(g, x, f"{name}_")
    x = g.layer(x, "Conv2D", x.channels // 2, 1, use_bias=False, name=f"{name}_conv")
    return g.layer(x, "AveragePooling2D", 2, strides=2, name=f"{name}_pool")
