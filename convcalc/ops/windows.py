"""Operations with windows: convolutions, pooling and patches. Sources: ``keras/src/ops/nn.py`` and ``image.py``."""

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.base.window import slide, slide_transposed
from convcalc.layers.arguments import shown
from convcalc.layers.registry import Inferred, Product
from convcalc.ops import costs
from convcalc.ops.arguments import CheckedByRule, DataFormat, Ignored, PerAxis, PerAxisOrNull
from convcalc.ops.registry import Rule, operation
from convcalc.ops.tensor import Tensor, sample_elements


def _per_axis(value: Any, rank: int) -> list[Any]:
    return [value] * rank if isinstance(value, int) else list(value)


def _channels_last(shape: Shape, data_format: Any) -> Shape:
    """Returns the shape with the channel axis moved to the end."""
    first = data_format == "channels_first"
    if len(shape) < (2 if first else 1):
        raise Refusal("needs an input with axes for the batch, the window and the channels", codes.INVALID_VALUE)
    return (shape[0], *shape[2:], shape[1]) if first else shape


def _slide(
    sizes: Shape, kernel: Iterable[Number], strides: Iterable[int], dilation: Iterable[int], padding: Any
) -> list[Number]:
    """Returns the output size of each axis on which a window moves.

    As in Keras, a single size, stride or rate applies to all axes.
    """
    padding = _same_or_valid(padding)
    outputs = []
    settings: list[list[Any]] = [list(sizes), list(kernel), list(strides), list(dilation)]
    axes = max(len(values) if values else 0 for values in settings)
    if any(len(values) not in (1, axes) for values in settings):
        raise Refusal(f"needs one size, stride and rate for each of {len(sizes)} axes", codes.INVALID_VALUE)
    for size, kernel_size, stride, rate in zip(*(values * axes if len(values) == 1 else values for values in settings)):
        if stride == 0 and size is not UNKNOWN:
            raise Refusal("needs strides other than 0", codes.INVALID_VALUE)
        outputs.append(slide(size, kernel_size, stride, rate, padding).output)
    return outputs


def _original_format(shape: Shape, data_format: DataFormat) -> Shape:
    return (shape[0], shape[-1], *shape[1:-1]) if data_format == "channels_first" else shape


def _pooling(name: str) -> Rule:
    def rule(
        inputs: Tensor,
        *,
        pool_size: PerAxis,
        strides: PerAxis | None = None,
        padding: CheckedByRule = "valid",
        data_format: DataFormat = None,
    ) -> Tensor:
        shape = _channels_last(inputs.shape, data_format)
        rank = len(shape) - 2
        size = _per_axis(pool_size, rank)
        steps = size if strides is None else _per_axis(strides, rank)
        spatial = _slide(shape[1:-1], size, steps, [1], padding)
        return Tensor(_original_format((shape[0], *spatial, shape[-1]), data_format), inputs.dtype)

    rule.__doc__ = f"Computes the {'maximum' if 'Max' in name else 'mean'} of each window."
    return rule


max_pool, average_pool = (
    operation(name, "nn", flops=costs.pooling)(_pooling(name)) for name in ("MaxPool", "AveragePool")
)


def _adaptive(name: str) -> Rule:
    def rule(inputs: Tensor, *, output_size: PerAxis, data_format: DataFormat = None) -> Tensor:
        shape = inputs.shape
        sizes = _per_axis(output_size, len(shape) - 2)
        if data_format == "channels_last":
            if not shape:
                raise Refusal("needs an input with an axis for the channels", codes.INVALID_VALUE)
            # As in Keras (keras/src/ops/nn.py), the output has one spatial axis too many: Keras's summary shows this
            # axis.
            return Tensor((*shape[: -len(sizes)], *sizes, shape[-1]), inputs.dtype)
        return Tensor((*shape[:2], *sizes), inputs.dtype)

    rule.__doc__ = f"Computes the {'maximum' if 'Max' in name else 'mean'} of each region, for a given output size."
    return rule


adaptive_max, adaptive_average = (
    operation(name, "nn", flops=costs.unknown)(_adaptive(name)) for name in ("AdaptiveMaxPool", "AdaptiveAveragePool")
)


def _check_channels(inputs: Number, kernel: Number) -> None:
    if isinstance(inputs, int) and isinstance(kernel, int) and inputs != kernel:
        raise Refusal(
            f"has a kernel for {kernel} channels, but an input of {inputs} channels", codes.WRONG_CHANNELS, "kernel"
        )


