"""Layers that move, pad, crop or repeat values. Sources: ``keras/src/layers/reshaping``."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, padded, product
from convcalc.base.problems import Refusal
from convcalc.base.window import Window, slide_transposed
from convcalc.layers import costs, views
from convcalc.layers.arguments import DATA_FORMAT, Argument, Choice, Integer, Integers, PaddingPairs, PerAxis
from convcalc.layers.registry import SAME, VIEW, Args, Inferred, layer

_RANKS = (1, 2, 3)


def _pad(x: Shape, padding: tuple[tuple[int, int], ...]) -> Inferred:
    """Pads each spatial axis; negative numbers crop it. The windows of the result have kernel size 1."""
    slid = tuple(
        Window(size, 1, 1, 1, before, after, padded(size, before, after))
        for size, (before, after) in zip(x[1:-1], padding)
    )
    return Inferred(((x[0], *(window.output for window in slid), x[-1]),), windows=slid)


_PADDING = Argument("padding", PaddingPairs(), 1)
_PADDING_EXAMPLE = "{name}: 1"


@layer(
    "ZeroPadding{rank}D",
    _PADDING,
    DATA_FORMAT,
    ranks=_RANKS,
    receptive_field_rule=views.windows_of_each_channel,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example=_PADDING_EXAMPLE,
)
def zero_padding(a: Args, x: Shape) -> Inferred:
    """Adds zeros before and after {axes}.

    Output size on each axis: input size + before + after.
    """
    return _pad(x, a["padding"])


def _crop(a: Args, x: Shape) -> Inferred:
    for size, (before, after) in zip(x[1:-1], a["cropping"]):
        if size <= before + after:
            raise Refusal(
                f"cannot crop {before} + {after} of {size} positions: nothing would be left",
                codes.VANISHING_SIZE,
                "cropping",
            )
    return _pad(x, tuple((-before, -after) for before, after in a["cropping"]))


@layer(
    "Cropping1D",
    Argument("cropping", PaddingPairs(), 1),
    ranks=(1,),
    receptive_field_rule=views.windows_of_each_channel,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example="Cropping1D: 1",
)
def cropping_1d(a: Args, x: Shape) -> Inferred:
    """Removes steps from the start and the end of the length.

    Output size: input size − before − after.
    """
    return _crop(a, x)


@layer(
    "Cropping2D",
    Argument("cropping", PaddingPairs(), 0),
    DATA_FORMAT,
    ranks=(2,),
    receptive_field_rule=views.windows_of_each_channel,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example="Cropping2D: {{cropping: [[1, 1], [2, 2]]}}",
)
def cropping_2d(a: Args, x: Shape) -> Inferred:
    """Removes values from the start and the end of {axes}.

    Output size on each axis: input size − before − after.
    """
    return _crop(a, x)


@layer(
    "Cropping3D",
    Argument("cropping", PaddingPairs(), 1),
    DATA_FORMAT,
    ranks=(3,),
    receptive_field_rule=views.windows_of_each_channel,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example="Cropping3D: 1",
)
def cropping_3d(a: Args, x: Shape) -> Inferred:
    """Removes values from the start and the end of {axes}.

    Output size on each axis: input size − before − after.
    """
    return _crop(a, x)


def _repeat(x: Shape, factors: tuple[Number, ...]) -> Inferred:
    # A transposed window with kernel size and stride `factor` repeats each position `factor` times.
    slid = tuple(slide_transposed(size, factor, factor, padding="same") for size, factor in zip(x[1:-1], factors))
    return Inferred(((x[0], *(window.output for window in slid), x[-1]),), windows=slid)


@layer(
    "UpSampling1D",
    Argument("size", Integer(1), 2),
    axes=("length", "channels"),
    receptive_field_rule=views.windows_of_each_channel,
    flops=costs.free,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="UpSampling1D: 2",
)
def up_sampling_1d(a: Args, x: Shape) -> Inferred:
    """Repeats each step `size` times.

    Output size: the input size times the argument `size`.
    """
    return _repeat(x, (a["size"],))


def _upsampling_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how an output pixel reads the input: one pixel for 'nearest', two on each axis for 'bilinear'; else
    unknown.
    """
    if a["interpolation"] == "nearest":
        return views.windows_of_each_channel(a, inputs, result)
    if a["interpolation"] != "bilinear":
        return views.unknown(a, inputs, result)
    # For factor f, output pixel n is at (n + 1/2)/f − 1/2 in the input, and reads the input pixels less than 1 away. So
    # 2·f output pixels read an input pixel, or 2·f − 1 if f is odd.
    between = [window._replace(kernel=2 * f - f % 2, pad_before=f // 2) for window, f in zip(result.windows, a["size"])]
    return (views.over_windows(a, inputs[0], between, None),)


def _tf_upsampling(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts 2 for 'nearest', because the graph computes a height and a width; 0 for other interpolations."""
    return 2 if a["interpolation"] == "nearest" else 0


@layer(
    "UpSampling2D",
    Argument("size", PerAxis(), 2),
    DATA_FORMAT,
    Argument(
        "interpolation",
        Choice(("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area"), case_insensitive=True),
        "nearest",
    ),
    ranks=(2,),
    receptive_field_rule=_upsampling_views,
    flops=costs.interpolated,
    tf_flops=_tf_upsampling,
    built_when_made=False,
    example="UpSampling2D: 2",
)
def up_sampling_2d(a: Args, x: Shape) -> Inferred:
    """Enlarges images along {axes} by repeating pixels, or by interpolating between them.

    Output size on each axis: the input size times the argument `size`.
    """
    return _repeat(x, a["size"])


@layer(
    "UpSampling3D",
    Argument("size", PerAxis(), 2),
    DATA_FORMAT,
    ranks=(3,),
    receptive_field_rule=views.windows_of_each_channel,
    flops=costs.free,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="UpSampling3D: 2",
)
def up_sampling_3d(a: Args, x: Shape) -> Inferred:
    """Repeats the values along {axes}.

    Output size on each axis: the input size times the argument `size`.
    """
    return _repeat(x, a["size"])


@layer(
    "Flatten",
    DATA_FORMAT,
    receptive_field_rule=views.reshaping,
    buffer_reuse=VIEW,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example="Flatten",
    example_input=(8, 8, 4),
)
def flatten(a: Args, x: Shape) -> Inferred:
    """Flattens everything after the batch axis into one axis.

    Output size: the product of all axes after the batch axis.
    """
    return Inferred(((x[0], product(x[1:])),), dtype=SAME)


@layer(
    "Reshape",
    Argument("target_shape", Integers(-1, nullable=True)),
    receptive_field_rule=views.reshaping,
    buffer_reuse=VIEW,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=True,
    example="Reshape: {{target_shape: [-1, 4]}}",
    example_input=(8,),
)
def reshape(a: Args, x: Shape) -> Inferred:
    """Changes the shape and keeps the values; one size may be -1, and is then computed.

    The number of values does not change: [-1, 4] changes 8 values to the shape (2, 4).
    """
    target: Shape = a["target_shape"]
    free = [axis for axis, size in enumerate(target) if size == -1]
    if len(free) > 1:
        raise Refusal("accepts -1 for only one axis of target_shape", codes.RESHAPE, "target_shape")
    total, fixed = product(x[1:]), product(size for axis, size in enumerate(target) if axis not in free)
    if any(size is UNKNOWN for size in (*x[1:], *target)):
        return Inferred(((x[0], *(UNKNOWN if size == -1 else size for size in target)),), dtype=SAME)
    if (not free and total != fixed) or (free and (fixed == 0 or total % fixed > 0)):
        cause = f", which holds {fixed}" if not free else f": {total} is not a multiple of {fixed}"
        sizes = ", ".join(map(str, target))
        raise Refusal(
            f"cannot reshape the {total} values of a sample to ({sizes}){cause}", codes.RESHAPE, "target_shape"
        )
    return Inferred(((x[0], *(total // fixed if size == -1 else size for size in target)),), dtype=SAME)


def _permuted_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how the input is read: position by position, in another order of axes."""
    return (views.permuted((0, *a["dims"])),)


@layer(
    "Permute",
    Argument("dims", Integers(1)),
    receptive_field_rule=_permuted_views,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example="Permute: {{dims: [2, 1]}}",
    example_input=(3, 4),
)
def permute(a: Args, x: Shape) -> Inferred:
    """Reorders the axes after the batch axis; dims count from 1.

    Output axis n is input axis dims[n]: [2, 1] swaps two axes.
    """
    dims = a["dims"]
    if sorted(dims) != list(range(1, len(dims) + 1)):
        raise Refusal(f"needs dims that contain each number from 1 to {len(dims)} once", codes.PERMUTATION, "dims")
    if len(x) != len(dims) + 1:
        raise Refusal(
            f"has {len(dims)} dims, but the input has {len(x) - 1} axes after the batch axis", codes.WRONG_RANK, "dims"
        )
    return Inferred(((x[0], *(x[dim] for dim in dims)),), dtype=SAME)


def _repeated_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how the input is read: every output step reads one value of each feature."""
    return ((views.BATCH, views.View((2,))),)


def _tf_repeats(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts 1: the graph multiplies a size by n, the number of repetitions."""
    return 1


@layer(
    "RepeatVector",
    Argument("n", Integer(1)),
    axes=("features",),
    receptive_field_rule=_repeated_views,
    flops=costs.free,
    tf_flops=_tf_repeats,
    built_when_made=False,
    example="RepeatVector: 3",
)
def repeat_vector(a: Args, x: Shape) -> Inferred:
    """Repeats the input n times, along a new axis.

    (features) becomes (n, features).
    """
    return Inferred(((x[0], a["n"], x[1]),))
