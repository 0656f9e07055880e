"""Normalization layers. Sources: ``keras/src/layers/normalization``."""

from __future__ import annotations

from convcalc.layers.arguments import Argument, Boolean, Integer, IntegerOrIntegers, Real, carried, initializer
from convcalc.layers.registry import Args, Inferred, Weight, axis_index, layer, required
from convcalc.numbers import Shape
from convcalc.problems import Refusal

_CENTER, _SCALE = Argument("center", Boolean(), True), Argument("scale", Boolean(), True)
_INITIALIZERS = [initializer("beta_initializer", "zeros"), initializer("gamma_initializer", "ones")]
_HELD = carried("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint")
_MOVING = "a running statistic: training updates it by averaging, not by its gradient"


def _scale_and_center(a: Args, shape: Shape) -> tuple[Weight, ...]:
    gamma = (Weight("gamma", shape),) if a["scale"] else ()
    beta = (Weight("beta", shape),) if a["center"] else ()
    return gamma + beta


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
    *carried("renorm_clipping"),
    Argument("renorm_momentum", Real(), 0.99),
    Argument("synchronized", Boolean(), False),
    example="BatchNormalization",
)
def batch_normalization(a: Args, x: Shape) -> Inferred:
    """Normalizes each channel over the batch, then scales and shifts it.

    Parameters: gamma and beta are trained; the moving mean and variance are not: 4·channels in all.
    """
    size = required(x[axis_index(a["axis"], len(x))], "size on the normalized axis")
    names = ["moving_mean", "moving_variance"]
    if a["renorm"]:
        names += ["moving_stddev", "renorm_mean", "renorm_stddev"]
    moving = tuple(Weight(name, (size,), trainable=False, why=_MOVING) for name in names)
    return Inferred((x,), _scale_and_center(a, (size,)) + moving)


@layer(
    "LayerNormalization",
    Argument("axis", IntegerOrIntegers(), -1),
    Argument("epsilon", Real(), 0.001),
    _CENTER,
    _SCALE,
    *_INITIALIZERS,
    *_HELD,
    example="LayerNormalization",
)
def layer_normalization(a: Args, x: Shape) -> Inferred:
    """Normalizes each sample over an axis or several, then scales and shifts it.

    Parameters: gamma and beta, each as large as the normalized axes.
    """
    axis = a["axis"]
    axes = sorted(axis) if isinstance(axis, tuple) else [axis]
    shape = tuple(x[axis_index(each, len(x))] for each in axes)
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
    example="GroupNormalization: {{groups: 1}}",
)
def group_normalization(a: Args, x: Shape) -> Inferred:
    """Normalizes each sample within groups of channels, then scales and shifts each channel.

    Parameters: gamma and beta, one for each channel. groups: -1 makes every channel a group (instance normalization).
    """
    size, groups = required(x[axis_index(a["axis"], len(x))], "size on the normalized axis"), a["groups"]
    if groups != -1 and size % groups > 0:
        raise Refusal(f"receives {size} channels, which {groups} groups do not divide", "indivisible-groups", "groups")
    return Inferred((x,), _scale_and_center(a, (size,)))
