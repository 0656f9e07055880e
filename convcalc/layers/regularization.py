"""Layers that act in training only. Sources: ``keras/src/layers/regularization``."""

from __future__ import annotations

from math import inf

from convcalc.layers import costs, masks, views
from convcalc.layers.arguments import DATA_FORMAT, SEED, Argument, Integers, Real, carried
from convcalc.layers.registry import VIEW, Args, Inferred, layer
from convcalc.numbers import Shape
from convcalc.problems import Refusal

_RATE = Argument("rate", Real(0, 1))
_NOISE = Argument("noise_shape", Integers(1, nullable=True), None, null=True)


@layer(
    "Dropout",
    _RATE,
    _NOISE,
    SEED,
    masks=masks.keeps,
    looks=views.positions,
    reuse=VIEW,
    flops=costs.free,
    example="Dropout: 0.5",
)
def dropout(a: Args, x: Shape) -> Inferred:
    """Sets a part of the values to zero, in training only.

    The shape does not change.
    """
    return Inferred((x,))


@layer(
    "AlphaDropout",
    _RATE,
    *carried("noise_shape"),
    SEED,
    masks=masks.keeps,
    looks=views.positions,
    reuse=VIEW,
    flops=costs.free,
    example="AlphaDropout: 0.1",
)
def alpha_dropout(a: Args, x: Shape) -> Inferred:
    """Drops values so that mean and variance stay as they were, in training only.

    The shape does not change.
    """
    return Inferred((x,))


@layer(
    "GaussianDropout",
    _RATE,
    SEED,
    masks=masks.keeps,
    looks=views.positions,
    reuse=VIEW,
    flops=costs.free,
    example="GaussianDropout: 0.1",
)
def gaussian_dropout(a: Args, x: Shape) -> Inferred:
    """Multiplies by normal noise around one, in training only.

    The shape does not change.
    """
    return Inferred((x,))


@layer(
    "GaussianNoise",
    Argument("stddev", Real(0, 1)),
    SEED,
    masks=masks.keeps,
    looks=views.positions,
    reuse=VIEW,
    flops=costs.free,
    example="GaussianNoise: 0.1",
)
def gaussian_noise(a: Args, x: Shape) -> Inferred:
    """Adds normal noise, in training only.

    The shape does not change.
    """
    return Inferred((x,))


_LACKS = ("trainable",)


@layer(
    "SpatialDropout1D",
    _RATE,
    SEED,
    axes=("length", "channels"),
    lacks=_LACKS,
    masks=masks.keeps,
    looks=views.positions,
    reuse=VIEW,
    flops=costs.free,
    example="SpatialDropout1D: 0.2",
)
def spatial_dropout_1d(a: Args, x: Shape) -> Inferred:
    """Drops whole channels, in training only.

    The shape does not change.
    """
    return Inferred((x,))


@layer(
    "SpatialDropout{rank}D",
    _RATE,
    DATA_FORMAT,
    SEED,
    ranks=(2, 3),
    lacks=_LACKS,
    masks=masks.keeps,
    looks=views.positions,
    reuse=VIEW,
    flops=costs.free,
    example="{name}: 0.2",
)
def spatial_dropout(a: Args, x: Shape) -> Inferred:
    """Drops whole channels, in training only.

    The shape does not change.
    """
    return Inferred((x,))


@layer(
    "ActivityRegularization",
    Argument("l1", Real(0), 0.0, null=True),
    Argument("l2", Real(0), 0.0, null=True),
    masks=masks.keeps,
    looks=views.positions,
    reuse=VIEW,
    flops=costs.free,
    example="ActivityRegularization: {{l2: 0.01}}",
)
def activity_regularization(a: Args, x: Shape) -> Inferred:
    """Adds a penalty on its input's values to the loss, and hands the input on.

    The shape does not change.
    """
    if inf in (a["l1"], a["l2"]):
        raise Refusal("needs a penalty that is finite", "invalid-value", "l1" if a["l1"] == inf else "l2")
    return Inferred((x,))
