"""Operations that slide windows, and those on images. Sources: ``keras/src/ops/nn.py`` and ``image.py``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

from convcalc.layers.registry import Inferred, Product
from convcalc.numbers import UNKNOWN, Number, Shape, product
from convcalc.ops.registry import Rule, Tensor, of_one_sample, operation
from convcalc.problems import Refusal
from convcalc.window import slide, slide_transposed


def _each(value: Any, rank: int) -> list[Any]:
    return [value] * rank if isinstance(value, int) else list(value)


def _channels_last(shape: Shape, data_format: str | None) -> Shape:
    return (shape[0], *shape[2:], shape[1]) if data_format == "channels_first" else shape


def _back(shape: Shape, data_format: str | None) -> Shape:
    return (shape[0], shape[-1], *shape[1:-1]) if data_format == "channels_first" else shape


def _pooling(name: str) -> Rule:
    def rule(
        inputs: Tensor, *, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
    ) -> Tensor:
        shape = _channels_last(inputs.shape, data_format)
        rank = len(shape) - 2
        size = _each(pool_size, rank)
        steps = size if strides is None else _each(strides, rank)
        spatial = [slide(*each).output for each in zip(shape[1:-1], size, steps, repeat(1), repeat(padding))]
        return Tensor(_back((shape[0], *spatial, shape[-1]), data_format), inputs.dtype)

    rule.__doc__ = f"{name} over windows."
    return rule


max_pool, average_pool = (operation(name, "nn")(_pooling(name)) for name in ("MaxPool", "AveragePool"))


def _adaptive(name: str) -> Rule:
    def rule(inputs: Tensor, *, output_size: Any, data_format: str | None = None) -> Tensor:
        shape = inputs.shape
        sizes = _each(output_size, len(shape) - 2)
        if data_format == "channels_last":
            # Keras leaves one spatial axis too many in place (keras/src/ops/nn.py), and its summary shows it.
            return Tensor((*shape[: -len(sizes)], *sizes, shape[-1]), inputs.dtype)
        return Tensor((*shape[:2], *sizes), inputs.dtype)

    rule.__doc__ = f"{name}: to a given size."
    return rule


adaptive_max, adaptive_average = (
    operation(name, "nn")(_adaptive(name)) for name in ("AdaptiveMaxPool", "AdaptiveAveragePool")
)


def _convolution(doc: str, filters: Callable[[Shape], Number], terms: Callable[[Shape], Number]) -> Rule:
    """A convolution whose kernel is a tensor: how many filters it has, and of how many products an output element is the sum."""

    def rule(
        inputs: Tensor,
        kernel: Tensor,
        *,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
    ) -> Inferred:
        shape = _channels_last(inputs.shape, data_format)
        rank = len(shape) - 2
        if len(kernel.shape) != len(shape):
            raise Refusal(f"needs a kernel of {len(shape)} axes", "wrong-rank", "kernel")
        steps, spread = _each(strides, rank), _each(dilation_rate, rank)
        sliding = zip(shape[1:-1], kernel.shape, steps, spread, repeat(padding))
        output = (shape[0], *(slide(*each).output for each in sliding), filters(kernel.shape))
        macs = of_one_sample(output) * terms(kernel.shape)
        return Inferred((_back(output, data_format),), products=(Product("products", macs),), dtype=(inputs.dtype,))

    rule.__doc__ = doc
    return rule


conv = operation("Conv", "nn")(
    _convolution("A convolution whose kernel is a tensor.", lambda k: k[-1], lambda k: product(k[:-1]))
)
depthwise_conv = operation("DepthwiseConv", "nn")(
    _convolution(
        "A convolution of each channel by itself, whose kernel is a tensor.",
        lambda k: k[-1] * k[-2],
        lambda k: product(k[:-2]),
    )
)


@operation("ConvTranspose", "nn")
def conv_transpose(
    inputs: Tensor,
    kernel: Tensor,
    *,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Inferred:
    """A transposed convolution whose kernel is a tensor."""
    shape = _channels_last(inputs.shape, data_format)
    rank = len(shape) - 2
    extra = [None] * rank if output_padding is None else _each(output_padding, rank)
    sliding = zip(shape[1:-1], kernel.shape, _each(strides, rank), _each(dilation_rate, rank), repeat(padding), extra)
    output = (shape[0], *(slide_transposed(*each).output for each in sliding), kernel.shape[-2])
    macs = of_one_sample(shape[:-1]) * product(kernel.shape)
    return Inferred((_back(output, data_format),), products=(Product("products", macs),), dtype=(inputs.dtype,))


def _images(shape: Shape) -> None:
    if len(shape) not in (3, 4):
        raise Refusal("needs an image or a batch of images: three or four axes", "wrong-rank")


def _coloured(shape: Shape, data_format: str | None, channels: tuple[int, ...]) -> int:
    """Where the channels are; refused for another number of them."""
    at = len(shape) - (3 if data_format == "channels_first" else 1)
    if isinstance(shape[at], int) and shape[at] not in channels:
        raise Refusal(f"needs images of {channels[-1]} channels, and these have {shape[at]}", "wrong-channels")
    return at


def _on_images(name: str) -> Rule:
    def rule(images: Tensor, *, data_format: str | None = None) -> Tensor:
        _images(images.shape)
        _coloured(images.shape, data_format, (3,))
        return images

    rule.__doc__ = f"{name}: colours in another space."
    return rule


rgb_to_hsv, hsv_to_rgb = (operation(name, "image")(_on_images(name)) for name in ("RGBToHSV", "HSVToRGB"))


@operation("RGBToGrayscale", "image")
def rgb_to_grayscale(images: Tensor, *, data_format: str | None = None) -> Tensor:
    """Images in shades of grey."""
    _images(images.shape)
    at = _coloured(images.shape, data_format, (1, 3))
    return Tensor((*images.shape[:at], 1, *images.shape[at + 1 :]), images.dtype)


@operation("Resize", "image")
def resize(
    images: Tensor,
    *,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Images of another size."""
    _images(images.shape)
    at = len(images.shape) - (2 if data_format == "channels_first" else 3)
    return Tensor((*images.shape[:at], *size, *images.shape[at + 2 :]), images.dtype)


@operation("GaussianBlur", "image")
def gaussian_blur(
    images: Tensor, *, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: str | None = None
) -> Tensor:
    """Images out of focus."""
    _images(images.shape)
    return images


@operation("ExtractPatches", "image")
def extract_patches(
    images: Tensor,
    *,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The patches of images, each laid out along the channels."""
    single = len(images.shape) == 3
    shape = _channels_last((UNKNOWN, *images.shape) if single else images.shape, data_format)
    rank = len(shape) - 2
    sizes = _each(size, rank)
    steps = sizes if strides is None or strides == 0 else _each(strides, rank)
    sliding = zip(shape[1:-1], sizes, steps, _each(dilation_rate, rank), repeat(padding))
    output = (shape[0], *(slide(*each).output for each in sliding), product(sizes) * shape[-1])
    turned = _back(output, data_format)
    return Tensor(turned[1:] if single else turned, images.dtype)
