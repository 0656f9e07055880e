"""The costs of ``keras.ops``: floating-point operations (FLOPs), without the products of tensors.

:mod:`convcalc.layers.costs` has the costs of layers. Each operation declares its cost in the argument ``flops``. A cost
is for the whole batch if the batch size is known, otherwise for one sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.base.numbers import UNKNOWN, Number, Shape, Traced, product
from convcalc.layers.costs import ACTIVATIONS, INTERPOLATIONS, free, times, unknown
from convcalc.layers.registry import Args, Cost, Inferred
from convcalc.model import Slot
from convcalc.ops.registry import Operation
from convcalc.ops.tensor import sample_elements

__all__ = ["free", "unknown"]


def elementwise(operation: Operation, args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns the FLOPs of one call, without the products of tensors."""
    if operation.flops is None:
        return UNKNOWN
    number = operation.flops(operation.rule_arguments(args), inputs, result)
    return number if isinstance(number, (int, Traced)) else UNKNOWN


def per_output(count: int) -> Cost:
    """Returns a cost function that counts ``count`` operations for each element of the first output."""

    def cost(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
        shape = result.outputs[0] if result.outputs else None
        return UNKNOWN if shape is None else times(count, sample_elements(shape))

    return cost


def per_input(count: int) -> Cost:
    """Returns a cost function that counts ``count`` operations for each element of the first input.

    A sum of n elements counts as n operations, because the first element is added to 0.
    """

    def cost(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
        return times(count, sample_elements(inputs[0])) if inputs else UNKNOWN

    return cost


def activation(name: str) -> Cost:
    """Returns the cost function of an activation function."""
    return per_output(ACTIVATIONS[name])


# Costs of single operations -------------------------------------------------------------------------------------------


def average(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the additions of an average. With weights, the multiply-accumulates already include them."""
    return per_input(int(args["weights"] is None))(args, inputs, result)


def distances(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts one subtraction for each coordinate of each pair of points, and one square root for each pair."""
    return sum((part.macs for part in result.products), per_output(1)(args, inputs, result))


def attention(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the scaling and the softmax of the attention scores, but not the products."""
    query, key = args["query"], args["key"]
    if not isinstance(query, Slot) or not isinstance(key, Slot):
        return UNKNOWN
    return (1 + ACTIVATIONS["softmax"]) * sample_elements(inputs[query.number][:-1]) * inputs[key.number][1]


def gelu(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns the cost of GELU. With ``approximate``, GELU uses tanh instead of erf."""
    return per_output(9 if args["approximate"] else ACTIVATIONS["gelu"])(args, inputs, result)


def layer_norm(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns the cost of a layer normalization, including the scale and the offset if they are given."""
    count = 3 if args["rms_scaling"] else 5
    return per_output(count + _is_given(args, "gamma") + _is_given(args, "beta"))(args, inputs, result)


def rms_norm(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns the cost of an RMS normalization, including the scale if it is given."""
    return per_output(3 + _is_given(args, "scale"))(args, inputs, result)


def norm(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns the cost of a norm: 2 operations for each element, such as a square and an addition.

    The cost is unknown for an ``ord`` other than None, "fro", 1, 2 and -1.
    """
    known = args["ord"] in (None, "fro", 1, 2, -1)
    return per_input(2)(args, inputs, result) if known else UNKNOWN


def normalize(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns the cost of a normalization to Euclidean length 1. The cost for other norms is unknown."""
    return per_output(3)(args, inputs, result) if args["order"] == 2 else UNKNOWN


def pooling(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns the cost of a pooling: one operation for each position in each window."""
    size: Any = args["pool_size"]
    if not inputs or (isinstance(size, int) and len(inputs[0]) < 2):
        return UNKNOWN
    cells: Number = size ** (len(inputs[0]) - 2) if isinstance(size, int) else product(size)
    return times(cells, per_output(1)(args, inputs, result))


def resize(args: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns the cost of the interpolation."""
    interpolation = args["interpolation"]
    if args["antialias"] or args["pad_to_aspect_ratio"] or not isinstance(interpolation, str):
        return UNKNOWN
    count = INTERPOLATIONS.get(interpolation)
    return UNKNOWN if count is None else per_output(count)(args, inputs, result)


def _is_given(args: Args, name: str) -> bool:
    return args.get(name) is not None
