"""MobileNetV3 small and large (Howard et al. 2019)."""

from __future__ import annotations

from convcalc.base.structs import Struct
from convcalc.layers.arguments import shown
from convcalc.model import Model
from convcalc.read.code.applications.graph import Graph, Tensor
from convcalc.read.code.applications.request import POOL_NAMES, Request, Sizes, rounded

# A block: expansion, filters, kernel size, strides, squeeze and excite, activation. Minimalistic models change some of
# these.
_RELU, _SWISH = "relu", "hard_silu"
_SMALL = (
    (1, 16, 3, 2, True, _RELU),
    (72 / 16, 24, 3, 2, False, _RELU),
    (88 / 24, 24, 3, 1, False, _RELU),
    (4, 40, 5, 2, True, _SWISH),
    (6, 40, 5, 1, True, _SWISH),
    (6, 40, 5, 1, True, _SWISH),
    (3, 48, 5, 1, True, _SWISH),
    (3, 48, 5, 1, True, _SWISH),
    (6, 96, 5, 2, True, _SWISH),
    (6, 96, 5, 1, True, _SWISH),
    (6, 96, 5, 1, True, _SWISH),
)
_LARGE = (
    (1, 16, 3, 1, False, _RELU),
    (4, 24, 3, 2, False, _RELU),
    (3, 24, 3, 1, False, _RELU),
    (3, 40, 5, 2, True, _RELU),
    (3, 40, 5, 1, True, _RELU),
    (3, 40, 5, 1, True, _RELU),
    (6, 80, 3, 2, False, _SWISH),
    (2.5, 80, 3, 1, False, _SWISH),
    (2.3, 80, 3, 1, False, _SWISH),
    (2.3, 80, 3, 1, False, _SWISH),
    (6, 112, 3, 1, True, _SWISH),
    (6, 112, 3, 1, True, _SWISH),
    (6, 160, 5, 2, True, _SWISH),
    (6, 160, 5, 1, True, _SWISH),
    (6, 160, 5, 1, True, _SWISH),
)
_VARIANTS = {"MobileNetV3Small": (_SMALL, 1024), "MobileNetV3Large": (_LARGE, 1280)}


class _Block(Struct):
    expansion: float
    filters: int
    kernel: int
    strides: int
    squeezes: bool
    activation: str


def mobilenet_v3(r: Request) -> Model:
    """Returns MobileNetV3. A minimalistic model has only 3×3 kernels and ReLU, and no squeeze and excite."""
    g, alpha, minimalistic = r.graph, r.alpha(), bool(r["minimalistic"])
    blocks, last = _VARIANTS[r.application]
    shape = _input_shape(r)
    # Keras downloads a file whose name contains ``str(alpha)``. So Keras accepts 1.0, but refuses 1.
    if r.is_imagenet and str(alpha) not in (("1.0",) if minimalistic else ("0.75", "1.0")):
        kinds = "1.0 for a minimalistic model" if minimalistic else "0.75 or 1.0"
        value = "the whole number 1" if alpha == 1 and isinstance(alpha, int) else shown(alpha)
        raise r.refusal("alpha", f"must be {kinds} with weights='imagenet', not {value}; or pass weights=None")
    activation = _RELU if minimalistic else _SWISH
    x = r.input(shape)
    if r["include_preprocessing"]:
        x = g.layer(x, "Rescaling", 1 / 127.5, -1.0)
    x = g.layer(x, "Conv2D", 16, 3, strides=2, padding="same", use_bias=False, name="conv")
    x = _active(g, _norm(g, x, "conv_bn"), activation)
    for number, row in enumerate(blocks):
        block = _Block(*row)
        block = block._replace(filters=rounded(block.filters * alpha))
        if minimalistic:
            block = block._replace(kernel=3, squeezes=False, activation=_RELU)
        x = _inverted(r, x, block, f"expanded_conv_{number}_" if number else "expanded_conv_")
    x = g.layer(x, "Conv2D", rounded(x.channels * 6), 1, padding="same", use_bias=False, name="conv_1")
    x = _active(g, _norm(g, x, "conv_1_bn"), activation)
    if not r.include_top:
        return r.model(r.pooled(x, POOL_NAMES))
    r.check_top()
    x = g.layer(x, "GlobalAveragePooling2D", keepdims=True)
    x = g.layer(x, "Conv2D", rounded(last * alpha) if alpha > 1.0 else last, 1, padding="same", name="conv_2")
    x = _active(g, x, activation)
    rate = r["dropout_rate"]
    if not isinstance(rate, (int, float)) or rate > 0:
        x = g.layer(x, "Dropout", rate, sources={"rate": "dropout_rate"})
    x = g.layer(x, "Conv2D", r["classes"], 1, padding="same", name="logits")
    x = g.layer(x, "Flatten")
    return r.model(r.final_activation(x))


