"""Counts the operations of one sample at inference, without multiply-accumulates and bias additions.

An addition, a multiplication, a division, a comparison, a root, an exponential and any other function of one number
count as one operation each, for each element. These are not counted: copies, selections (``where``), integer
arithmetic, and operations that run only once for a whole row, feature map or group. Layers that act only in training
cost nothing.

A cost is a function of a layer's arguments, the input shapes and the result of the layer's rule. :func:`unknown` is for
layers whose operations cannot be counted. See ``docs/costs.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.base.numbers import UNKNOWN, Number, Shape, ceil_div, product
from convcalc.layers.application import sample_macs
from convcalc.layers.registry import Args, Cost, Inferred

# Operations for each element, by activation function. 'sparsemax' is missing: it sorts the values, so its cost depends
# on them.
ACTIVATIONS = {
    "celu": 5,  # compare, divide, exp, subtract, multiply
    "elu": 4,  # compare, exp, subtract, multiply
    "exponential": 1,
    "gelu": 5,  # divide, erf, add, multiply twice
    "glu": 5,  # sigmoid (4) of one half, multiply by the other half
    "hard_shrink": 2,  # absolute value, compare
    "hard_sigmoid": 4,  # divide, add, compare twice
    "hard_silu": 5,
    "hard_swish": 5,
    "hard_tanh": 2,  # compare twice
    "leaky_relu": 2,  # multiply, compare
    "linear": 0,
    "log_sigmoid": 5,  # negate, softplus (3), negate
    "log_softmax": 5,  # maximum, subtract, exp, sum, subtract
    "mish": 5,  # softplus (3), tanh, multiply
    "relu": 1,
    "relu6": 2,
    "selu": 5,  # elu (4), multiply
    "sigmoid": 4,  # negate, exp, add, divide
    "silu": 5,  # sigmoid (4), multiply
    "soft_shrink": 3,  # compare twice, add
    "softmax": 5,  # maximum, subtract, exp, sum, divide
    "softplus": 3,  # exp, add, log
    "softsign": 3,  # absolute value, add, divide
    "sparse_plus": 5,  # compare twice, add, square, divide
    "sparse_sigmoid": 4,  # compare twice, add, multiply
    "squareplus": 5,  # square, add, root, add, divide
    "swish": 5,
    "tanh": 1,
    "tanh_shrink": 2,  # tanh, subtract
    "threshold": 1,
}
# Operations for each output pixel. For example, 'bilinear' reads 4 input pixels: 4 multiplications and 3 additions.
INTERPOLATIONS = {"nearest": 0, "bilinear": 7, "bicubic": 31, "lanczos3": 71, "lanczos5": 199}


def of_activation(name: Any) -> Number:
    """Returns the operations of an activation for one element; unknown for sparsemax and for custom functions."""
    return 0 if name is None else ACTIVATIONS.get(str(name), UNKNOWN)


def elements(shape: Shape | None) -> Number:
    """Returns the number of elements of one sample."""
    return UNKNOWN if shape is None else product(shape[1:])


def times(each: Number, count: Number) -> Number:
    """Returns ``each`` · ``count``; 0 if ``each`` is 0, even for an unknown ``count``."""
    return 0 if each is not UNKNOWN and each == 0 else each * count


def free(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns 0: the layer does no arithmetic. It moves, copies, looks up or selects values."""
    return 0


