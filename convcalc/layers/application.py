"""Running a layer's rule, and what follows from what it finds: counts, dtypes, what trains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from convcalc.base import codes
from convcalc.base.numbers import LARGEST, UNKNOWN, Number, Shape, plain, product
from convcalc.base.problems import Refusal
from convcalc.layers.dtypes import autocast, compute_dtype, variable_dtype
from convcalc.layers.registry import SAME, VARIABLE, Args, Inferred, LayerDefinition, Weight


def apply(kind: LayerDefinition, args: Args, inputs: Sequence[Shape], policy: str | None = None) -> Inferred:
    """Run the layer's rule on whole shapes (batch axis first). ``args`` are as :func:`bind` gives them; without a dtype policy, the layer
    has its own. Weights come with their dtype.

    Raises :class:`Refusal` for inputs that the layer cannot take, and for a policy that it cannot have.
    """
    _check_inputs(kind, args, inputs)
    arguments = kind.rule_arguments(args)
    policy = policy or kind.policy(args)
    result = bounded(_run(kind, arguments, inputs))
    if kind.quantization_rule:
        result = kind.quantization_rule(arguments, policy, result)
    if not result.weights:
        return result
    weights = _typed(result.weights, variable_dtype(policy))
    return Inferred(result.outputs, weights, result.products, result.windows, result.dtype, result.unknown)


def _run(kind: LayerDefinition, arguments: Args, inputs: Sequence[Shape]) -> Inferred:
    """The rule on channels-last shapes, whatever the layer's data format."""
    at = kind.channels_first_at
    if not at or arguments["data_format"] != "channels_first":
        return kind.rule(arguments, *inputs)
    rank = len(inputs[0])
    result = kind.rule(arguments, *((*shape[:at], *shape[at + 1 :], shape[at]) for shape in inputs[:1]), *inputs[1:])
    turned = (shape if shape is None else _channels_first(shape, at - (rank - len(shape))) for shape in result.outputs)
    return result._replace(outputs=tuple(turned))


def bounded(result: Inferred) -> Inferred:
    """The result, unless it has a size that no tensor has."""
    for shape in result.outputs:
        for size in shape or ():
            if size > LARGEST:
                raise Refusal(f"comes to a size of {plain(size):.3g}, and no axis is that long", codes.TOO_LARGE)
    return result


def _channels_first(shape: Shape, at: int) -> Shape:
    """The shape with its channels at an axis; as it is where that is no axis (a pooling has taken the spatial axes)."""
    return (*shape[:at], shape[-1], *shape[at:-1]) if at > 0 else shape


def _check_inputs(kind: LayerDefinition, args: Args, inputs: Sequence[Shape]) -> None:
    takes = kind.inputs
    if takes is None and not inputs:
        raise Refusal("takes at least one input, and is given none", codes.WRONG_INPUTS)
    if takes is not None and takes != len(inputs):
        least, most = takes if isinstance(takes, tuple) else (takes, takes)
        if not least <= len(inputs) <= most:
            words = {0: "no input", 1: "one input", 2: "two inputs"}
            count = words.get(most, f"{most} inputs") if least == most else f"{least} to {most} inputs"
            raise Refusal(f"takes {count}, not {len(inputs)}", codes.WRONG_INPUTS)
    axes, min_axes = kind.axes, kind.min_axes
    if axes is None and not min_axes:
        return
    # Of a layer that takes further tensors (states, keys), the axes are those of the first.
    for shape in inputs[:1] if isinstance(takes, tuple) else inputs:
        found = len(shape) - 1
        if axes is None:
            if found < min_axes:
                raise Refusal(
                    f"expects at least {min_axes} ax{'es' if min_axes > 1 else 'is'} behind the batch",
                    codes.WRONG_RANK,
                )
        elif found != len(axes):
            names = kind.axis_names(args)
            raise Refusal(f"expects ({', '.join(names)}){_rank_cure(names, shape)}", codes.WRONG_RANK)


def _rank_cure(axes: Sequence[str], shape: Shape) -> str:
    """The cure for the usual slips: an image without its channel axis, a shape with its batch axis."""
    sizes = ["null" if size is UNKNOWN else str(size) for size in shape[1:]]
    if len(sizes) == len(axes) - 1 and "channels" in axes:
        sizes.insert(list(axes).index("channels"), "1")
        return f"; for one channel, write [{', '.join(sizes)}]"
    if len(sizes) == len(axes) + 1 and sizes[0] == "null":
        return f"; the batch axis is not written: [{', '.join(sizes[1:])}]"
    return ""


def parameters(inferred: Inferred) -> Number:
    """The number of parameters."""
    return sum([product(weight.shape) for weight in inferred.weights])


def known_macs(inferred: Inferred) -> Number:
    """The multiply-accumulates for one sample; unknown where the rule says so."""
    if "macs" in inferred.unknown:
        return UNKNOWN
    return sample_macs(inferred) if inferred.weights or inferred.products else 0


def sample_macs(inferred: Inferred) -> Number:
    """The multiply-accumulates for one sample."""
    terms = [
        product(weight.shape) * uses
        for weight in inferred.weights
        if type(uses := weight.multiplied_per_sample) is not int or uses != 0  # most weights are not multiplied
    ]
    return sum([*terms, *[extra.macs for extra in inferred.products]])


def elementwise(kind: LayerDefinition, args: Args, inputs: Sequence[Shape], inferred: Inferred) -> Number:
    """The floating-point operations for one sample besides products and biases."""
    if kind.flops is None or "flops" in inferred.unknown:
        return UNKNOWN
    return kind.flops(kind.rule_arguments(args), inputs, inferred)


def output_dtypes(inferred: Inferred, given: str, policy: str) -> tuple[str, ...]:
    """The types of a layer's outputs on an input of type ``given``."""
    dtype = inferred.dtype
    if isinstance(dtype, tuple):
        return dtype
    if dtype is None:
        dtype = compute_dtype(policy)
    elif dtype == VARIABLE:
        dtype = variable_dtype(policy)
    elif dtype == SAME:
        dtype = autocast(given, policy)
    return (dtype,) * len(inferred.outputs)


def _typed(weights: Sequence[Weight], dtype: str) -> tuple[Weight, ...]:
    """The weights, those of the given dtype that have none of their own."""
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


def frozen(weights: Iterable[Weight], why: str) -> tuple[Weight, ...]:
    """The weights of a layer that does not train, for the reason ``why``."""
    return tuple(
        weight._replace(trainable=False, frozen_because=why) if weight.trainable else weight for weight in weights
    )
