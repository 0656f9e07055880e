"""Activation layers. Sources: ``keras/src/layers/activations``."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, views
from convcalc.layers.arguments import (
    ACTIVATION,
    Argument,
    IntegerOrIntegers,
    Integers,
    Real,
    ignored_arguments,
    initializer,
)
from convcalc.layers.registry import IN_PLACE, Args, Inferred, Weight, layer, required


def _same_shape(x: Shape) -> Inferred:
    return Inferred((x,))


def _activation_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how each output element reads the input: its own position, or the whole last axis for a softmax.

    Unknown for custom functions.
    """
    if isinstance(a["activation"], dict):
        return views.unknown(a, inputs, result)
    rule = views.last_axis if a["activation"] in ("softmax", "log_softmax", "sparsemax") else views.positions
    return rule(a, inputs, result)


@layer(
    "Activation",
    Argument("activation", ACTIVATION, nullable=True),
    mask_rule=masks.keeps,
    receptive_field_rule=_activation_views,
    buffer_reuse=IN_PLACE,
    flops=costs.activated,
    tf_flops=costs.tf_activated,
    built_when_made=True,
    example="Activation: relu",
)
def activation(a: Args, x: Shape) -> Inferred:
    """Applies an activation function, given by name, to each value.

    The shape does not change.
    """
    return _same_shape(x)


def _relu_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts one operation per element, one more with ``max_value``, and one more with ``negative_slope``."""
    per_element = 1 + (a["max_value"] is not None) + bool(a["negative_slope"])
    return costs.per_output(per_element)(a, inputs, result)


def _tf_relu(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns 0 for a plain ReLU or ReLU6, as TensorFlow's profiler counts; unknown for other arguments."""
    is_plain = not a["threshold"] and a["max_value"] in (None, 6) and not a["negative_slope"]
    return 0 if is_plain else UNKNOWN


@layer(
    "ReLU",
    Argument("max_value", Real(0), None, nullable=True),
    Argument("negative_slope", Real(0, null_in_files=False), 0.0),
    Argument("threshold", Real(0, null_in_files=False), 0.0),
    mask_rule=masks.keeps,
    receptive_field_rule=views.positions,
    buffer_reuse=IN_PLACE,
    flops=_relu_flops,
    tf_flops=_tf_relu,
    built_when_made=True,
    example="ReLU: {{max_value: 6}}",
)
def relu(a: Args, x: Shape) -> Inferred:
    """Sets negative values to 0, or scales them by negative_slope, and limits values to max_value.

    The shape does not change.
    """
    return _same_shape(x)


@layer(
    "LeakyReLU",
    Argument("negative_slope", Real(0, null_in_files=False), 0.3),
    mask_rule=masks.keeps,
    receptive_field_rule=views.positions,
    buffer_reuse=IN_PLACE,
    flops=costs.per_output(2),
    tf_flops=costs.free,
    built_when_made=True,
    example="LeakyReLU: 0.1",
)
def leaky_relu(a: Args, x: Shape) -> Inferred:
    """Scales negative values by negative_slope.

    The shape does not change.
    """
    return _same_shape(x)


@layer(
    "ELU",
    Argument("alpha", Real(), 1.0),
    mask_rule=masks.keeps,
    receptive_field_rule=views.positions,
    buffer_reuse=IN_PLACE,
    flops=costs.per_output(4),
    tf_flops=costs.free,
    built_when_made=True,
    example="ELU",
)
def elu(a: Args, x: Shape) -> Inferred:
    """Replaces negative values x by alpha·(exp(x) − 1), which tends to −alpha.

    The shape does not change.
    """
    return _same_shape(x)


@layer(
    "Softmax",
    Argument("axis", IntegerOrIntegers(), -1),
    mask_rule=masks.keeps,
    consumes_mask=True,
    receptive_field_rule=views.argument_axes,
    buffer_reuse=IN_PLACE,
    flops=costs.per_output(5),
    tf_flops=costs.tf_per_output(5),
    built_when_made=True,
    example="Softmax",
)
def softmax(a: Args, x: Shape) -> Inferred:
    """Turns the values along an axis into positive numbers that sum to 1.

    The shape does not change.
    """
    return _same_shape(x)


@layer(
    "PReLU",
    initializer("alpha_initializer", "Zeros"),
    *ignored_arguments("alpha_regularizer", "alpha_constraint"),
    Argument("shared_axes", Integers(single=True), None, nullable=True),
    mask_rule=masks.keeps,
    receptive_field_rule=views.positions,
    buffer_reuse=IN_PLACE,
    flops=costs.per_output(2),
    tf_flops=costs.unknown,
    built_when_made=False,
    example="PReLU: {{shared_axes: [1, 2]}}",
    example_input=(8, 8, 4),
)
def prelu(a: Args, x: Shape) -> Inferred:
    """Scales negative values by learned slopes.

    Parameters: one slope for each element of a sample. All positions along shared_axes share one slope: [1, 2] leaves
    one slope for each channel of an image.
    """
    slopes: list[Number] = list(x[1:])
    for axis in a["shared_axes"] or ():
        # The slopes have no batch axis: axis 1 of the input is axis 0 of the slopes.
        if not -len(slopes) <= axis - 1 < len(slopes):
            raise Refusal(f"has no axis {axis} in an input of {len(x)} axes", codes.WRONG_AXIS, "shared_axes")
        slopes[axis - 1] = 1
    shape = tuple(required(size, "size on every axis that is not shared") for size in slopes)
    return Inferred((x,), (Weight("alpha", shape),))