def unknown(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Returns unknown: the cost depends on the algorithm, on the values, or on code that convcalc does not read."""
    return UNKNOWN


def per_output(count: int) -> Cost:
    """Returns a cost function: ``count`` operations for each element of the first output."""

    def cost(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
        return times(count, elements(result.outputs[0]))

    return cost


def per_input(count: int) -> Cost:
    """Returns a cost function: ``count`` operations for each element of the first input."""

    def cost(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
        return times(count, elements(inputs[0]))

    return cost


def activated(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the operations of the layer's activation function on each output element."""
    return times(of_activation(a["activation"]), elements(result.outputs[0]))


def interpolated(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the interpolation of each output pixel."""
    return times(INTERPOLATIONS.get(a["interpolation"], UNKNOWN), elements(result.outputs[0]))


# FLOPs that TensorFlow's profiler counts -----------------------------------------------------------------------------

# These functions count operations for the whole batch if its size is known, otherwise for one sample. The profiler
# counts 0 for most operations: for relu, sigmoid, tanh and erf, and for everything inside a compiled function, such as
# a convolution with groups. :func:`unknown` is for layers that no test compares with the profiler. Sources:
# ``tensorflow/python/profiler/internal/flops_registry.py``, and the graphs in ``tests/live/test_flops.py``.

# The number of operations that the profiler counts for each element, by activation function.
_TF_ACTIVATIONS = {
    "elu": 0,
    "exponential": 0,
    "gelu": 4,  # negate, multiply three times
    "hard_sigmoid": 2,  # add, divide
    "hard_silu": 3,
    "hard_swish": 3,
    "leaky_relu": 0,
    "linear": 0,
    "relu": 0,
    "relu6": 0,
    "selu": 0,
    "sigmoid": 0,
    "silu": 2,  # multiply twice
    "softmax": 5,
    "softplus": 0,
    "softsign": 0,
    "swish": 2,
    "tanh": 0,
}


def in_ranks(ranks: Sequence[int], cost: Cost) -> Cost:
    """Returns the cost function, limited to inputs with these numbers of spatial axes.

    For other inputs the cost is unknown, because no test compares it with TensorFlow's profiler.
    """

    def ranked(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
        return cost(a, inputs, result) if len(inputs[0]) - 2 in ranks else UNKNOWN

    return ranked


def tf_elements(shape: Shape | None) -> Number:
    """Returns the number of elements of the whole batch, or of one sample if the batch size is unknown."""
    if shape is None:
        return UNKNOWN
    return product(shape[1:] if shape and shape[0] is UNKNOWN else shape)


def tf_per_output(count: int) -> Cost:
    """Returns a cost function: ``count`` operations for each element of the first output."""

    def cost(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
        return times(count, tf_elements(result.outputs[0]))

    return cost


def tf_per_input(count: int) -> Cost:
    """Returns a cost function: ``count`` operations for each element of the first input."""

    def cost(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
        return times(count, tf_elements(inputs[0]))

    return cost


def tf_activated(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the layer's activation function on the output."""
    name = a["activation"]
    per_element = 0 if name is None else _TF_ACTIVATIONS.get(str(name), UNKNOWN)
    return times(per_element, tf_elements(result.outputs[0]))


def tf_bias_and_activation(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the activation; with a bias, also one addition for each output element."""
    bias = tf_elements(result.outputs[0]) if a["use_bias"] else 0
    return bias + tf_activated(a, inputs, result)


def tf_products(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts 2 operations for each multiply-accumulate, and the operations of bias and activation."""
    products = _tf_macs(a, result)
    batch = inputs[0][0] if inputs[0] else UNKNOWN
    scaled = products if batch is UNKNOWN else products * batch
    return 2 * scaled + tf_bias_and_activation(a, inputs, result)


def _tf_macs(a: Args, result: Inferred) -> Number:
    """Returns the multiply-accumulates of one sample that the profiler counts."""
    if a.get("groups", 1) != 1:
        return 0
    if all(rate == 1 for rate in a.get("dilation_rate", (1,))):
        return sample_macs(result)
    kernel = result.weights[0]
    if len(kernel.shape) < len(result.windows) + 2 or kernel.name != "kernel":
        return UNKNOWN
    # With dilation d, TensorFlow divides each padded axis into d parts of equal length (positions 0, d, 2d, …; 1, d +
    # 1, …). It convolves each part without dilation, so each has length − kernel + 1 positions.
    positions = [
        window.dilation
        * (ceil_div(window.size + window.pad_before + window.pad_after, window.dilation) - window.kernel + 1)
        for window in result.windows
    ]
    return product((*kernel.shape, *positions))
