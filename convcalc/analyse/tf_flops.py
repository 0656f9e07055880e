"""FLOPs as TensorFlow's profiler counts those of the graph that Keras 3 makes, in inference (``docs/costs.md``).

The profiler knows the costs of some operations of TensorFlow and counts nothing for all others: relu, sigmoid, tanh and erf are
free, and so is all that happens inside of a compiled function, as a convolution with groups is. What is not in the tables below
was not compared with it, and is unknown.

Source: ``tensorflow/python/profiler/internal/flops_registry.py``, and the graphs that ``tests/live/test_flops.py`` profiles.
"""

from __future__ import annotations

from collections.abc import Callable

from convcalc.analyse.run import Step
from convcalc.analyse.sums import scale_by_batch
from convcalc.base.numbers import UNKNOWN, Number, ceil_div, product
from convcalc.layers import Inferred, sample_macs
from convcalc.layers.costs import times
from convcalc.ops import Operation
from convcalc.ops.registry import of_one_sample

# Operations for each element that an activation comes to in TensorFlow, those that the profiler counts.
_ACTIVATIONS = {
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
_MOVING = """
ActivityRegularization AlphaDropout Concatenate Cropping1D Cropping2D Cropping3D Dropout ELU Flatten GaussianDropout
GaussianNoise GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D Identity InputLayer LeakyReLU Permute Reshape
SpatialDropout1D SpatialDropout2D SpatialDropout3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""
_FREE = frozenset(_MOVING.split())
# The operations of keras.ops that the profiler counts 1 for each output element.
_BINARY = frozenset({"Add", "Divide", "Maximum", "Minimum", "Multiply", "Subtract", "TrueDivide"})


def tf_flops(step: Step) -> Number:
    """The operations of one rule as it ran, for the batch that is stated, or for one sample."""
    if step.inferred is None or step.kind is None:
        return UNKNOWN
    if isinstance(step.kind, Operation):
        shape = step.inferred.outputs[0]
        return UNKNOWN if shape is None or step.kind.name not in _BINARY else of_one_sample(shape)
    if step.kind.name in _FREE:
        return 0
    count = _COUNTS.get(step.kind.name)
    return UNKNOWN if count is None else count(step)


def _activation(step: Step) -> Number:
    name = step.args.get("activation")
    each = 0 if name is None else _ACTIVATIONS.get(str(name), UNKNOWN)
    return times(each, _output(step))


def _output(step: Step) -> Number:
    assert step.inferred is not None
    shape = step.inferred.outputs[0]
    return UNKNOWN if shape is None else of_one_sample(shape)


def _input(step: Step) -> Number:
    return of_one_sample(step.inputs[0])


def _multiplied(step: Step) -> Number:
    """2 for each multiply-accumulate, 1 for each output element that a bias is added to, and the activation."""
    assert step.inferred is not None
    bias = _output(step) if step.args.get("use_bias", True) else 0
    return 2 * scale_by_batch(_products(step, step.inferred), step.inputs) + bias + _activation(step)


def _products(step: Step, found: Inferred) -> Number:
    if step.args.get("groups", 1) != 1:
        return 0
    dilation = step.args.get("dilation_rate", (1,))
    if all(rate == 1 for rate in dilation):
        return sample_macs(found)
    if len(found.weights[0].shape) < len(found.windows) + 2 or found.weights[0].name != "kernel":
        return UNKNOWN
    # TensorFlow deals the cells out to as many images as the dilation says, and convolves each without dilation.
    each = [
        window.dilation * (ceil_div(window.size + window.before + window.after, window.dilation) - window.kernel + 1)
        for window in found.windows
    ]
    return product((*found.weights[0].shape, *each))


def _transposed(step: Step) -> Number:
    """The gradient of a convolution with the same kernel, whose every output element is taken to need all of the kernel
    that lies between strides.
    """
    assert step.inferred is not None
    kernel = step.inferred.weights[0].shape
    strides = product(step.args.get("strides", (1,)))
    filters: Number = step.args["filters"]
    products = 2 * _output(step) * product(kernel) // (filters * strides)
    return products + (_output(step) if step.args.get("use_bias", True) else 0) + _activation(step)


def _pooled(step: Step) -> Number:
    assert step.inferred is not None
    return product(window.kernel for window in step.inferred.windows) * _output(step)


def _batch_normalized(step: Step) -> Number:
    """A multiplication and an addition for each element; and for each channel what makes the scale and the offset of that: an
    addition, a root (which counts 2), a product, a difference, and one more product with gamma.
    """
    assert step.inferred is not None
    each = 5 + bool(step.args.get("scale", True))
    return 2 * _output(step) + each * product(step.inferred.weights[-1].shape)


def _layer_normalized(step: Step) -> Number:
    """9 for each element and 4 for each group of them; without scale or center the graph is another one."""
    last = _axes(step) in ((-1,), (len(step.inputs[0]) - 1,))
    if not (last and step.args.get("scale", True) and step.args.get("center", True)):
        return UNKNOWN
    return 9 * _output(step) + 4 * of_one_sample(step.inputs[0][:-1])


def _normalized(step: Step) -> Number:
    """A difference and a division for each element, a maximum for each deviation."""
    if step.args.get("invert"):
        return UNKNOWN
    return 2 * _output(step) + product(step.inputs[0][axis] for axis in _axes(step))


def _axes(step: Step) -> tuple[int, ...]:
    axis = step.args.get("axis", -1)
    return () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)


def _relu(step: Step) -> Number:
    plain = not step.args.get("threshold") and step.args.get("max_value") in (None, 6)
    return 0 if plain and not step.args.get("negative_slope") else UNKNOWN


def _joined(step: Step) -> Number:
    return times(len(step.inputs) - 1, _output(step))


def _averaged(step: Step) -> Number:
    return times(len(step.inputs), _output(step))


def _repeated(step: Step) -> Number:
    """A size times the number of repetitions, which is an operation of the graph as well."""
    return 1


def _upsampled(step: Step) -> Number:
    """As many for height and width; other ways than repeating are one operation that is not counted."""
    return 2 if step.args.get("interpolation", "nearest") == "nearest" else 0


def _per_output(count: int) -> Callable[[Step], Number]:
    return lambda step: times(count, _output(step))


_COUNTS: dict[str, Callable[[Step], Number]] = {
    "Activation": _activation,
    "Add": _joined,
    "Average": _averaged,
    "AveragePooling2D": _pooled,
    "BatchNormalization": _batch_normalized,
    "Conv1D": _multiplied,
    "Conv2D": _multiplied,
    "Conv2DTranspose": _transposed,
    "CustomScaleLayer": _per_output(2),
    "Dense": _multiplied,
    "DepthwiseConv2D": _multiplied,
    "GlobalAveragePooling1D": _input,
    "GlobalAveragePooling2D": _input,
    "GlobalAveragePooling3D": _input,
    "LayerNormalization": _layer_normalized,
    "LayerScale": _per_output(1),
    "MaxPooling2D": _pooled,
    "Maximum": _joined,
    "Minimum": _joined,
    "Multiply": _joined,
    "Normalization": _normalized,
    "ReLU": _relu,
    "RepeatVector": _repeated,
    "Rescaling": _per_output(2),
    "SeparableConv2D": _multiplied,
    "Softmax": _per_output(5),
    "Subtract": _joined,
    "UpSampling2D": _upsampled,
}
