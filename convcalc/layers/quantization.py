"""Quantized dtype policies, such as ``int8_from_float32``: what they add to the weights of a layer.

Sources: ``_int8_build`` and ``_float8_build`` of Keras's Dense, EinsumDense, Embedding and ReversibleEmbedding. Any other layer
is under such a policy what it is under the policy behind ``_from_``.
"""

from __future__ import annotations

import re

from convcalc.layers.dtypes import quantization
from convcalc.layers.registry import Args, Inferred, LayerType, Weight
from convcalc.numbers import Shape
from convcalc.problems import Refusal

_WHY = "quantized from weights that were trained before"
# Layers that hand their policy on to quantized layers inside.
_MADE_OF_THEM = ("MultiHeadAttention", "GroupQueryAttention")
_LOOKUPS = ("Embedding", "ReversibleEmbedding")
_HISTORY = 1024  # how many largest values a float8 layer remembers


def quantized(kind: LayerType, args: Args, policy: str, inferred: Inferred) -> Inferred:
    """What a rule found out, as it is under a dtype policy.

    Raises :class:`Refusal` where Keras has no such layer.
    """
    mode = quantization(policy)
    if not mode:
        return inferred
    if kind.name in _MADE_OF_THEM:
        return inferred._replace(weights=(), unknown=inferred.unknown | {"params"})
    if kind.name not in ("Dense", "EinsumDense", *_LOOKUPS):
        return inferred
    if mode == "int8":
        weights = [part for weight in inferred.weights for part in _int8(kind, args, weight)]
        return inferred._replace(weights=tuple(weights))
    if kind.name in _LOOKUPS:
        raise Refusal(f"cannot be quantized to {mode}: it knows int8", "quantization", "dtype")
    return inferred._replace(weights=(*inferred.weights, *_float8()))


def _int8(kind: LayerType, args: Args, weight: Weight) -> tuple[Weight, ...]:
    """A matrix of whole numbers beside what each of its columns or rows is scaled by; other weights stay."""
    if weight.name not in ("kernel", "embeddings", "reverse_embeddings"):
        return (weight,)
    if kind.name == "Dense":
        scale: Shape = weight.shape[1:]
    elif kind.name == "EinsumDense":
        scale = _einsum_scale(args["equation"], weight.shape)
    else:
        scale = (args["input_dim"],)
    whole = weight._replace(dtype="int8", trainable=False, why=_WHY)
    return (whole, Weight(f"{weight.name}_scale", scale, trainable=False, why=_WHY))


def _float8() -> tuple[Weight, ...]:
    """For each of what is rounded, its scale and the largest values of late. They count as trainable in Keras."""
    return tuple(
        Weight(f"{what}_{name}", shape, dtype="float32")
        for what in ("inputs", "kernel", "outputs_grad")
        for name, shape in (("scale", ()), ("amax_history", (_HISTORY,)))
    )


def _einsum_scale(equation: str, kernel_shape: Shape) -> Shape:
    """The kernel's shape as it lies in the output, 1 on the axes that are summed over.

    Keras (``_analyze_quantization_info``) lets each summed axis take the place of an output axis that the kernel has not, the
    first first; of those for which none is left, it takes out the ones at their places in the kernel.
    """
    found = re.match("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", equation)
    if found is None:
        raise Refusal("cannot be quantized to int8 with dots in its equation", "quantization", "equation")
    source, kernel, target = found.groups()
    scale = [kernel_shape[kernel.index(dim)] for dim in target if dim in kernel]
    at = target.find(kernel[-1])
    new = [place for place, dim in enumerate(target) if dim not in source]
    for _ in [dim for dim in source if dim not in target]:
        at = new.pop(0) if new else at
    free = [place for place, dim in enumerate(target) if dim not in kernel]
    left_over = []
    for place, dim in enumerate(kernel):
        if dim in target:
            continue
        if free:
            at = free.pop(0)
        else:
            left_over.append(place)
        scale.insert(at, 1)
    for place in free:
        scale.insert(place, 1)
    for place in reversed(left_over):
        if place >= len(scale):
            raise Refusal("cannot be quantized to int8 with this equation", "quantization", "equation")
        scale.pop(place)
    return tuple(scale)
