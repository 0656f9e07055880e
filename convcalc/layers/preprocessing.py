"""Layers that preprocess data inside a model. Sources: ``keras/src/layers/preprocessing``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, views
from convcalc.layers.application import output_dtypes
from convcalc.layers.arguments import Anything, Argument, Boolean, IntegerOrIntegers, ignored_arguments
from convcalc.layers.registry import IN_PLACE, Args, Inferred, Weight, axis_index, layer, required
from convcalc.layers.sublayer import LayerValues, SubLayer

_ADAPTED = "computed by adapt() from data, not by training"


@layer(
    "Rescaling",
    Argument("scale", Anything()),
    Argument("offset", Anything(), 0.0),
    mask_rule=masks.keeps,
    receptive_field_rule=views.positions,
    buffer_reuse=IN_PLACE,
    flops=costs.per_output(2),
    tf_flops=costs.tf_per_output(2),
    built_when_made=False,
    example="Rescaling: 0.00392",
)
def rescaling(a: Args, x: Shape) -> Inferred:
    """Multiplies its input by scale and adds offset.

    The shape does not change.
    """
    return Inferred((x,))


def _tf_normalization(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts a difference and a division for each element, and a maximum for each element of the standard deviation."""
    (x,), axis = inputs, a["axis"]
    if a["invert"]:
        return UNKNOWN
    axes = () if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return 2 * costs.tf_elements(result.outputs[0]) + product(x[each] for each in axes)


@layer(
    "Normalization",
    Argument("axis", IntegerOrIntegers(), -1, nullable=True),
    *ignored_arguments("mean", "variance"),
    Argument("invert", Boolean(), False),
    mask_rule=masks.keeps,
    receptive_field_rule=views.positions,
    buffer_reuse=IN_PLACE,
    flops=costs.per_output(2),
    tf_flops=_tf_normalization,
    built_when_made=False,
    example="Normalization",
)
def normalization(a: Args, x: Shape) -> Inferred:
    """Subtracts a mean and divides by a standard deviation, given as arguments or computed from data.

    Parameters: a mean and a variance for each position on axis, and a count; none if mean and variance are arguments.
    """
    axis, mean, variance = a["axis"], a["mean"], a["variance"]
    axes = () if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if (mean is None) != (variance is None):
        raise Refusal(
            "needs both a mean and a variance, or neither",
            codes.MISSING_ARGUMENT,
            "mean" if variance is None else "variance",
        )
    kept = sorted(axis_index(index, len(x)) for index in axes)
    shape = tuple(required(x[index], "size on every axis in 'axis'") for index in kept)
    if mean is not None:
        _check_statistics(mean, variance, shape)
        return Inferred((x,))
    if any(x[index] > 1 for index in kept if kept.count(index) > 1):
        raise Refusal("has an axis twice in 'axis'", codes.WRONG_AXIS, "axis")
    state = {"mean": shape, "variance": shape}
    weights = tuple(Weight(name, size, trainable=False, frozen_because=_ADAPTED) for name, size in state.items())
    # Keras's dtype "int" is int64 on TensorFlow, the backend of the tests.
    return Inferred((x,), (*weights, Weight("count", (), trainable=False, frozen_because=_ADAPTED, dtype="int64")))


def _check_statistics(mean: Any, variance: Any, kept: Shape) -> None:
    mean_shape, variance_shape = _nested_shape(mean), _nested_shape(variance)
    if mean_shape != variance_shape:
        raise Refusal(
            f"needs a mean and a variance of the same shape, not {mean_shape} and {variance_shape}",
            codes.SHAPES_DIFFER,
            "variance",
        )
    if len(mean_shape) > len(kept) or any(
        size not in (1, known) for size, known in zip(reversed(mean_shape), reversed(kept))
    ):
        raise Refusal(
            f"has a mean of shape {mean_shape}, which does not fit {kept}, the sizes on the axes in 'axis'",
            codes.SHAPES_DIFFER,
            "mean",
        )


def _nested_shape(value: Any) -> tuple[int, ...]:
    """Returns the shape of nested lists of numbers; () for a number.

    Raises :class:`Refusal` if lists at the same depth have different lengths.
    """
    if isinstance(value, (int, float)):
        return ()
    parts = set(map(_nested_shape, value)) if isinstance(value, (list, tuple)) else {(0,), ()}
    if len(parts) > 1:
        raise Refusal("needs a mean and a variance that are numbers, or lists of the same shape", argument="mean")
    return (len(value), *(parts.pop() if parts else ()))


_ALL = frozenset({"params", "macs"})


def _chain(layers: Sequence[SubLayer], x: Shape) -> Iterator[tuple[SubLayer, list[Shape], Inferred]]:
    """Yields each layer of a chain, with its input shapes and its result."""
    inputs: list[Shape] = [x]
    for sublayer in layers:
        result = sublayer.infer(*inputs) if inputs else Inferred((None,), unknown=_ALL)
        yield sublayer, inputs, result
        inputs = [shape for shape in result.outputs if shape is not None]


def _pipeline_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the operations of all layers."""
    chain = _chain(a["layers"], inputs[0])
    return sum(sublayer.elementwise(*shapes) if shapes else UNKNOWN for sublayer, shapes, _ in chain)


@layer(
    "Pipeline",
    Argument("layers", LayerValues()),
    unsupported_options=("trainable", "dtype"),
    sublayers_argument="layers",
    consumes_mask=True,
    autocasts=False,
    receptive_field_rule=views.unknown,
    flops=_pipeline_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Pipeline: {{layers: [{{Rescaling: 0.5}}, {{Dropout: 0.1}}]}}",
)
def pipeline(a: Args, x: Shape) -> Inferred:
    """Applies a list of layers in sequence, as one layer.

    Parameters: the sum of the parameters of all layers.
    """
    whole = Inferred((x,))
    chain = list(_chain(a["layers"], x))
    for _, _, result in chain:
        weights, products = whole.weights + result.weights, whole.products + result.products
        whole = Inferred(result.outputs, weights, products, unknown=whole.unknown | result.unknown)

    def dtype(given: str) -> str:
        """Returns the dtype of the last layer's output. Each layer computes in its own dtype."""
        for sublayer, _, result in chain:
            given = output_dtypes(result, given, sublayer.dtype)[0]
        return given

    return whole._replace(dtype=dtype)