def _check_kernel(kernel: Tensor) -> None:
    if len(kernel.shape) < 2:
        raise Refusal(
            "needs a kernel with an axis for input channels and an axis for output channels", codes.INVALID_VALUE
        )


def _check_known(kernel: Shape) -> None:
    if UNKNOWN in kernel:
        raise Refusal("needs a kernel of a known size", codes.UNKNOWN_SIZE, "kernel")


def _depthwise_filters(kernel: Shape) -> Number:
    _check_known(kernel[-2:])
    return kernel[-1] * kernel[-2]


def _convolution(
    doc: str, filters: Callable[[Shape], Number], terms: Callable[[Shape], Number]
) -> Callable[..., Inferred]:
    """Returns the rule of a convolution whose kernel is a tensor.

    ``filters(shape of the kernel)`` is the number of filters. ``terms(shape of the kernel)`` is the number of
    multiplications for one output element.
    """

    def rule(
        inputs: Tensor,
        kernel: Tensor,
        *,
        strides: PerAxis = 1,
        padding: CheckedByRule = "valid",
        data_format: DataFormat = None,
        dilation_rate: PerAxis = 1,
    ) -> Inferred:
        shape = _channels_last(inputs.shape, data_format)
        rank = len(shape) - 2
        if len(kernel.shape) != len(shape):
            raise Refusal(f"needs a kernel of {len(shape)} axes", codes.WRONG_RANK, "kernel")
        _check_kernel(kernel)
        _check_channels(shape[-1], kernel.shape[-2])
        if padding == "valid":
            _check_known(kernel.shape[:-2])
        steps, spread = _per_axis(strides, rank), _per_axis(dilation_rate, rank)
        if len(spread) != rank:
            raise Refusal(f"needs a dilation rate for each of {rank} axes", codes.INVALID_VALUE, "dilation_rate")
        spatial = _slide(shape[1:-1], kernel.shape[:-2], steps, spread, padding)
        output = (shape[0], *spatial, filters(kernel.shape))
        macs = sample_elements(output) * terms(kernel.shape)
        return Inferred(
            (_original_format(output, data_format),), products=(Product("products", macs),), dtype=(inputs.dtype,)
        )

    rule.__doc__ = doc
    return rule


conv = operation("Conv", "nn", flops=costs.free)(
    _convolution("Computes a convolution; the kernel is a tensor.", lambda k: k[-1], lambda k: product(k[:-1]))
)
depthwise_conv = operation("DepthwiseConv", "nn", flops=costs.free)(
    _convolution(
        "Computes a depthwise convolution; the kernel is a tensor.",
        _depthwise_filters,
        lambda k: product(k[:-2]),
    )
)


def _same_or_valid(padding: Any) -> str:
    if padding not in ("same", "valid"):
        raise Refusal(f"needs 'same' or 'valid' as padding, not {shown(padding)}", codes.INVALID_VALUE, "padding")
    return str(padding)


@operation("SeparableConv", "nn", flops=costs.free)
def separable_conv(
    inputs: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    *,
    strides: PerAxis = 1,
    padding: CheckedByRule = "valid",
    data_format: DataFormat = None,
    dilation_rate: PerAxis = 1,
) -> Inferred:
    """Computes a depthwise convolution and then a pointwise convolution; both kernels are tensors."""
    result = depthwise_conv(
        inputs,
        depthwise_kernel,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
    )
    (shape,), (convolved,) = result.outputs, result.products
    window_count = _channels_last(shape or (), data_format)[:-1]
    if not pointwise_kernel.shape:
        raise Refusal("needs a pointwise kernel with an axis for the output's channels", codes.INVALID_VALUE)
    output = (*window_count, pointwise_kernel.shape[-1])
    depthwise = Product("depthwise", convolved.macs)
    pointwise = Product("pointwise", sample_elements(window_count) * product(pointwise_kernel.shape))
    return Inferred((_original_format(output, data_format),), products=(depthwise, pointwise), dtype=(inputs.dtype,))


