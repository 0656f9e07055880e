"""Runs a layer's rule, and derives counts, dtypes and trainable weights from the result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from convcalc.base import codes
from convcalc.base.numbers import LARGEST, UNKNOWN, Number, Shape, plain, product
from convcalc.base.problems import Refusal
from convcalc.layers.dtypes import autocast, compute_dtype, inner_policy, is_policy, variable_dtype
from convcalc.layers.registry import SAME, VARIABLE, Args, Inferred, LayerDefinition, Product, Weight


def apply(definition: LayerDefinition, args: Args, inputs: Sequence[Shape], policy: str | None = None) -> Inferred:
    """Runs the layer's rule on input shapes. The first axis of each shape is the batch axis.

    ``args`` are bound by :func:`bind`. Without ``policy``, the layer has its default dtype policy. All returned weights
    have a dtype.

    Raises :class:`Refusal` for inputs or a policy that the layer does not accept.
    """
    _check_inputs(definition, args, inputs)
    arguments = definition.rule_arguments(args)
    policy = policy or definition.policy(args)
    result = bounded(run_rule(definition, arguments, inputs))
    if not is_policy(policy) and definition.inputs != 0:
        return _without_weights(result) if result.weights else result
    if definition.quantization_rule:
        result = definition.quantization_rule(arguments, policy, result)
    if not result.weights:
        return result
    # Without a quantization rule, a layer has at most one inner layer with weights, such as the cell of an RNN. The policy
    # of this inner layer gives the dtype. With a quantization rule, the weights of inner layers already have a dtype.
    inside = inner_policy(policy, definition.inner_layers[0]) if definition.inner_layers else policy
    weights = _typed(result.weights, variable_dtype(inside))
    return Inferred(result.outputs, weights, result.products, result.windows, result.dtype, result.unknown)


def _without_weights(result: Inferred) -> Inferred:
    """Returns the result without its weights, whose form is unknown under an unknown dtype policy.

    The MACs stay known, because a :class:`Product` with the same count replaces each weight.
    """
    products = tuple(
        Product(weight.name, product(weight.shape) * weight.multiplied_per_sample)
        for weight in result.weights
        if not isinstance(weight.multiplied_per_sample, int) or weight.multiplied_per_sample != 0
    )
    unknown = result.unknown | {"params", "flops"}
    return result._replace(weights=(), products=(*products, *result.products), unknown=unknown)


def run_rule(definition: LayerDefinition, arguments: Args, inputs: Sequence[Shape]) -> Inferred:
    """Runs the rule, which knows only channels-last shapes. ``channels_first`` shapes are converted before and after."""
    at = definition.channels_first_at
    if not at or arguments["data_format"] != "channels_first":
        return definition.rule(arguments, *inputs)
    rank = len(inputs[0])
    result = definition.rule(
        arguments, *((*shape[:at], *shape[at + 1 :], shape[at]) for shape in inputs[:1]), *inputs[1:]
    )
    outputs = (shape if shape is None else _channels_first(shape, at - (rank - len(shape))) for shape in result.outputs)
    return result._replace(outputs=tuple(outputs))


def _rounded(size: Number) -> str:
    """Returns a large size as text, such as ``1.23e+45``. It can be too large for a float."""
    number = plain(size)
    if not isinstance(number, int) or number.bit_length() < 1000:
        return f"{number:.3g}"
    digits = str(number)
    return f"{digits[0]}.{digits[1:3]}e+{len(digits) - 1}"


def bounded(result: Inferred) -> Inferred:
    """Returns ``result``, or raises :class:`Refusal` if an axis of an output is too long for any tensor."""
    for shape in result.outputs:
        for size in shape or ():
            if size > LARGEST:
                raise Refusal(f"results in a size of {_rounded(size)}: no axis can be that long", codes.TOO_LARGE)
    return result


def _channels_first(shape: Shape, at: int) -> Shape:
    """Moves the last axis (the channels) to axis ``at``. Changes nothing if ``at`` is 0 or negative."""
    return (*shape[:at], shape[-1], *shape[at:-1]) if at > 0 else shape


def _check_inputs(definition: LayerDefinition, args: Args, inputs: Sequence[Shape]) -> None:
    takes = definition.inputs
    if takes is None and not inputs:
        raise Refusal("needs at least one input", codes.WRONG_INPUTS)
    if takes is not None and takes != len(inputs):
        least, most = takes if isinstance(takes, tuple) else (takes, takes)
        if not least <= len(inputs) <= most:
            words = {0: "no input", 1: "one input", 2: "two inputs"}
            count = words.get(most, f"{most} inputs") if least == most else f"{least} to {most} inputs"
            raise Refusal(f"takes {count}, not {len(inputs)}", codes.WRONG_INPUTS)
    if len(inputs) > 1 and () in inputs:
        raise Refusal("needs a batch axis on each of its inputs", codes.WRONG_RANK)
    axes, min_axes = definition.axes, definition.min_axes
    if axes is None and not min_axes:
        return
    # If the inputs differ, such as a sequence and its states, ``axes`` describes only the first input.
    for shape in inputs[:1] if isinstance(takes, tuple) else inputs:
        rank = len(shape) - 1
        if axes is None:
            if rank < min_axes:
                raise Refusal(
                    f"expects at least {min_axes} ax{'es' if min_axes > 1 else 'is'} after the batch axis",
                    codes.WRONG_RANK,
                )
        elif rank != len(axes):
            names = definition.axis_names(args)
            raise Refusal(f"expects ({', '.join(names)}){_rank_cure(names, shape)}", codes.WRONG_RANK)


def _rank_cure(axes: Sequence[str], shape: Shape) -> str:
    """Suggests a fix for a shape that is written with a batch axis."""
    sizes = ["null" if size is UNKNOWN else str(size) for size in shape[1:]]
    if len(sizes) == len(axes) + 1 and sizes[0] == "null":
        return f"; leave out the batch axis: [{', '.join(sizes[1:])}]"
    return ""


def parameters(inferred: Inferred) -> Number:
    """Returns the number of parameters."""
    return sum([product(weight.shape) for weight in inferred.weights])


def known_macs(inferred: Inferred) -> Number:
    """Returns the multiply-accumulates for one sample; unknown if the rule marks them as unknown."""
    if "macs" in inferred.unknown:
        return UNKNOWN
    return sample_macs(inferred) if inferred.weights or inferred.products else 0


def sample_macs(inferred: Inferred) -> Number:
    """Returns the multiply-accumulates for one sample."""
    terms = [
        product(weight.shape) * uses
        for weight in inferred.weights
        # faster: weights that are never multiplied, such as biases, are skipped
        if type(uses := weight.multiplied_per_sample) is not int or uses != 0
    ]
    return sum([*terms, *[extra.macs for extra in inferred.products]])


def elementwise(definition: LayerDefinition, args: Args, inputs: Sequence[Shape], inferred: Inferred) -> Number:
    """Returns the floating-point operations for one sample, without multiply-accumulates and bias additions."""
    if definition.flops is None or "flops" in inferred.unknown:
        return UNKNOWN
    return definition.flops(definition.rule_arguments(args), inputs, inferred)


def output_dtypes(inferred: Inferred, input_dtype: str, policy: str) -> tuple[str, ...]:
    """Returns the dtypes of a layer's outputs."""
    dtype = inferred.dtype
    if isinstance(dtype, tuple):
        return dtype
    if callable(dtype):
        dtype = dtype(input_dtype)
    if dtype is None:
        dtype = compute_dtype(policy)
    elif dtype == VARIABLE:
        dtype = variable_dtype(policy)
    elif dtype == SAME:
        dtype = autocast(input_dtype, policy)
    return (dtype,) * len(inferred.outputs)


def _typed(weights: Sequence[Weight], dtype: str) -> tuple[Weight, ...]:
    """Returns the weights. Weights without a dtype get ``dtype``."""
    return tuple(
        [
            Weight(
                weight.name,
                weight.shape,
                weight.multiplied_per_sample,
                weight.trainable,
                weight.frozen_because,
                weight.dtype or dtype,
                weight.replaced_by_gradient,
                weight.added_per_sample,
            )
            for weight in weights
        ]
    )


def frozen(weights: Iterable[Weight], reason: str) -> tuple[Weight, ...]:
    """Returns the weights, marked as not trainable for this reason."""
    return tuple(
        weight._replace(trainable=False, frozen_because=reason) if weight.trainable else weight for weight in weights
    )
