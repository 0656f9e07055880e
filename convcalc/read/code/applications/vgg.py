"""VGG-16 and VGG-19 (Simonyan & Zisserman 2014)."""

from __future__ import annotations

from convcalc.base.numbers import UNKNOWN
from convcalc.model import Model
from convcalc.read.code.applications.request import Request

_CONVOLUTIONS = {"VGG16": (2, 2, 3, 3, 3), "VGG19": (2, 2, 4, 4, 4)}
_FILTERS = (64, 128, 256, 512, 512)
_SIZE = 224


def vgg(r: Request) -> Model:
    """Returns VGG: five blocks of 3×3 convolutions with a pooling after each, and three Dense layers."""
    g = r.graph
    x = r.input(r.input_shape(_SIZE))
    if r.is_imagenet and r.include_top and (x.height, x.width) not in ((_SIZE, _SIZE), (UNKNOWN, UNKNOWN)):
        raise r.refusal(
            "input_tensor", f"must have the shape ({_SIZE}, {_SIZE}, 3) for weights='imagenet' and include_top"
        )
    for block, (count, filters) in enumerate(zip(_CONVOLUTIONS[r.application], _FILTERS), 1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            x = g.layer(x, "Conv2D", filters, 3, activation="relu", padding="same", name=name)
        x = g.layer(x, "MaxPooling2D", 2, 2, name=f"block{block}_pool")
    if not r.include_top:
        return r.model(r.pooled(x))
    x = g.layer(x, "Flatten", name="flatten")
    for name in ("fc1", "fc2"):
        x = g.layer(x, "Dense", 4096, "relu", name=name)
    return r.model(r.classifier(x))
