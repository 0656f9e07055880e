"""Layers that act only in training. Sources: ``keras/src/layers/regularization``."""

from __future__ import annotations

from math import inf
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import Shape
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, views
from convcalc.layers.arguments import DATA_FORMAT, SEED, Argument, Integers, Real, ignored_arguments
from convcalc.layers.registry import VIEW, Args, Inferred, layer

_RATE = Argument("rate", Real(0, 1))
_NOISE = Argument("noise_shape", Integers(1, nullable=True), None, nullable=True)


def _in_training_only(name: str, does: str, *arguments: Argument, example: str, **more: Any) -> None:
    """Declares a layer that does nothing at inference. ``does`` says what the layer does in training."""

    def rule(a: Args, x: Shape) -> Inferred:
        return Inferred((x,))

    rule.__doc__ = f"During training, {does}; does nothing at inference.\n\nThe shape does not change."
    declared = layer(
        name,
        *arguments,
        mask_rule=masks.keeps,
        receptive_field_rule=views.positions,
        buffer_reuse=VIEW,
        flops=costs.free,
        tf_flops=costs.free,
        built_when_made=True,
        example=example,
        **more,
    )
    declared(rule)


_in_training_only(
    "Dropout",
    "sets a random fraction `rate` of the values to 0",
    _RATE,
    _NOISE,
    SEED,
    drops_values=True,
    example="Dropout: 0.5",
)
_in_training_only(
    "AlphaDropout",
    "drops random values; keeps their mean and variance",
    _RATE,
    *ignored_arguments("noise_shape"),
    SEED,
    drops_values=True,
    example="AlphaDropout: 0.1",
)
_in_training_only(
    "GaussianDropout",
    "multiplies the values by Gaussian noise around 1",
    _RATE,
    SEED,
    drops_values=True,
    example="GaussianDropout: 0.1",
)
_in_training_only(
    "GaussianNoise",
    "adds Gaussian noise to the values",
    Argument("stddev", Real(0, 1)),
    SEED,
    example="GaussianNoise: 0.1",
)

_CHANNELS = "drops random channels"
_LACKS = ("trainable",)
_in_training_only(
    "SpatialDropout1D",
    _CHANNELS,
    _RATE,
    SEED,
    axes=("length", "channels"),
    unsupported_options=_LACKS,
    drops_values=True,
    example="SpatialDropout1D: 0.2",
)
_in_training_only(
    "SpatialDropout{rank}D",
    _CHANNELS,
    _RATE,
    DATA_FORMAT,
    SEED,
    ranks=(2, 3),
    unsupported_options=_LACKS,
    drops_values=True,
    example="{name}: 0.2",
)


@layer(
    "ActivityRegularization",
    Argument("l1", Real(0), 0.0, nullable=True),
    Argument("l2", Real(0), 0.0, nullable=True),
    mask_rule=masks.keeps,
    receptive_field_rule=views.positions,
    buffer_reuse=VIEW,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=True,
    example="ActivityRegularization: {{l2: 0.01}}",
)
def activity_regularization(a: Args, x: Shape) -> Inferred:
    """Adds a penalty on the values of its input to the loss, and returns the input unchanged.

    The shape does not change.
    """
    if inf in (a["l1"], a["l2"]):
        raise Refusal("needs finite numbers as penalties", codes.INVALID_VALUE, "l1" if a["l1"] == inf else "l2")
    return Inferred((x,))
