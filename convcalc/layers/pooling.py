"""Pooling over windows and over whole axes. Sources: ``keras/src/layers/pooling``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import repeat

from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.window import slide
from convcalc.layers import costs, views
from convcalc.layers.arguments import DATA_FORMAT, Argument, Boolean, Choice, PerAxis
from convcalc.layers.registry import Args, Inferred, layer

_RANKS = (1, 2, 3)
_STRIDES = Argument("strides", PerAxis(), None, nullable=True)
_PADDING = Argument("padding", Choice(("valid", "same")), "valid")
_KEEPDIMS = Argument("keepdims", Boolean(), False)


def _window_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts one operation for each element of each window. Elements in the padding are counted too."""
    return product(a["pool_size"]) * costs.elements(result.outputs[0])


def _tf_windows(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts one operation for each element of each window, for the whole batch."""
    return product(window.kernel for window in result.windows) * costs.tf_elements(result.outputs[0])


def _pool(a: Args, x: Shape) -> Inferred:
    slid = tuple(map(slide, x[1:-1], a["pool_size"], a["strides"] or a["pool_size"], repeat(1), repeat(a["padding"])))
    return Inferred(((x[0], *(window.output for window in slid), x[-1]),), windows=slid)


@layer(
    "MaxPooling{rank}D",
    Argument("pool_size", PerAxis(), 2),
    _STRIDES,
    _PADDING,
    DATA_FORMAT,
    ranks=_RANKS,
    aliases=("MaxPool{rank}D",),
    receptive_field_rule=views.windows_of_each_channel,
    flops=_window_flops,
    tf_flops=costs.in_ranks((2,), _tf_windows),
    built_when_made=True,
    example="{name}: 2",
)
def max_pooling(a: Args, x: Shape) -> Inferred:
    """Computes the maximum of each window over {axes}.

    The default stride is the pool size. Output size on each axis (I: input size, P: pool size, S: stride):
    floor((I − P)/S) + 1 with 'valid', ceil(I/S) with 'same'.
    """
    return _pool(a, x)


@layer(
    "AveragePooling{rank}D",
    Argument("pool_size", PerAxis()),
    _STRIDES,
    _PADDING,
    DATA_FORMAT,
    ranks=_RANKS,
    aliases=("AvgPool{rank}D",),
    receptive_field_rule=views.windows_of_each_channel,
    flops=_window_flops,
    tf_flops=costs.in_ranks((2,), _tf_windows),
    built_when_made=True,
    example="{name}: 2",
)
def average_pooling(a: Args, x: Shape) -> Inferred:
    """Computes the mean of each window over {axes}.

    The default stride is the pool size. Output size on each axis (I: input size, P: pool size, S: stride):
    floor((I − P)/S) + 1 with 'valid', ceil(I/S) with 'same'.
    """
    return _pool(a, x)


def _pool_all(a: Args, x: Shape) -> Inferred:
    ones = (1,) * (len(x) - 2) if a["keepdims"] else ()
    return Inferred(((x[0], *ones, x[-1]),))


def _whole_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how the input is read: spatial axes whole, each channel separately."""
    (x,) = inputs
    at = 1 if a["data_format"] == "channels_first" else len(x) - 1
    axes = [views.BATCH, *(views.WHOLE,) * (len(x) - 1)]
    axes[at] = views.View((at if a["keepdims"] else 1,))
    return (tuple(axes),)


@layer(
    "GlobalMaxPooling{rank}D",
    DATA_FORMAT,
    _KEEPDIMS,
    ranks=_RANKS,
    aliases=("GlobalMaxPool{rank}D",),
    receptive_field_rule=_whole_views,
    flops=costs.per_input(1),
    tf_flops=costs.free,
    built_when_made=True,
    example="{name}: {{keepdims: true}}",
)
def global_max_pooling(a: Args, x: Shape) -> Inferred:
    """Computes the maximum of each channel over all of {axes}.

    The axes are removed, or have size 1 with keepdims: true.
    """
    return _pool_all(a, x)


_global_average = partial(
    layer,
    "GlobalAveragePooling{rank}D",
    DATA_FORMAT,
    _KEEPDIMS,
    aliases=("GlobalAvgPool{rank}D",),
    receptive_field_rule=_whole_views,
    flops=costs.per_input(1),
    tf_flops=costs.tf_per_input(1),
    built_when_made=True,
    example="{name}: {{keepdims: true}}",
)


@_global_average(ranks=(2, 3))
@_global_average(ranks=(1,), consumes_mask=True)
def global_average_pooling(a: Args, x: Shape) -> Inferred:
    """Computes the mean of each channel over all of {axes}.

    The axes are removed, or have size 1 with keepdims: true.
    """
    return _pool_all(a, x)


def _adapt(a: Args, x: Shape) -> Inferred:
    return Inferred(((x[0], *a["output_size"], x[-1]),))


def _adapted_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how each spatial axis is read: in windows if all regions have the same size, otherwise unknown."""
    (x,) = inputs
    sizes = x[2:] if a["data_format"] == "channels_first" else x[1:-1]
    regions = [
        slide(size, size // output, size // output) if isinstance(size, int) and size % output == 0 else None
        for size, output in zip(sizes, a["output_size"])
    ]
    return (views.over_windows(a, x, regions, None),)


def _regions(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts one operation for each position of each region. Regions may overlap."""
    shape = inputs[0]
    first = a["data_format"] == "channels_first"
    sizes, channels = (shape[2:], shape[1]) if first else (shape[1:-1], shape[-1])
    return product((channels, *map(_region_positions, sizes, a["output_size"])))


def _region_positions(size: Number, regions: int) -> Number:
    """Returns the total size of all regions on one axis: 6 for 3 regions of an axis of 4, because each has size 2.

    Region n begins at floor(n·size/regions) and ends before ceil((n + 1)·size/regions).
    """
    if size is UNKNOWN:
        return UNKNOWN
    return sum(-(-(n + 1) * size // regions) - n * size // regions for n in range(regions))


_OUTPUT = Argument("output_size", PerAxis())
# Only the adaptive pooling layers refuse upper case in data_format.
_EXACT_FORMAT = Argument("data_format", Choice(("channels_last", "channels_first")), None, nullable=True)


@layer(
    "AdaptiveMaxPooling{rank}D",
    _OUTPUT,
    _EXACT_FORMAT,
    ranks=_RANKS,
    receptive_field_rule=_adapted_views,
    flops=_regions,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="{name}: 2",
)
def adaptive_max_pooling(a: Args, x: Shape) -> Inferred:
    """Divides {axes} into output_size regions and computes the maximum of each.

    Output size on each axis: output_size, for any input size.
    """
    return _adapt(a, x)


@layer(
    "AdaptiveAveragePooling{rank}D",
    _OUTPUT,
    _EXACT_FORMAT,
    ranks=_RANKS,
    receptive_field_rule=_adapted_views,
    flops=_regions,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="{name}: 2",
)
def adaptive_average_pooling(a: Args, x: Shape) -> Inferred:
    """Divides {axes} into output_size regions and computes the mean of each.

    Output size on each axis: output_size, for any input size.
    """
    return _adapt(a, x)