@operation("ConvTranspose", "nn", flops=costs.free)
def conv_transpose(
    inputs: Tensor,
    kernel: Tensor,
    *,
    strides: PerAxis = 1,
    padding: CheckedByRule = "valid",
    output_padding: PerAxisOrNull | None = None,
    data_format: DataFormat = None,
    dilation_rate: PerAxis = 1,
) -> Inferred:
    """Computes a transposed convolution; the kernel is a tensor."""
    shape = _channels_last(inputs.shape, data_format)
    rank = len(shape) - 2
    _check_kernel(kernel)
    _check_channels(shape[-1], kernel.shape[-1])
    _check_known(tuple(size for size, window_count in zip(kernel.shape, shape[1:-1]) if window_count is not UNKNOWN))
    extra = [None] * rank if output_padding is None else _per_axis(output_padding, rank)
    sliding = zip(
        shape[1:-1],
        kernel.shape,
        _per_axis(strides, rank),
        _per_axis(dilation_rate, rank),
        repeat(_same_or_valid(padding)),
        extra,
    )
    output = (shape[0], *(slide_transposed(*settings).output for settings in sliding), kernel.shape[-2])
    macs = sample_elements(shape[:-1]) * product(kernel.shape)
    return Inferred(
        (_original_format(output, data_format),), products=(Product("products", macs),), dtype=(inputs.dtype,)
    )


@operation("ExtractPatches", "image", flops=costs.free)
def extract_patches(
    images: Tensor,
    *,
    size: PerAxis,
    strides: PerAxis | None = None,
    dilation_rate: PerAxis = 1,
    padding: CheckedByRule = "valid",
    data_format: DataFormat = None,
) -> Tensor:
    """Extracts patches from images; the elements of each patch are on the channel axis."""
    rank = 3 if isinstance(size, (list, tuple)) and len(size) == 3 else 2
    single = len(images.shape) == rank + 1
    shape = _channels_last((UNKNOWN, *images.shape) if single else images.shape, data_format)
    sizes = _per_axis(size, rank)[:rank]
    if len(sizes) < rank or len(shape) != rank + 2:
        raise Refusal(
            f"needs images with {rank} spatial axes and a channel axis, and a size for each spatial axis",
            codes.WRONG_RANK,
        )
    steps = sizes if strides is None or strides == 0 else _per_axis(strides, rank)
    rates = _per_axis(dilation_rate, rank)
    if len(rates) != rank:
        raise Refusal(f"needs a dilation rate for each of {rank} axes", codes.INVALID_VALUE, "dilation_rate")
    spatial = _slide(shape[1:-1], sizes, steps, rates, padding)
    output = (shape[0], *spatial, product(sizes) * shape[-1])
    turned = _original_format(output, data_format)
    return Tensor(turned[1:] if single else turned, images.dtype)


@operation("Unfold", "nn", flops=costs.free)
def unfold(
    x: Tensor,
    *,
    kernel_size: PerAxis,
    dilation: PerAxis = 1,
    padding: PerAxis = 0,
    stride: PerAxis = 1,
) -> Tensor:
    """Extracts windows from images; the elements of each window are on the second axis."""
    if len(x.shape) != 4 or any(size is UNKNOWN for size in x.shape[1:]):
        raise Refusal(
            "needs images of (batch, channels, height, width); only the batch may be unknown",
            codes.WRONG_SHAPE,
        )
    settings = zip(x.shape[2:], *(_per_axis(value, 2) for value in (kernel_size, dilation, padding, stride)))
    if 0 in _per_axis(stride, 2):
        raise Refusal("needs strides other than 0", codes.INVALID_VALUE)
    # As in Keras, a kernel that is too large gives an output without columns.
    window_count = product(
        (size + 2 * pad - spread * (kernel - 1) - 1) // step + 1 for size, kernel, spread, pad, step in settings
    )
    if window_count < 0:
        raise Refusal("has windows that do not fit its images", codes.VANISHING_SIZE, "kernel_size")
    return Tensor((x.shape[0], x.shape[1] * product(_per_axis(kernel_size, 2)), window_count), x.dtype)


@operation("Fold", "nn", flops=costs.per_input(1))
def fold(
    x: Tensor,
    *,
    output_size: PerAxis,
    kernel_size: PerAxis,
    dilation: Ignored = 1,
    padding: Ignored = 0,
    stride: Ignored = 1,
) -> Tensor:
    """Rebuilds images from their windows."""
    if len(x.shape) != 3:
        raise Refusal("needs an input of (batch, elements, windows): three axes", codes.WRONG_RANK)
    batch, elements, _ = x.shape
    kernel_elements = product(_per_axis(kernel_size, 2))
    if kernel_elements == 0 and elements is not UNKNOWN:
        raise Refusal("needs a window of at least one element", codes.INVALID_VALUE)
    if elements % kernel_elements > 0:
        raise Refusal(
            f"needs a number of elements divisible by {kernel_elements}, not {elements}", codes.INDIVISIBLE_GROUPS
        )
    return Tensor((batch, elements // kernel_elements, *_per_axis(output_size, 2)), x.dtype)
