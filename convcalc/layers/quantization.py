"""Quantized dtype policies, such as ``int8_from_float32``: what they add to the weights of a layer.

A layer declares its quantizer; without one it is under such a policy what it is under the policy behind ``_from_``.

Sources: ``_int8_build`` and ``_float8_build`` of Keras's Dense, EinsumDense, Embedding and ReversibleEmbedding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from convcalc.base import codes
from convcalc.base.numbers import Shape
from convcalc.base.problems import Refusal
from convcalc.layers.dtypes import quantization
from convcalc.layers.registry import Args, Inferred, QuantizationRule, Weight

_WHY = "quantized from weights that were trained before"
_MATRICES = ("kernel", "embeddings", "reverse_embeddings")
_COUNTS = frozenset({"flops"})  # what rounding and scaling cost, nobody says
_HISTORY = 1024  # how many largest values a float8 layer remembers

Scale = Callable[[Args, Shape], Shape]


def dense(scale: Scale) -> QuantizationRule:
    """The quantizer of a layer that multiplies by its matrix: int8 and float8. ``scale`` is the shape of what scales it."""

    def quantize(a: Args, policy: str, found: Inferred) -> Inferred:
        mode = quantization(policy)
        return found._replace(weights=_quantized(mode, scale, a, found.weights), unknown=_COUNTS) if mode else found

    return quantize


def lookup(a: Args, policy: str, found: Inferred) -> Inferred:
    """The quantizer of a table in which rows are looked up: int8, each row with its scale."""
    mode = quantization(policy)
    if not mode:
        return found
    if mode != "int8":
        raise Refusal(f"cannot be quantized to {mode}: it knows int8", codes.QUANTIZATION, "dtype")
    return found._replace(weights=_int8(lambda a, shape: (a["input_dim"],), a, found.weights), unknown=_COUNTS)


def projections(a: Args, policy: str, found: Inferred) -> Inferred:
    """The quantizer of attention, which hands its policy on to the EinsumDense layers inside: a kernel each, and its bias."""
    mode = quantization(policy)
    if not mode:
        return found
    width = 1 + a["use_bias"]
    each = [found.weights[n : n + width] for n in range(0, len(found.weights), width)]
    from string import ascii_lowercase, ascii_uppercase

    rank = len(found.outputs[0] or ()) - (len(each[-1][0].shape) - 2)
    free = ascii_uppercase[:rank]  # the batch, and the positions
    weights: list[Weight] = []
    for number, group in enumerate(each):
        axes = ascii_lowercase[: len(group[0].shape)]
        summed = 2 if number == len(each) - 1 else 1  # the last takes the heads together again
        equation = f"{free}{axes[:summed]},{axes}->{free}{axes[summed:]}"
        weights += _quantized(mode, einsum_scale, {"equation": equation}, group)
    return found._replace(weights=tuple(weights), unknown=_COUNTS)


def _quantized(mode: str, scale: Scale, a: Args, weights: Sequence[Weight]) -> tuple[Weight, ...]:
    return _int8(scale, a, weights) if mode == "int8" else (*weights, *_float8())


def _int8(scale: Scale, a: Args, of: Sequence[Weight]) -> tuple[Weight, ...]:
    """Each matrix of whole numbers, beside what its columns or rows are scaled by; other weights stay."""
    weights: list[Weight] = []
    for weight in of:
        if weight.name not in _MATRICES:
            weights.append(weight)
            continue
        weights.append(weight._replace(dtype="int8", trainable=False, frozen_because=_WHY))
        weights.append(Weight(f"{weight.name}_scale", scale(a, weight.shape), trainable=False, frozen_because=_WHY))
    return tuple(weights)


def _float8() -> tuple[Weight, ...]:
    """For each of what is rounded, its scale and the largest values of late. They count as trainable in Keras."""
    return tuple(
        Weight(f"{what}_{name}", shape, dtype="float32", replaced_by_gradient=True)
        for what in ("inputs", "kernel", "outputs_grad")
        for name, shape in (("scale", ()), ("amax_history", (_HISTORY,)))
    )


def einsum_scale(a: Args, kernel_shape: Shape) -> Shape:
    """Of EinsumDense: the kernel's shape as it lies in the output, 1 on the axes that are summed over.

    Keras (``_analyze_quantization_info``) lets each summed axis take the place of an output axis that the kernel has not, the
    first first; of those for which none is left, it takes out the ones at their places in the kernel.
    """
    found = re.match("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", a["equation"])
    if found is None:
        raise Refusal("cannot be quantized to int8 with dots in its equation", codes.QUANTIZATION, "equation")
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
            raise Refusal("cannot be quantized to int8 with this equation", codes.QUANTIZATION, "equation")
        scale.pop(place)
    return tuple(scale)
