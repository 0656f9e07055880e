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
_HELD = ignored_arguments("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint")
_MOVING = "a running statistic: training updates it by averaging, not by its gradient"


def _normalized(a: Args, x: Shape) -> Shape:
    """The sizes on the axes that are normalized: one, or several in their order."""
    axis = a["axis"]
    return tuple(x[axis_index(each, len(x))] for each in (sorted(axis) if isinstance(axis, tuple) else [axis]))


def _scale_and_center(a: Args, shape: Shape) -> tuple[Weight, ...]:
    gamma = (Weight("gamma", shape),) if a["scale"] else ()
    beta = (Weight("beta", shape),) if a["center"] else ()
    return gamma + beta


def _tf_batch_normalization(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """A multiplication and an addition for each element. For each channel, the operations that compute their factors: an
    addition, a root (counted as 2), a product, a difference, and with ``scale`` one more product.
    """
    return 2 * costs.tf_elements(result.outputs[0]) + (5 + bool(a["scale"])) * product(result.weights[-1].shape)


@layer(
    "BatchNormalization",
    Argument("axis", Integer(), -1),
    Argument("momentum", Real(), 0.99),
    Argument("epsilon", Real(), 0.001),
    _CENTER,
    _SCALE,
    *_INITIALIZERS,
    initializer("moving_mean_initializer", "zeros"),
    initializer("moving_variance_initializer", "ones"),
    *_HELD,
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

    Parameters: gamma and beta are trained; the moving mean and variance are not: 4·channels in all.
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
    """The limits of batch renormalization: a mapping that may hold rmin, rmax and dmax."""
    known = ("rmin", "rmax", "dmax")
    numbers = (int, float, type(None))
    if (
        not isinstance(limits, dict)
        or set(limits) - {*known}
        or not all(isinstance(v, numbers) for v in limits.values())
    ):
        raise Refusal("needs a renorm_clipping that maps rmin, rmax or dmax to numbers", argument="renorm_clipping")
    least, most, shift = (limits.get(name) for name in known)
    if least is not None and most is not None and most < least:
        raise Refusal("needs a renorm_clipping with an rmax that is not below rmin", argument="renorm_clipping")
    if shift is not None and shift < 0:
        raise Refusal("needs a renorm_clipping with a dmax that is not below zero", argument="renorm_clipping")


def _normalizing(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """The mean, the difference from it, its square, the mean of that, a division; then the scale and the center."""
    return costs.per_output(5 + a["scale"] + a["center"])(a, inputs, found)


def _tf_layer_normalization(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """9 for each element and 4 for each group of them. Without ``scale`` or ``center`` the graph differs: not compared."""
    (x,) = inputs
    axis = a["axis"] if isinstance(a["axis"], tuple) else (a["axis"],)
    if not (axis in ((-1,), (len(x) - 1,)) and a["scale"] and a["center"]):
        return UNKNOWN
    return 9 * costs.tf_elements(result.outputs[0]) + 4 * costs.tf_elements(x[:-1])


@layer(
    "LayerNormalization",
    Argument("axis", IntegerOrIntegers(), -1),
    Argument("epsilon", Real(), 0.001),
    _CENTER,
    _SCALE,
    *_INITIALIZERS,
    *_HELD,
    mask_rule=masks.keeps,
    autocasts=False,
    receptive_field_rule=views.argument_axes,
    buffer_reuse=IN_PLACE,
    flops=_normalizing,
    tf_flops=_tf_layer_normalization,
    built_when_made=False,
    example="LayerNormalization",
)
def layer_normalization(a: Args, x: Shape) -> Inferred:
    """Normalizes each sample over an axis or several, then scales and shifts it.

    Parameters: gamma and beta, each as large as the normalized axes.
    """
    shape = _normalized(a, x)
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
    *_HELD,
    mask_rule=masks.keeps,
    autocasts=False,
    receptive_field_rule=views.everything,
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
        raise Refusal("receives no channels, so none to group", codes.INDIVISIBLE_GROUPS, "groups")
    if size % groups > 0:  # never of -1
        raise Refusal(
            f"receives {size} channels, which {groups} groups do not divide", codes.INDIVISIBLE_GROUPS, "groups"
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
    """Divides each sample by its root mean square over an axis or several, then scales it.

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
    """Scales each sample to length one over an axis or several.

    The shape does not change.
    """
    axis = a["axis"]
    for each in axis if isinstance(axis, tuple) else (axis,):
        axis_index(each, len(x))
    return Inferred((x,))


def _wrapped_views(a: Args, inputs: Sequence[Shape], found: Inferred) -> views.Views:
    """What the layer inside looks at."""
    wrapped: SubLayer = a["layer"]
    return wrapped.views(*inputs)


def _of_wrapped(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """The layer's own: the singular value is worked out in training only."""
    wrapped: SubLayer = a["layer"]
    return wrapped.elementwise(*inputs)


@layer(
    "SpectralNormalization",
    Argument("layer", LayerValue()),
    Argument("power_iterations", Integer(1), 1),
    contains_layers=True,
    receptive_field_rule=_wrapped_views,
    flops=_of_wrapped,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="SpectralNormalization: {{layer: {{Dense: 8}}}}",
)
def spectral_normalization(a: Args, x: Shape) -> Inferred:
    """Wraps a layer and keeps the largest singular value of its kernel at one.

    Parameters: those of the layer, and a vector as long as the kernel's last axis, which is not trained.
    """
    wrapped: SubLayer = a["layer"]
    found = wrapped.infer(x)
    kernel = next((weight for weight in found.weights if weight.name in ("kernel", "embeddings")), None)
    if kernel is None:
        raise Refusal("needs a layer with a kernel or embeddings", codes.NO_KERNEL, "layer")
    why = "an estimate of the kernel's first singular vector, updated as training goes on"
    vector = Weight("vector_u", (1, kernel.shape[-1]), trainable=False, frozen_because=why, dtype=kernel.dtype)
    return found._replace(weights=(*found.weights, vector))
