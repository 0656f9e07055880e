"""Quantized dtype policies, such as ``int8_from_float32``: how they change the weights of a layer.

A layer declares a quantization rule. Without one, a quantized policy is the same as the policy after ``_from_``.

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

_WHY = "quantized from weights that are already trained"
_MATRICES = ("kernel", "embeddings", "reverse_embeddings")
_COUNTS = frozenset({"flops"})  # the cost of rounding and scaling is unknown
_HISTORY = 1024  # the length of the history of maxima that a float8 layer keeps

Scale = Callable[[Args, Shape], Shape]


def dense(scale: Scale) -> QuantizationRule:
    """Returns the rule of a layer that multiplies by a matrix (int8, float8). ``scale`` returns the shape of the matrix's scale."""

    def quantize(a: Args, policy: str, result: Inferred) -> Inferred:
        mode = quantization(policy)
        return result._replace(weights=_quantized(mode, scale, a, result.weights), unknown=_COUNTS) if mode else result

    return quantize


def lookup(a: Args, policy: str, result: Inferred) -> Inferred:
    """Applies the rule of a lookup table: int8, with a scale for each row."""
    mode = quantization(policy)
    if not mode:
        return result
    if mode != "int8":
        raise Refusal(f"cannot be quantized to {mode}, only to int8", codes.QUANTIZATION, "dtype")
    return result._replace(weights=_int8(lambda a, shape: (a["input_dim"],), a, result.weights), unknown=_COUNTS)


def projections(a: Args, policy: str, result: Inferred) -> Inferred:
    """Applies the rule of attention, which passes its policy to its EinsumDense layers. Each has a kernel, and possibly a bias."""
    mode = quantization(policy)
    if not mode:
        return result
    width = 1 + a["use_bias"]
    groups = [result.weights[n : n + width] for n in range(0, len(result.weights), width)]
    from string import ascii_lowercase, ascii_uppercase

    rank = len(result.outputs[0] or ()) - (len(groups[-1][0].shape) - 2)
    free = ascii_uppercase[:rank]  # the batch axis and the positions
    weights: list[Weight] = []
    for number, group in enumerate(groups):
        axes = ascii_lowercase[: len(group[0].shape)]
        summed = 2 if number == len(groups) - 1 else 1  # the last one merges the heads
        equation = f"{free}{axes[:summed]},{axes}->{free}{axes[summed:]}"
        weights += _quantized(mode, einsum_scale, {"equation": equation}, group)
    return result._replace(weights=tuple(weights), unknown=_COUNTS)


def _quantized(mode: str, scale: Scale, a: Args, weights: Sequence[Weight]) -> tuple[Weight, ...]:
    return _int8(scale, a, weights) if mode == "int8" else (*weights, *_float8())


def _int8(scale: Scale, a: Args, originals: Sequence[Weight]) -> tuple[Weight, ...]:
    """Returns each matrix as int8, followed by the scale of its columns or rows; other weights are unchanged."""
    weights: list[Weight] = []
    for weight in originals:
        if weight.name not in _MATRICES:
            weights.append(weight)
            continue
        weights.append(weight._replace(dtype="int8", trainable=False, frozen_because=_WHY))
        weights.append(Weight(f"{weight.name}_scale", scale(a, weight.shape), trainable=False, frozen_because=_WHY))
    return tuple(weights)


def _float8() -> tuple[Weight, ...]:
    """Returns the scale and the history of maxima for each rounded tensor. Keras counts them as trainable."""
    return tuple(
        Weight(f"{what}_{name}", shape, dtype="float32", replaced_by_gradient=True)
        for what in ("inputs", "kernel", "outputs_grad")
        for name, shape in (("scale", ()), ("amax_history", (_HISTORY,)))
    )


def einsum_scale(a: Args, kernel_shape: Shape) -> Shape:
    """Returns the shape of the scale of an EinsumDense kernel: its axes in the order of the output, with 1 on summed axes.

    Keras (``_analyze_quantization_info``) puts each summed axis, in order, at the position of an output axis that the kernel does
    not have. For further summed axes, the 1 at their position in the kernel is dropped.
    """
    match = re.match("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", a["equation"])
    if match is None:
        raise Refusal("cannot be quantized to int8 with '...' in its equation", codes.QUANTIZATION, "equation")
    source, kernel, target = match.groups()
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
