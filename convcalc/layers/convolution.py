"""Convolutions over 1, 2 and 3 axes: plain, transposed, depthwise and separable.

One rule declares the layers for 1, 2 and 3 axes. Sources: ``keras/src/layers/convolutional``, and
``keras/src/backend/common/backend_utils.py`` for the sizes of transposed convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.base.window import windows, windows_transposed
from convcalc.layers import costs, views
from convcalc.layers.arguments import (
    ACTIVATION,
    DATA_FORMAT,
    Argument,
    Boolean,
    Choice,
    Integer,
    PerAxis,
    ignored_arguments,
    initializer,
)
from convcalc.layers.lora import ARGUMENTS as LORA
from convcalc.layers.lora import with_lora
from convcalc.layers.registry import Args, Inferred, Weight, layer, required
from convcalc.layers.sliding import (
    DILATION,
    KERNEL,
    PADDING,
    STRIDES,
    bias_of,
    positions_of,
    sizes_of,
    strides_or_dilation,
)

_RANKS = (1, 2, 3)
_FILTERS = Argument("filters", Integer(1))
_MULTIPLIER = Argument("depth_multiplier", Integer(1), 1)
_ACTIVATION = Argument("activation", ACTIVATION, None, nullable=True)
_BIAS = Argument("use_bias", Boolean(), True)


class _PaddingWord(Choice):
    """'valid' or 'same'; with one axis also 'causal'."""

    def for_rank(self, rank: int) -> Choice:
        return Choice(self.words if rank == 1 else self.words[:2], case_insensitive=True)


_PADDING_OR_CAUSAL = Argument("padding", _PaddingWord(("valid", "same", "causal")), "valid")


def _tail(*names: str) -> list[Argument]:
    """Declares the initializers, regularizers and constraints of the named weights. These arguments do not affect
    counts.
    """
    return [
        *(initializer(f"{name}_initializer", "zeros" if name == "bias" else "glorot_uniform") for name in names),
        *ignored_arguments(
            *(f"{name}_regularizer" for name in names),
            "activity_regularizer",
            *(f"{name}_constraint" for name in names),
        ),
    ]


@layer(
    "Conv{rank}D",
    _FILTERS,
    KERNEL,
    STRIDES,
    _PADDING_OR_CAUSAL,
    DATA_FORMAT,
    DILATION,
    Argument("groups", Integer(1), 1),
    _ACTIVATION,
    _BIAS,
    *_tail("kernel", "bias"),
    *LORA,
    ranks=_RANKS,
    aliases=("Convolution{rank}D",),
    receptive_field_rule=views.windows,
    flops=costs.activated,
    tf_flops=costs.in_ranks((1, 2), costs.tf_products),
    built_when_made=False,
    ends_with_bias=True,
    example="{name}: {{filters: 8, kernel_size: 3, padding: same}}",
)
def convolution(a: Args, x: Shape) -> Inferred:
    """Moves filters over {axes}; each filter reads all channels, or only the channels of its group.

    Output size on each axis (I: input size, K: kernel size, S: stride, d: dilation): floor((I − d·(K − 1) − 1)/S) + 1
    with 'valid', ceil(I/S) with 'same'. Parameters: (product of the kernel sizes)·(channels/groups)·filters, and
    filters for the bias. Each element of the kernel is multiplied once at every output position.
    """
    strides_or_dilation(a)
    return convolve(a, x)


def convolve(a: Args, x: Shape) -> Inferred:
    """Computes a convolution. Omits the checks that only Keras layers need."""
    filters, groups = a["filters"], a["groups"]
    if filters % groups > 0:
        raise Refusal(
            f"has {filters} filters, not divisible by its {groups} groups", codes.INDIVISIBLE_GROUPS, "groups"
        )
    channels = required(x[-1], "number of channels")
    if channels % groups > 0:
        raise Refusal(
            f"receives {channels} channels, not divisible by its {groups} groups", codes.INDIVISIBLE_GROUPS, "groups"
        )
    slid = windows(a, x)
    sizes = sizes_of(slid)
    channels_per_group = channels if groups == 1 else channels // groups
    positions = positions_of(sizes)
    kernel = Weight("kernel", (*a["kernel_size"], channels_per_group, filters), positions)
    weights = with_lora(a["lora_rank"], kernel, bias_of(a, filters, positions), a["kernel_constraint"])
    return Inferred(((x[0], *sizes, filters),), weights, windows=slid)


def _tf_transposed(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts a transposed convolution as TensorFlow's profiler does.

    The profiler assumes that each output element needs only 1/stride of the kernel on each axis.
    """
    outputs = costs.tf_elements(result.outputs[0])
    products: Number = 2 * outputs * product(result.weights[0].shape) // (a["filters"] * product(a["strides"]))
    return products + costs.tf_bias_and_activation(a, inputs, result)


_OUTPUT_PADDING = Argument("output_padding", PerAxis(0), None, nullable=True)
_TRANSPOSED_TAIL = [DILATION, _ACTIVATION, _BIAS, *_tail("kernel", "bias")]
_TRANSPOSED: dict[str, Any] = {
    "flops": costs.activated,
    "tf_flops": costs.in_ranks((2,), _tf_transposed),
    "built_when_made": False,
    "ends_with_bias": True,
    "aliases": ("Convolution{rank}DTranspose",),
    "receptive_field_rule": views.windows,
    "example": "{name}: {{filters: 8, kernel_size: 3, strides: 2, padding: same}}",
}