def _input_shape(r: Request) -> Sizes:
    """Returns the shape of the input. Its default is (None, None, 3), even with ``include_top=True``."""
    sizes = r.sizes_or_tensor()
    if sizes is None:
        return (None, None, 3)
    if None not in sizes[:2]:
        r.check_minimum(sizes[:2], 32)
    return sizes


def _norm(g: Graph, x: Tensor, name: str) -> Tensor:
    return g.layer(x, "BatchNormalization", momentum=0.999, name=name)


def _active(g: Graph, x: Tensor, activation: str) -> Tensor:
    return g.layer(x, "ReLU") if activation == _RELU else g.layer(x, "Activation", activation)


def _inverted(r: Request, x: Tensor, block: _Block, prefix: str) -> Tensor:
    """Adds a block that widens the channels, convolves each channel, and narrows them again."""
    g, shortcut = r.graph, x
    wide = rounded(x.channels * block.expansion)
    if prefix != "expanded_conv_":
        x = g.layer(x, "Conv2D", wide, 1, padding="same", use_bias=False, name=f"{prefix}expand")
        x = _active(g, _norm(g, x, f"{prefix}expand_bn"), block.activation)
    if block.strides == 2:
        x = g.layer(x, "ZeroPadding2D", r.same_padding(x, block.kernel), name=f"{prefix}depthwise_pad")
    padding = "same" if block.strides == 1 else "valid"
    name = f"{prefix}depthwise"
    x = g.layer(x, "DepthwiseConv2D", block.kernel, block.strides, padding, use_bias=False, name=name)
    x = _active(g, _norm(g, x, f"{prefix}depthwise_bn"), block.activation)
    if block.squeezes:
        x = _excited(g, x, wide, f"{prefix}squeeze_excite")
    x = g.layer(x, "Conv2D", block.filters, 1, padding="same", use_bias=False, name=f"{prefix}project")
    x = _norm(g, x, f"{prefix}project_bn")
    if block.strides == 1 and shortcut.channels == block.filters:
        x = g.layer((shortcut, x), "Add", name=f"{prefix}add")
    return x


def _excited(g: Graph, inputs: Tensor, filters: int, name: str) -> Tensor:
    """Multiplies each channel by a weight between 0 and 1 (squeeze and excite). The hard sigmoid is ReLU6(x + 3) / 6."""
    x = g.layer(inputs, "GlobalAveragePooling2D", keepdims=True, name=f"{name}_avg_pool")
    x = g.layer(x, "Conv2D", rounded(filters * 0.25), 1, padding="same", name=f"{name}_conv")
    x = g.layer(x, "ReLU", name=f"{name}_relu")
    x = g.layer(x, "Conv2D", filters, 1, padding="same", name=f"{name}_conv_1")
    x = g.operation("Add", x, 3.0)
    x = g.layer(x, "ReLU", 6.0)
    x = g.operation("Multiply", x, 1 / 6)
    return g.layer((inputs, x), "Multiply", name=f"{name}_mul")
