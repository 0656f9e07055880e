"""Layers of Keras 1 and 2 that Keras 3 does not have. Only old files contain them: no spec can name them, and they are
not in the catalogue.

Some of these layers are variants of catalogue layers, with an argument that Keras 3 dropped. When a config is upgraded
(``read/keras_files/upgrade_keras2.py``), each of these layers gets a separate name. Sources: ``tf_keras/src/layers``,
and ``keras/layers`` of Keras 1.2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from convcalc.base import codes
from convcalc.base.keras_names import OF_KERAS2
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.base.problems import Refusal
from convcalc.base.window import kernel_too_large
from convcalc.layers import costs, masks, views
from convcalc.layers.application import run_rule
from convcalc.layers.arguments import (
    ACTIVATION,
    DATA_FORMAT,
    REQUIRED,
    Anything,
    Argument,
    Boolean,
    Choice,
    Integer,
    Integers,
    PerAxis,
    Real,
    ignored_arguments,
)
from convcalc.layers.registry import (
    Args,
    Inferred,
    LayerDefinition,
    Rule,
    Weight,
    axis_index,
    require_builtin,
    required,
)

# Suffix for a layer that only Keras 1 has.
OF_KERAS1 = " (Keras 1)"
_TIME_MAJOR = Argument("time_major", Boolean(), False)


def keras2_layer(name: str) -> LayerDefinition | None:
    """Returns the definition of a layer that only Keras 2 has; None for any other name."""
    make = _LAYERS.get(name)
    return None if make is None else _made(name)


@cache
def _made(name: str) -> LayerDefinition:
    return _LAYERS[name]()


def _definition(name: str, rule: Rule, *arguments: Argument, **facets: Any) -> LayerDefinition:
    defaults = {a.name: a.default if a.default is None else _default(a, name) for a in arguments}
    shown = name.removesuffix(OF_KERAS1)
    values = {
        "name": shown,
        "class_name": shown,
        "family": "keras2",
        "arguments": arguments,
        "rule": rule,
        "doc": rule.__doc__ or "",
        "example": shown,
        "example_input": (8,),
        "aliases": (),
        "inputs": 1,
        "axes": None,
        "min_axes": 0,
        "channels_first_at": 0,
        "defaults": defaults,
        "flops": costs.unknown,
        "tf_flops": costs.unknown,
        "receptive_field_rule": views.unknown,
        "keras2_only": True,
        **facets,
    }
    return LayerDefinition(**values)


def _default(argument: Argument, owner: str) -> Any:
    return REQUIRED if argument.default is REQUIRED else argument.read(argument.default, owner)


def _variant(
    base: str, name: str, rule: Callable[[Rule], Rule], *arguments: Argument, **facets: Any
) -> LayerDefinition:
    """Returns a copy of a catalogue layer with a changed rule and further arguments."""
    definition = require_builtin(base)
    replaced = {argument.name for argument in arguments}
    kept = tuple(argument for argument in definition.arguments if argument.name not in replaced)
    return definition._replace(
        name=name,
        class_name=name,
        arguments=(*kept, *arguments),
        rule=rule(definition.rule),
        defaults={**definition.defaults, **{a.name: a.default for a in arguments}},
        keras2_only=True,
        aliases=(),
        **facets,
    )


# Activation and preprocessing -----------------------------------------------------------------------------------------


def _thresholded_relu(a: Args, x: Shape) -> Inferred:
    """Sets values that are not above theta to 0."""
    return Inferred((x,))


def _random_size(axis: int) -> Rule:
    def rule(a: Args, x: Shape) -> Inferred:
        """Changes the height or the width of images by a random factor in training, so this size is unknown."""
        if len(x) not in (3, 4):
            raise Refusal("expects (height, width, channels)", codes.WRONG_RANK)
        at = len(x) + axis
        return Inferred(((*x[:at], UNKNOWN, *x[at + 1 :]),))

    return rule


def _random(name: str, axis: int) -> LayerDefinition:
    arguments = [Argument("factor", Anything()), *ignored_arguments("interpolation", default="bilinear")]
    return _definition(name, _random_size(axis), *arguments, *ignored_arguments("seed"))


# Locally connected layers ---------------------------------------------------------------------------------------------


def _local_sizes(a: Args, spatial: Sequence[Number]) -> list[Number]:
    """Returns the sizes of the output on the spatial axes."""
    sizes = []
    for size, kernel, stride in zip(spatial, a["kernel_size"], a["strides"]):
        positions = required(size, "size on every spatial axis") - (kernel - 1 if a["padding"] == "valid" else 0)
        if positions < 1:
            raise kernel_too_large(kernel, f"{size}")
        sizes.append((positions + stride - 1) // stride)
    return sizes


def _connections(a: Args, spatial: Sequence[Any], sizes: Sequence[Any]) -> Number:
    """Returns how many input positions all windows contain in total. Padding is not counted."""
    counts = []
    for size, outputs, kernel, stride in zip(spatial, sizes, a["kernel_size"], a["strides"]):
        before = kernel // 2
        centers = [number * stride + (before if a["padding"] == "valid" else 0) for number in range(int(outputs))]
        counts.append(sum([min(int(size), at + kernel - before) - max(0, at - before) for at in centers]))
    return product(counts)


def _locally_connected(a: Args, x: Shape) -> Inferred:
    """Computes a convolution with a different kernel at each output position."""
    spatial, channels, filters = x[1:-1], required(x[-1], "number of channels"), a["filters"]
    sizes = _local_sizes(a, spatial)
    if a["implementation"] == 1:
        shape: Shape = (product(sizes), product(a["kernel_size"]) * channels, filters)
    elif a["implementation"] == 2:
        shape = (*spatial, channels, *sizes, filters)
    else:
        shape = (_connections(a, spatial, sizes) * channels * filters,)
    kernel = Weight("kernel", shape, 1)
    bias = (Weight("bias", (*sizes, filters), added_per_sample=1),) if a["use_bias"] else ()
    return Inferred(((x[0], *sizes, filters),), (kernel, *bias))


def _local(rank: int) -> LayerDefinition:
    names = ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer")
    return _definition(
        f"LocallyConnected{rank}D",
        _locally_connected,
        Argument("filters", Integer(1)),
        Argument("kernel_size", PerAxis().for_rank(rank)),
        Argument("strides", PerAxis().for_rank(rank), 1),
        Argument("padding", Choice(("valid", "same"), case_insensitive=True), "valid"),
        DATA_FORMAT,
        Argument("activation", ACTIVATION, None, nullable=True),
        Argument("use_bias", Boolean(), True),
        *ignored_arguments(*names, "activity_regularizer", "kernel_constraint", "bias_constraint"),
        Argument("implementation", Integer(1), 1),
        axes=("length", "channels") if rank == 1 else ("height", "width", "channels"),
        channels_first_at=1,
    )


# Convolutions on inputs with further axes -----------------------------------------------------------------------------

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D")


def with_more_axes(definition: LayerDefinition) -> LayerDefinition:
    """Returns the definition of a convolution that accepts further axes after the batch axis, as in Keras 2.

    Example: a Conv2D of Keras 2 accepts videos. Definitions of other layers are returned unchanged.
    """
    return _made(f"{definition.name}{OF_KERAS2}") if definition.name in _CONVOLUTIONS else definition


def _convolution(base: str) -> LayerDefinition:
    definition = require_builtin(base)

    def convolution(a: Args, x: Shape) -> Inferred:
        """Computes the convolution separately at each position of the further axes."""
        split = len(x) - len(definition.axes or ())
        result, times = run_rule(definition, a, ((x[0], *x[split:]),)), product(x[1:split])
        weights = [
            weight._replace(
                multiplied_per_sample=weight.multiplied_per_sample * times,
                added_per_sample=weight.added_per_sample * times,
            )
            for weight in result.weights
        ]
        outputs = tuple(shape and (*x[:split], *shape[1:]) for shape in result.outputs)
        return result._replace(outputs=outputs, weights=tuple(weights), windows=())

    return _variant(
        base,
        base,
        lambda rule: convolution,
        axes=None,
        min_axes=len(definition.axes or ()),
        channels_first_at=0,
        receptive_field_rule=views.unknown,
        tf_flops=costs.unknown,
    )


# Recurrent layers -----------------------------------------------------------------------------------------------------


def _time_first(rule: Rule) -> Rule:
    """Returns a rule that accepts ``time_major: true``: the time axis of the input is before the batch axis."""

    def swapped(shape: Shape | None) -> Shape | None:
        return shape if shape is None or len(shape) < 3 else (shape[1], shape[0], *shape[2:])

    def time_major(a: Args, x: Shape, *states: Shape) -> Inferred:
        if not a["time_major"]:
            return rule(a, x, *states)
        result = rule(a, (x[1], x[0], *x[2:]), *states)
        outputs = tuple(
            swapped(shape) if not n and a["return_sequences"] else shape for n, shape in enumerate(result.outputs)
        )
        # The counts of one sample are later multiplied by the first axis. Here this is the time axis, so both become
        # unknown.
        return result._replace(outputs=outputs, unknown=result.unknown | {"macs", "flops"})

    return time_major


def _two_biases(rule: Rule) -> Rule:
    """Returns the rule of a cuDNN LSTM or GRU, with one bias for the input and one for the state."""

    def cudnn(a: Args, x: Shape, *states: Shape) -> Inferred:
        result = rule(a, x, *states)
        kernel, recurrent, bias = result.weights
        return result._replace(weights=(kernel, recurrent, bias._replace(shape=(2 * kernel.shape[-1],))))

    return _time_first(cudnn)


def _two_layers(rule: Rule) -> Rule:
    """Returns the rule of a Bidirectional whose two layers may have outputs of different sizes.

    Keras 3 takes the sizes of both outputs and all states from the forward layer.
    """

    def bidirectional(a: Args, x: Shape, *states: Shape) -> Inferred:
        result, half = rule(a, x, *states), len(states) // 2
        if a["backward_layer"] is None:
            return result
        there, back = a["layer"].infer(x, *states[:half]), a["backward_layer"].infer(x, *states[half:])
        forwards, backwards = there.outputs[0], back.outputs[0]
        merged: tuple[Shape | None, ...] = (forwards,)
        if a["merge_mode"] is None:
            merged = (forwards, backwards)
        elif a["merge_mode"] == "concat" and forwards is not None and backwards is not None:
            merged = ((*forwards[:-1], forwards[-1] + backwards[-1]),)
        elif forwards != backwards:
            sizes = "the same number of features in both layers"
            raise Refusal(f"needs {sizes} with merge_mode {a['merge_mode']}", codes.WRONG_SHAPE, "backward_layer")
        return result._replace(outputs=(*merged, *there.outputs[1:], *back.outputs[1:]))

    return bidirectional


# Normalization and EinsumDense ----------------------------------------------------------------------------------------


def _several_axes(rule: Rule) -> Rule:
    """Returns the rule of a batch normalization over several axes.

    Each weight has as many axes as the input; its size is 1 on each axis that is not normalized.
    """

    def normalization(a: Args, x: Shape) -> Inferred:
        axes = {axis_index(axis, len(x)) for axis in a["axis"]}
        size = [required(size, "size on every normalized axis") if n in axes else 1 for n, size in enumerate(x)]
        result = rule({**a, "axis": next(iter(axes), -1)}, x)
        return result._replace(weights=tuple(weight._replace(shape=tuple(size)) for weight in result.weights))

    return normalization


def _sizes_of_the_product(rule: Rule) -> Rule:
    """Returns an EinsumDense rule that takes the output sizes from input and kernel, not from ``output_shape``."""

    def einsum(a: Args, x: Shape) -> Inferred:
        result = rule(a, x)
        terms, _, target = a["equation"].replace("...", "").partition("->")
        source, _, kernel = terms.partition(",")
        leading = a["equation"].startswith("...")
        elided = len(x) - len(source)
        letters, dots = (x[elided:], x[:elided]) if leading else (x[: len(source)], x[len(source) :])
        sizes = {**dict(zip(kernel, result.weights[0].shape)), **dict(zip(source, letters))}
        output = tuple(sizes[letter] for letter in target)
        return result._replace(outputs=((*dots, *output) if leading else (*output, *dots),))

    return einsum


# Keras 1 --------------------------------------------------------------------------------------------------------------


def _maxout(a: Args, x: Shape) -> Inferred:
    """Returns the maximum of several dense layers."""
    features, inputs, units = a["nb_feature"], required(x[-1], "number of features"), a["output_dim"]
    kernel = Weight("W", (features, inputs, units), 1)
    bias = (Weight("b", (features, units), added_per_sample=1),) if a["use_bias"] else ()
    return Inferred(((x[0], units),), (kernel, *bias))


def _highway(a: Args, x: Shape) -> Inferred:
    """Mixes the input with the output of a dense layer. A second dense layer computes the weight of the input and the
    weight of the output.
    """
    size = required(x[-1], "number of features")
    kernels = [Weight(name, (size, size), 1) for name in ("W", "W_carry")]
    biases = [Weight(name, (size,), added_per_sample=1) for name in ("b", "b_carry")] if a["use_bias"] else []
    return Inferred((x,), (*kernels, *biases))


def _activation(*weights: str) -> Rule:
    def rule(a: Args, x: Shape) -> Inferred:
        """Computes an activation with trained parameters, which have the shape of the input."""
        shape = tuple(required(size, "size on every axis") for size in x[1:])
        return Inferred((x,), tuple(Weight(name, shape) for name in weights))

    return rule


def _to_stated_size(rule: Rule) -> Rule:
    """Returns the rule of a transposed convolution whose argument ``output_shape`` lists the spatial output sizes."""

    def deconvolution(a: Args, x: Shape) -> Inferred:
        result = rule(a, x)
        sizes = tuple(UNKNOWN if size is None else size for size in a["output_shape"])
        weights = [
            weight._replace(added_per_sample=product(sizes)) if weight.added_per_sample else weight
            for weight in result.weights
        ]
        return result._replace(outputs=((x[0], *sizes, a["filters"]),), weights=tuple(weights))

    return deconvolution


_DENSE1 = (
    Argument("activation", ACTIVATION, None, nullable=True),
    Argument("use_bias", Boolean(), True),
    *ignored_arguments("kernel_initializer", "kernel_regularizer", "bias_regularizer", "activity_regularizer"),
    *ignored_arguments("kernel_constraint", "bias_constraint", "input_dim", "transform_bias"),
)
_STARTS = ("alpha_init", "beta_init"), ("t_left_init", "a_left_init", "t_right_init", "a_right_init")

_LAYERS: dict[str, Callable[[], LayerDefinition]] = {
    "ThresholdedReLU": lambda: _definition(
        "ThresholdedReLU",
        _thresholded_relu,
        Argument("theta", Real(), 1.0),
        mask_rule=masks.keeps,
        receptive_field_rule=views.positions,
        built_when_made=True,
    ),
    "RandomHeight": lambda: _random("RandomHeight", -3),
    "RandomWidth": lambda: _random("RandomWidth", -2),
    "LocallyConnected1D": lambda: _local(1),
    "LocallyConnected2D": lambda: _local(2),
    "CuDNNLSTM": lambda: _variant("LSTM", "CuDNNLSTM", _two_biases, _TIME_MAJOR),
    "CuDNNGRU": lambda: _variant("GRU", "CuDNNGRU", _two_biases, _TIME_MAJOR),
    "SyncBatchNormalization": lambda: _variant("BatchNormalization", "SyncBatchNormalization", lambda rule: rule),
    f"BatchNormalization{OF_KERAS2}": lambda: _variant(
        "BatchNormalization",
        "BatchNormalization",
        _several_axes,
        Argument("axis", Integers(), -1),
        tf_flops=costs.unknown,
    ),
    f"MaxoutDense{OF_KERAS1}": lambda: _definition(
        f"MaxoutDense{OF_KERAS1}",
        _maxout,
        Argument("output_dim", Integer(1)),
        Argument("nb_feature", Integer(1), 4),
        *_DENSE1,
        receptive_field_rule=views.whole_sample,
    ),
    f"Highway{OF_KERAS1}": lambda: _definition(f"Highway{OF_KERAS1}", _highway, *_DENSE1),
    f"ParametricSoftplus{OF_KERAS1}": lambda: _definition(
        f"ParametricSoftplus{OF_KERAS1}",
        _activation("alphas", "betas"),
        *ignored_arguments(*_STARTS[0]),
        mask_rule=masks.keeps,
        receptive_field_rule=views.positions,
    ),
    f"SReLU{OF_KERAS1}": lambda: _definition(
        f"SReLU{OF_KERAS1}",
        _activation("t_left", "a_left", "t_right", "a_right"),
        *ignored_arguments(*_STARTS[1]),
        mask_rule=masks.keeps,
        receptive_field_rule=views.positions,
    ),
    f"Deconvolution2D{OF_KERAS1}": lambda: _variant(
        "Conv2DTranspose",
        "Deconvolution2D",
        _to_stated_size,
        Argument("output_shape", Anything()),
        tf_flops=costs.unknown,
    ),
    f"EinsumDense{OF_KERAS2}": lambda: _variant("EinsumDense", "EinsumDense", _sizes_of_the_product),
    **{f"{name}{OF_KERAS2}": lambda name=name: _convolution(name) for name in _CONVOLUTIONS},  # type: ignore[misc]
    f"Bidirectional{OF_KERAS2}": lambda: _variant("Bidirectional", "Bidirectional", _two_layers),
    **{
        f"{name}{OF_KERAS2}": lambda name=name: _variant(name, name, _time_first, _TIME_MAJOR)  # type: ignore[misc]
        for name in ("LSTM", "GRU", "SimpleRNN", "RNN")
    },
}