# There are two declarations because Keras's signatures differ: in Conv3DTranspose, data_format comes before
# output_padding.
@layer(
    "Conv{rank}DTranspose",
    *(_FILTERS, KERNEL, STRIDES, PADDING, _OUTPUT_PADDING, DATA_FORMAT),
    *_TRANSPOSED_TAIL,
    ranks=(1, 2),
    **_TRANSPOSED,
)
@layer(
    "Conv{rank}DTranspose",
    *(_FILTERS, KERNEL, STRIDES, PADDING, DATA_FORMAT, _OUTPUT_PADDING),
    *_TRANSPOSED_TAIL,
    ranks=(3,),
    **_TRANSPOSED,
)
def transposed_convolution(a: Args, x: Shape) -> Inferred:
    """Spreads each input position over a kernel along {axes}: a learned upsampling.

    Output size on each axis (I: input size, S: stride, K: kernel size including dilation): I·S with 'same', (I − 1)·S +
    max(K, S) with 'valid'. If output_padding P is set: (I − 1)·S + K mod 2 + P with 'same', (I − 1)·S + K + P with
    'valid'. Each element of the kernel is multiplied once at every input position.
    """
    strides_or_dilation(a)
    extra = a["output_padding"]
    if extra is not None and any(pad >= stride for pad, stride in zip(extra, a["strides"])):
        raise Refusal(
            "needs an output_padding smaller than the stride on every axis", codes.OUTPUT_PADDING, "output_padding"
        )
    return spread(a, x)


def spread(a: Args, x: Shape) -> Inferred:
    """Computes a transposed convolution. Omits the checks that only Keras layers need."""
    channels, filters = required(x[-1], "number of channels"), a["filters"]
    slid = windows_transposed(a, x)
    kernel = Weight("kernel", (*a["kernel_size"], filters, channels), positions_of(x[1:-1]))
    sizes = sizes_of(slid)
    weights = (kernel, *bias_of(a, filters, positions_of(sizes)))
    return Inferred(((x[0], *sizes, filters),), weights, windows=slid)


@layer(
    "DepthwiseConv{rank}D",
    KERNEL,
    STRIDES,
    PADDING,
    _MULTIPLIER,
    DATA_FORMAT,
    DILATION,
    _ACTIVATION,
    _BIAS,
    *_tail("depthwise", "bias"),
    ranks=(1, 2),
    receptive_field_rule=views.windows,
    flops=costs.activated,
    tf_flops=costs.in_ranks((2,), costs.tf_products),
    built_when_made=False,
    ends_with_bias=True,
    example="{name}: {{kernel_size: 3, padding: same}}",
)
def depthwise_convolution(a: Args, x: Shape) -> Inferred:
    """Applies depth_multiplier filters to each channel separately, over {axes}; channels are not mixed.

    Parameters: (product of the kernel sizes)·channels·depth_multiplier, and one bias for each output channel.
    """
    channels = required(x[-1], "number of channels")
    slid = windows(a, x)
    sizes = sizes_of(slid)
    positions = positions_of(sizes)
    kernel = Weight("kernel", (*a["kernel_size"], channels, a["depth_multiplier"]), positions)
    filters = a["depth_multiplier"] * channels
    return Inferred(((x[0], *sizes, filters),), (kernel, *bias_of(a, filters, positions)), windows=slid)


@layer(
    "SeparableConv{rank}D",
    _FILTERS,
    KERNEL,
    STRIDES,
    PADDING,
    DATA_FORMAT,
    DILATION,
    _MULTIPLIER,
    _ACTIVATION,
    _BIAS,
    *_tail("depthwise", "pointwise", "bias"),
    ranks=(1, 2),
    aliases=("SeparableConvolution{rank}D",),
    receptive_field_rule=views.windows,
    flops=costs.activated,
    tf_flops=costs.in_ranks((2,), costs.tf_products),
    built_when_made=False,
    ends_with_bias=True,
    example="{name}: {{filters: 8, kernel_size: 3, padding: same}}",
)
def separable_convolution(a: Args, x: Shape) -> Inferred:
    """Applies a depthwise convolution over {axes}, then a 1×1 convolution that mixes the channels.

    Parameters: K·C·depth_multiplier + C·depth_multiplier·filters (K: product of all kernel sizes, C: input channels),
    and filters for the bias.
    """
    channels, filters = required(x[-1], "number of channels"), a["filters"]
    slid = windows(a, x)
    sizes = sizes_of(slid)
    positions = positions_of(sizes)
    depthwise = Weight("depthwise_kernel", (*a["kernel_size"], channels, a["depth_multiplier"]), positions)
    ones = (1,) * len(slid)
    pointwise = Weight("pointwise_kernel", (*ones, a["depth_multiplier"] * channels, filters), positions)
    weights = (depthwise, pointwise, *bias_of(a, filters, positions))
    return Inferred(((x[0], *sizes, filters),), weights, windows=slid)
