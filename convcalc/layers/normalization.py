"""Normalization layers. Sources: ``keras/src/layers/normalization``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, views
from convcalc.layers.arguments import (
    Argument,
    Boolean,
    Integer,
    IntegerOrIntegers,
    Real,
    ignored_arguments,
    initializer,
)
from convcalc.layers.registry import IN_PLACE, Args, Inferred, Weight, axis_index, layer, required
from convcalc.layers.sublayer import LayerValue, SubLayer

_CENTER, _SCALE = Argument("center", Boolean(), True), Argument("scale", Boolean(), True)
_INITIALIZERS = [initializer("beta_initializer", "zeros"), initializer("gamma_initializer", "ones")]
_REGULARIZERS = ignored_arguments("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint")
_MOVING = "a running statistic: training updates it by averaging, not by gradients"


def _normalized(a: Args, x: Shape) -> Shape:
    """Returns the sizes of the normalized axes, in ascending order of the axes."""
    axis = a["axis"]
    return tuple(x[axis_index(each, len(x))] for each in (sorted(axis) if isinstance(axis, tuple) else [axis]))


def _scale_and_center(a: Args, shape: Shape) -> tuple[Weight, ...]:
    gamma = (Weight("gamma", shape),) if a["scale"] else ()
    beta = (Weight("beta", shape),) if a["center"] else ()
    return gamma + beta


def _tf_batch_normalization(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts 2 operations for each element, and 5 for each channel (6 with ``scale``).

    For each channel: an addition, a root (counted as 2), a product, a difference, and with ``scale`` another product.
    """
    return 2 * costs.tf_elements(result.outputs[0]) + (5 + bool(a["scale"])) * product(result.weights[-1].shape)


@layer(
    "BatchNormalization",
    Argument("axis", Integer(), -1),
    Argument("momentum", Real(null_in_files=False), 0.99),
    Argument("epsilon", Real(null_in_files=False), 0.001),
    _CENTER,
    _SCALE,
    *_INITIALIZERS,
    initializer("moving_mean_initializer", "zeros"),
    initializer("moving_variance_initializer", "ones"),
    *_REGULARIZERS,
    Argument("renorm", Boolean(), False),
    *ignored_arguments("renorm_clipping"),
    Argument("renorm_momentum", Real(), 0.99),
    Argument("synchronized", Boolean(), False),
    mask_rule=masks.keeps,
    consumes_mask=True,
    receptive_field_rule=views.positions,
    buffer_reuse=IN_PLACE,
    flops=costs.per_output(2),
    tf_flops=_tf_batch_normalization,
    built_when_made=False,
    example="BatchNormalization",
)
def batch_normalization(a: Args, x: Shape) -> Inferred:
    """Normalizes each channel over the batch, then scales and shifts it.

    Parameters: 4·channels. gamma and beta are trained, the moving mean and variance are not.
    """
    size = required(x[axis_index(a["axis"], len(x))], "size on the normalized axis")
    if a["renorm"]:
        _check_clipping(a["renorm_clipping"] or {})
    names = ["moving_mean", "moving_variance"]
    if a["renorm"]:
        names += ["moving_stddev", "renorm_mean", "renorm_stddev"]
    moving = [Weight(name, (size,), 0, False, _MOVING) for name in names]
    return Inferred((x,), (*_scale_and_center(a, (size,)), *moving))


def _check_clipping(limits: Any) -> None:
    """Checks the limits of batch renormalization: a mapping from rmin, rmax or dmax to numbers."""
    known = ("rmin", "rmax", "dmax")
    numbers = (int, float, type(None))
    if (
        not isinstance(limits, dict)
        or set(limits) - {*known}
        or not all(isinstance(v, numbers) for v in limits.values())
    ):
        raise Refusal("needs a renorm_clipping that maps rmin, rmax or dmax to numbers", argument="renorm_clipping")
    rmin, rmax, dmax = (limits.get(name) for name in known)
    if rmin is not None and rmax is not None and rmax < rmin:
        raise Refusal("needs a renorm_clipping whose rmax is at least rmin", argument="renorm_clipping")
    if dmax is not None and dmax < 0:
        raise Refusal("needs a renorm_clipping whose dmax is at least 0", argument="renorm_clipping")


