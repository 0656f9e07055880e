"""Inception-v3 (Szegedy et al. 2015) and Inception-ResNet-v2 (2016)."""

from __future__ import annotations

from typing import Any

from convcalc.model import Model
from convcalc.read.code.applications.graph import Graph, Tensor
from convcalc.read.code.applications.request import Request

# (filters, kernel): a convolution with 'same' padding. (filters, kernel, strides): a convolution with 'valid' padding.
_Convolution = tuple[Any, ...]
_MINIMUM, _SIZE = 75, 299
_ROW, _COLUMN = (1, 7), (7, 1)


def inception_v3(r: Request) -> Model:
    """Returns Inception-v3: eleven modules of parallel branches."""
    g = r.graph
    x = _stem(g, r.input(r.input_shape(_SIZE, _MINIMUM)))
    for module, pooled in enumerate((32, 64, 64)):
        branches = [_chain(g, x, (64, 1)), _chain(g, x, (48, 1), (64, 5)), _chain(g, x, (64, 1), (96, 3), (96, 3))]
        x = _joined(g, [*branches, _average(g, x, pooled)], f"mixed{module}")
    branches = [_chain(g, x, (384, 3, 2)), _chain(g, x, (64, 1), (96, 3), (96, 3, 2))]
    x = _joined(g, [*branches, g.layer(x, "MaxPooling2D", 3, strides=2)], "mixed3")
    for module, n in enumerate((128, 160, 160, 192), 4):
        branches = [
            _chain(g, x, (192, 1)),
            _chain(g, x, (n, 1), (n, _ROW), (192, _COLUMN)),
            _chain(g, x, (n, 1), (n, _COLUMN), (n, _ROW), (n, _COLUMN), (192, _ROW)),
        ]
        x = _joined(g, [*branches, _average(g, x, 192)], f"mixed{module}")
    branches = [_chain(g, x, (192, 1), (320, 3, 2)), _chain(g, x, (192, 1), (192, _ROW), (192, _COLUMN), (192, 3, 2))]
    x = _joined(g, [*branches, g.layer(x, "MaxPooling2D", 3, strides=2)], "mixed8")
    for module in (9, 10):
        direct = _chain(g, x, (320, 1))
        single = _split(g, _chain(g, x, (384, 1)), f"mixed9_{module - 9}")
        double = _split(g, _chain(g, x, (448, 1), (384, 3)), None)
        x = _joined(g, [direct, single, double, _average(g, x, 192)], f"mixed{module}")
    return r.model(r.top(x, "avg_pool"))


def inception_resnet_v2(r: Request) -> Model:
    """Returns Inception-ResNet-v2: forty residual modules. Each module scales its result and adds it to its input."""
    g = r.graph
    x = _stem(g, r.input(r.input_shape(_SIZE, _MINIMUM)))
    branches = [_chain(g, x, (96, 1)), _chain(g, x, (48, 1), (64, 5)), _chain(g, x, (64, 1), (96, 3), (96, 3))]
    x = _joined(g, [*branches, _average(g, x, 64)], "mixed_5b")
    for number in range(1, 11):
        branches = [_chain(g, x, (32, 1)), _chain(g, x, (32, 1), (32, 3)), _chain(g, x, (32, 1), (48, 3), (64, 3))]
        x = _update(g, x, branches, 0.17, f"block35_{number}")
    branches = [_chain(g, x, (384, 3, 2)), _chain(g, x, (256, 1), (256, 3), (384, 3, 2))]
    x = _joined(g, [*branches, g.layer(x, "MaxPooling2D", 3, strides=2)], "mixed_6a")
    for number in range(1, 21):
        branches = [_chain(g, x, (192, 1)), _chain(g, x, (128, 1), (160, _ROW), (192, _COLUMN))]
        x = _update(g, x, branches, 0.1, f"block17_{number}")
    branches = [
        _chain(g, x, (256, 1), (384, 3, 2)),
        _chain(g, x, (256, 1), (288, 3, 2)),
        _chain(g, x, (256, 1), (288, 3), (320, 3, 2)),
    ]
    x = _joined(g, [*branches, g.layer(x, "MaxPooling2D", 3, strides=2)], "mixed_7a")
    for number in range(1, 11):
        branches = [_chain(g, x, (192, 1)), _chain(g, x, (192, 1), (224, (1, 3)), (256, (3, 1)))]
        x = _update(g, x, branches, 0.2 if number < 10 else 1.0, f"block8_{number}", active=number < 10)
    x = g.layer(x, "Conv2D", 1536, 1, padding="same", use_bias=False, name="conv_7b")
    x = g.layer(x, "BatchNormalization", axis=3, scale=False, name="conv_7b_bn")
    x = g.layer(x, "Activation", "relu", name="conv_7b_ac")
    return r.model(r.top(x, "avg_pool"))


def _convolution(g: Graph, x: Tensor, filters: int, kernel: Any, strides: int = 1, padding: str = "same") -> Tensor:
    """Adds a convolution without bias, a BatchNormalization without scale, and ReLU."""
    x = g.layer(x, "Conv2D", filters, kernel, strides=strides, padding=padding, use_bias=False)
    x = g.layer(x, "BatchNormalization", axis=3, scale=False)
    return g.layer(x, "Activation", "relu")


def _chain(g: Graph, x: Tensor, *convolutions: _Convolution) -> Tensor:
    for convolution in convolutions:
        filters, kernel, *strides = convolution
        x = _convolution(g, x, filters, kernel, strides[0] if strides else 1, "valid" if strides else "same")
    return x


def _stem(g: Graph, x: Tensor) -> Tensor:
    x = _chain(g, x, (32, 3, 2), (32, 3, 1), (64, 3))
    x = g.layer(x, "MaxPooling2D", 3, strides=2)
    x = _chain(g, x, (80, 1, 1), (192, 3, 1))
    return g.layer(x, "MaxPooling2D", 3, strides=2)


def _average(g: Graph, x: Tensor, filters: int) -> Tensor:
    """Adds an average pooling with 3×3 windows, followed by a 1×1 convolution."""
    return _convolution(g, g.layer(x, "AveragePooling2D", 3, strides=1, padding="same"), filters, 1)


def _split(g: Graph, x: Tensor, name: str | None) -> Tensor:
    """Adds a 1×3 and a 3×1 convolution of ``x``, and joins their outputs."""
    return _joined(g, [_chain(g, x, (384, (1, 3))), _chain(g, x, (384, (3, 1)))], name)


def _joined(g: Graph, branches: list[Tensor], name: str | None) -> Tensor:
    return g.layer(branches, "Concatenate", axis=3, name=name)


def _update(g: Graph, x: Tensor, branches: list[Tensor], scale: float, name: str, active: bool = True) -> Tensor:
    """Joins the branches, and adds ``scale`` times the result to ``x``. A 1×1 convolution adjusts the number of
    channels.
    """
    update = _joined(g, branches, f"{name}_mixed")
    update = g.layer(update, "Conv2D", x.channels, 1, padding="same", name=f"{name}_conv")
    x = g.layer((x, update), "CustomScaleLayer", scale)
    return g.layer(x, "Activation", "relu", name=f"{name}_ac") if active else x
