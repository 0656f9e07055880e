"""NASNet-A mobile and large (Zoph et al. 2017)."""

from __future__ import annotations

from typing import Any

from convcalc.base.numbers import UNKNOWN
from convcalc.model import Model
from convcalc.read.code.applications.graph import Tensor
from convcalc.read.code.applications.request import Request

# The size of the image, the number of cells between reductions, the filters of the first convolution, the filters of
# the first cell. The last value: True if the cell after a reduction reads the second input of the reduction, False if
# it reads the first.
_VARIANTS = {"NASNetMobile": (224, 4, 32, 44, False), "NASNetLarge": (331, 6, 96, 168, True)}


def nasnet(r: Request) -> Model:
    """Returns NASNet: cells that read the outputs of the two cells before them."""
    g = r.graph
    size, count, stem, filters, keeps = _VARIANTS[r.application]
    if r.is_imagenet and isinstance(r["input_shape"], tuple) and None in r["input_shape"]:
        raise r.refusal("input_shape", f"must contain only numbers for weights='imagenet', not {r['input_shape']}")
    shape = r.input_shape(size)
    if r.application == "NASNetMobile" and not r.include_top and r["input_shape"] is None:
        shape = (size, size, 3)
    x = r.input(shape)
    x = g.layer(x, "Conv2D", stem, 3, strides=2, use_bias=False, kernel_initializer="he_normal", name="stem_conv1")
    x = _norm(r, x, "stem_bn1")
    before, x = x, _reduction(r, x, None, filters // 4, "stem_1")
    before, x = x, _reduction(r, x, before, filters // 2, "stem_2")
    for stage in range(3):
        if stage:
            after = _reduction(r, x, before, filters << stage, f"reduce_{stage * count}")
            before, x = before if keeps else x, after
        first = stage * count + (stage > 0)  # the first reduction has the number ``count``, so no cell has it
        for cell in range(first, first + count):
            before, x = x, _normal(r, x, before, filters << stage, str(cell))
    return r.model(r.top(g.layer(x, "Activation", "relu"), None))


def _norm(r: Request, x: Tensor, name: str) -> Tensor:
    return r.graph.layer(x, "BatchNormalization", momentum=0.9997, name=name)


def _pointwise(r: Request, x: Tensor, filters: int, name: str) -> Tensor:
    named: dict[str, Any] = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal", "name": name}
    return r.graph.layer(x, "Conv2D", filters, 1, **named)


def _squeezed(r: Request, x: Tensor, filters: int, name: str, norm_name: str) -> Tensor:
    x = r.graph.layer(x, "Activation", "relu")
    return _norm(r, _pointwise(r, x, filters, name), norm_name)


def _separable(r: Request, x: Tensor, filters: int, kernel: int, name: str, strides: int = 1) -> Tensor:
    """Adds two separable convolutions. Only the first one uses ``strides``."""
    g = r.graph
    for number in (1, 2):
        x = g.layer(x, "Activation", "relu")
        padding = "same"
        if strides == 2:
            x = g.layer(x, "ZeroPadding2D", r.same_padding(x, kernel), name=f"separable_conv_{number}_pad_{name}")
            padding = "valid"
        own_name = f"separable_conv_{number}_{name}"
        x = g.layer(x, "SeparableConv2D", filters, kernel, strides, padding, use_bias=False, name=own_name)
        x = _norm(r, x, f"separable_conv_{number}_bn_{name}")
        strides = 1
    return x


def _adjusted(r: Request, before: Tensor | None, x: Tensor, filters: int, cell: str) -> Tensor:
    """Returns the second input of a cell with the size of ``x``, or with ``filters`` channels if the sizes are equal."""
    g = r.graph
    if before is None:
        return x
    if before.width is not UNKNOWN and x.width is not UNKNOWN and before.width != x.width:
        # The first half of the filters reads the even rows and columns, the second half the odd ones.
        active = g.layer(before, "Activation", "relu", name=f"adjust_relu_1_{cell}")
        halves = []
        for number in (1, 2):
            half = active
            if number == 2:
                half = g.layer(half, "ZeroPadding2D", ((0, 1), (0, 1)))
                half = g.layer(half, "Cropping2D", ((1, 0), (1, 0)))
            half = g.layer(half, "AveragePooling2D", 1, strides=2, name=f"adjust_avg_pool_{number}_{cell}")
            halves.append(_pointwise(r, half, filters // 2, f"adjust_conv_{number}_{cell}"))
        return _norm(r, g.layer(halves, "Concatenate"), f"adjust_bn_{cell}")
    if before.channels != filters:
        return _squeezed(r, before, filters, f"adjust_conv_projection_{cell}", f"adjust_bn_{cell}")
    return before


def _normal(r: Request, inputs: Tensor, before: Tensor, filters: int, cell: str) -> Tensor:
    """Adds a normal cell, which keeps the height and the width."""
    g = r.graph
    p = _adjusted(r, before, inputs, filters, cell)
    h = _squeezed(r, inputs, filters, f"normal_conv_1_{cell}", f"normal_bn_1_{cell}")

    def separable(x: Tensor, kernel: int, place: str) -> Tensor:
        return _separable(r, x, filters, kernel, f"normal_{place}_{cell}")

    def average(x: Tensor, place: str) -> Tensor:
        return g.layer(x, "AveragePooling2D", 3, strides=1, padding="same", name=f"normal_{place}_{cell}")

    def added(left: Tensor, right: Tensor, number: int) -> Tensor:
        return g.layer((left, right), "Add", name=f"normal_add_{number}_{cell}")

    x1 = added(separable(h, 5, "left1"), separable(p, 3, "right1"), 1)
    x2 = added(separable(p, 5, "left2"), separable(p, 3, "right2"), 2)
    x3 = added(average(h, "left3"), p, 3)
    x4 = added(average(p, "left4"), average(p, "right4"), 4)
    x5 = added(separable(h, 3, "left5"), h, 5)
    return g.layer((p, x1, x2, x3, x4, x5), "Concatenate", name=f"normal_concat_{cell}")


def _reduction(r: Request, inputs: Tensor, before: Tensor | None, filters: int, cell: str) -> Tensor:
    """Adds a reduction cell, which halves the height and the width."""
    g = r.graph
    p = _adjusted(r, before, inputs, filters, cell)
    h = _squeezed(r, inputs, filters, f"reduction_conv_1_{cell}", f"reduction_bn_1_{cell}")
    padded = g.layer(h, "ZeroPadding2D", r.same_padding(h, 3), name=f"reduction_pad_1_{cell}")

    def separable(x: Tensor, kernel: int, place: str, strides: int = 2) -> Tensor:
        return _separable(r, x, filters, kernel, f"reduction_{place}_{cell}", strides)

    def pooled(kind: str, place: str) -> Tensor:
        return g.layer(padded, f"{kind}Pooling2D", 3, strides=2, name=f"reduction_{place}_{cell}")

    def added(left: Tensor, right: Tensor, name: str | None) -> Tensor:
        return g.layer((left, right), "Add", name=name and f"reduction_{name}_{cell}")

    x1 = added(separable(h, 5, "left1"), separable(p, 7, "right1"), "add_1")
    x2 = added(pooled("Max", "left2"), separable(p, 7, "right2"), "add_2")
    x3 = added(pooled("Average", "left3"), separable(p, 5, "right3"), "add3")
    x4 = g.layer(x1, "AveragePooling2D", 3, strides=1, padding="same", name=f"reduction_left4_{cell}")
    x4 = added(x2, x4, None)
    x5 = added(separable(x1, 3, "left4", 1), pooled("Max", "right5"), "add4")
    return g.layer((x2, x3, x4, x5), "Concatenate", name=f"reduction_concat_{cell}")