def _layer_normalizing(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts 6 operations for each element with ``rms_scaling``: the variance, a division and the scale.

    Otherwise counts as :func:`_normalizing`.
    """
    return costs.per_output(6)(a, inputs, result) if a["rms_scaling"] else _normalizing(a, inputs, result)


def _normalizing(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts 5 operations for each element: mean, difference, square, mean of the squares, division.

    ``scale`` and ``center`` add one each.
    """
    return costs.per_output(5 + a["scale"] + a["center"])(a, inputs, result)


def _tf_layer_normalization(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts 9 operations for each element and 4 for each normalized group.

    Returns unknown for other cases, such as ``scale: false``: no test compares them with TensorFlow's profiler.
    """
    (x,) = inputs
    axis = a["axis"] if isinstance(a["axis"], tuple) else (a["axis"],)
    if not (axis in ((-1,), (len(x) - 1,)) and a["scale"] and a["center"] and not a["rms_scaling"]):
        return UNKNOWN
    return 9 * costs.tf_elements(result.outputs[0]) + 4 * costs.tf_elements(x[:-1])


@layer(
    "LayerNormalization",
    Argument("axis", IntegerOrIntegers(), -1),
    Argument("epsilon", Real(), 0.001),
    _CENTER,
    _SCALE,
    *_INITIALIZERS,
    *_REGULARIZERS,
    Argument("rms_scaling", Boolean(), False),
    mask_rule=masks.keeps,
    autocasts=False,
    receptive_field_rule=views.argument_axes,
    buffer_reuse=IN_PLACE,
    flops=_layer_normalizing,
    tf_flops=_tf_layer_normalization,
    built_when_made=False,
    example="LayerNormalization",
)
def layer_normalization(a: Args, x: Shape) -> Inferred:
    """Normalizes each sample over one or several axes, then scales and shifts it.

    Parameters: gamma and beta, each as large as the normalized axes. With rms_scaling only gamma.
    """
    shape = _normalized(a, x)
    if a["rms_scaling"]:
        a = {**a, "scale": True, "center": False}
    if a["scale"] or a["center"]:
        shape = tuple(required(size, "size on every normalized axis") for size in shape)
    return Inferred((x,), _scale_and_center(a, shape))


@layer(
    "GroupNormalization",
    Argument("groups", Integer(1, or_minus_one=True), 32),
    Argument("axis", Integer(), -1),
    Argument("epsilon", Real(), 0.001),
    _CENTER,
    _SCALE,
    *_INITIALIZERS,
    *_REGULARIZERS,
    mask_rule=masks.keeps,
    autocasts=False,
    receptive_field_rule=views.whole_sample,
    buffer_reuse=IN_PLACE,
    flops=_normalizing,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="GroupNormalization: {{groups: 1}}",
)
def group_normalization(a: Args, x: Shape) -> Inferred:
    """Normalizes each sample within groups of channels, then scales and shifts each channel.

    Parameters: gamma and beta, one for each channel. groups: -1 makes every channel a group (instance normalization).
    """
    size, groups = required(x[axis_index(a["axis"], len(x))], "size on the normalized axis"), a["groups"]
    if size == 0:
        raise Refusal("receives 0 channels, and needs at least 1", codes.INDIVISIBLE_GROUPS, "groups")
    if size % groups > 0:  # never true for -1, which means one channel per group
        raise Refusal(
            f"receives {size} channels, not divisible by its {groups} groups", codes.INDIVISIBLE_GROUPS, "groups"
        )
    return Inferred((x,), _scale_and_center(a, (size,)))


@layer(
    "RMSNormalization",
    Argument("axis", IntegerOrIntegers(), -1),
    Argument("epsilon", Real(), 1e-06),
    receptive_field_rule=views.argument_axes,
    buffer_reuse=IN_PLACE,
    flops=costs.per_output(4),
    tf_flops=costs.unknown,
    built_when_made=False,
    example="RMSNormalization",
)
def rms_normalization(a: Args, x: Shape) -> Inferred:
    """Divides each sample by its root mean square over one or several axes, then scales it.

    Parameters: a scale as large as the normalized axes.
    """
    shape = tuple(required(size, "size on every normalized axis") for size in _normalized(a, x))
    return Inferred((x,), (Weight("scale", shape),))


@layer(
    "UnitNormalization",
    Argument("axis", IntegerOrIntegers(), -1),
    mask_rule=masks.keeps,
    receptive_field_rule=views.argument_axes,
    buffer_reuse=IN_PLACE,
    flops=costs.per_output(3),
    tf_flops=costs.unknown,
    built_when_made=True,
    example="UnitNormalization",
)
def unit_normalization(a: Args, x: Shape) -> Inferred:
    """Scales each sample to length 1 over one or several axes.

    The shape does not change.
    """
    axis = a["axis"]
    for index in axis if isinstance(axis, tuple) else (axis,):
        axis_index(index, len(x))
    return Inferred((x,))


def _wrapped_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how the wrapped layer reads its input."""
    wrapped: SubLayer = a["layer"]
    return wrapped.views(*inputs)


def _wrapped_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts only the operations of the wrapped layer: the singular value is not computed at inference."""
    wrapped: SubLayer = a["layer"]
    return wrapped.elementwise(*inputs)


@layer(
    "SpectralNormalization",
    Argument("layer", LayerValue()),
    Argument("power_iterations", Integer(1), 1),
    contains_layers=True,
    receptive_field_rule=_wrapped_views,
    flops=_wrapped_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="SpectralNormalization: {{layer: {{Dense: 8}}}}",
)
def spectral_normalization(a: Args, x: Shape) -> Inferred:
    """Wraps a layer and scales the layer's kernel so that the largest singular value of the kernel is 1.

    Parameters: the parameters of the layer, and a non-trainable vector as long as the kernel's last axis.
    """
    wrapped: SubLayer = a["layer"]
    result = wrapped.infer(x)
    kernel = next((weight for weight in result.weights if weight.name in ("kernel", "embeddings")), None)
    if kernel is None:
        raise Refusal("needs a layer with a kernel or embeddings", codes.NO_KERNEL, "layer")
    if kernel.dtype in ("int8", "uint8"):
        raise Refusal("cannot wrap a layer whose kernel is quantized to whole numbers", codes.QUANTIZATION, "layer")
    why = "an estimate of the kernel's first singular vector, updated during training"
    vector = Weight("vector_u", (1, kernel.shape[-1]), trainable=False, frozen_because=why, dtype=kernel.dtype)
    return result._replace(weights=(*result.weights, vector))
