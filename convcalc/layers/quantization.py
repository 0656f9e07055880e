"""Quantization rules: how dtype policies such as ``int8_from_float32`` change the weights of a layer.

Some layers declare a quantization rule. For other layers, a quantized policy is the same as the policy after
``_from_``.

Sources: ``_int8_build``, ``_int4_build``, ``_float8_build``, ``_gptq_build`` and ``_awq_build`` of Keras's Dense,
EinsumDense, Embedding and ReversibleEmbedding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from convcalc.base import codes
from convcalc.base.numbers import Number, Shape, ceil_div, product
from convcalc.base.problems import Refusal
from convcalc.base.structs import Struct
from convcalc.layers.dtypes import Policy, find_policy, inner_policy, variable_dtype
from convcalc.layers.registry import Args, Inferred, Product, QuantizationRule, Weight

_WHY = "quantized from weights that are already trained"
_MATRICES = ("kernel", "embeddings", "reverse_embeddings")
_UNKNOWN_COUNTS = frozenset({"flops"})  # the cost of rounding and scaling is unknown
_PACKED = 2  # two numbers of 4 bits are stored in one byte
# The classes of ``quantization_config``, with the settings that change weights and the defaults of these settings.
_CONFIGS: dict[str, dict[str, Any]] = {
    "Int8QuantizationConfig": {},
    "Float8QuantizationConfig": {},
    "Int4QuantizationConfig": {"block_size": None},
    "GPTQConfig": {"weight_bits": 4, "group_size": 128},
    "AWQConfig": {"group_size": 128},
}
_CONFIG_OF = {"int4": "Int4QuantizationConfig", "gptq": "GPTQConfig", "awq": "AWQConfig"}
_GPTQ_BITS = (2, 3, 4, 8)

Fold: TypeAlias = "Callable[[Args, Shape, str], tuple[Number, Number]]"


class Layout(Struct):
    """How a layer stores its quantized kernel."""

    # Returns the shape of the scale of an int8 kernel.
    scale: Callable[[Args, Shape], Shape]
    # Return the numbers of rows and columns of the matrix that stores the kernel: ``folded`` for int4, ``calibrated``
    # for gptq and awq.
    folded: Fold
    calibrated: Fold
    # The name of the weight that has the zero points (gptq and awq).
    zero: str


def dense(layout: Layout) -> QuantizationRule:
    """Returns the quantization rule of a layer that multiplies its input by a kernel."""

    def quantize(a: Args, policy: str, result: Inferred) -> Inferred:
        settings = _settings(a, policy)
        if settings is None:
            return _unknown(result)
        return _with_weights(result, *_quantized(settings, layout, a, result.weights)) if settings.mode else result

    return quantize


def lookup(a: Args, policy: str, result: Inferred) -> Inferred:
    """Applies the quantization rule of Embedding and ReversibleEmbedding: int8 or int4, with scales for each row.

    Raises :class:`Refusal` if ``tie_weights: false`` and LoRA are combined and the layer is not quantized. Keras 3.15
    cannot add the second table after the LoRA matrices.
    """
    settings = _settings(a, policy)
    if settings is None:
        return _unknown(result)
    if not settings.mode:
        if a.get("lora_rank") and not a.get("tie_weights", True):
            message = "cannot use lora_rank together with tie_weights: false, unless it is quantized to int8 or int4"
            raise Refusal(message, codes.INVALID_VALUE, "lora_rank")
        return result
    if settings.mode not in ("int8", "int4"):
        raise Refusal(f"cannot be quantized to {settings.mode}, only to int8 or int4", codes.QUANTIZATION, "dtype")
    if settings.mode == "int8":
        return _with_weights(result, _int8(lambda a, shape: (a["input_dim"],), a, result.weights), ())
    return _with_weights(result, *_int4_tables(settings, a, result.weights))


def projections(a: Args, policy: str, result: Inferred) -> Inferred:
    """Quantizes the inner EinsumDense layers of an attention layer, each by its policy.

    An inner layer without its own policy has the policy of the attention layer.
    """
    shared = find_policy(policy)
    if shared is not None and not shared.mode and not shared.inner:
        return result
    width = 1 + a["use_bias"]
    groups = [result.weights[n : n + width] for n in range(0, len(result.weights), width)]
    names = ("query", "key", *(("gate",) if a["use_gate"] else ()), "value", "attention_output")
    policies = [inner_policy(policy, name) for name in names]
    settings = [_settings({}, own) for own in policies]
    from string import ascii_lowercase, ascii_uppercase

    rank = len(result.outputs[0] or ()) - (len(groups[-1][0].shape) - 2)
    free = ascii_uppercase[:rank]  # einsum letters of the axes that a projection keeps
    weights: list[Weight] = []
    products: list[Product] = []
    for number, (group, setting, own) in enumerate(zip(groups, settings, policies)):
        if setting is None:
            return _unknown(result)
        axes = ascii_lowercase[: len(group[0].shape)]
        summed = 2 if number == len(groups) - 1 else 1  # the last projection sums two axes: it merges the heads
        equation = f"{free}{axes[:summed]},{axes}->{free}{axes[summed:]}"
        made, extra = (group, ()) if not setting.mode else _quantized(setting, EINSUM, {"equation": equation}, group)
        weights += [weight._replace(dtype=weight.dtype or variable_dtype(own)) for weight in made]
        products += extra
    unknown = (
        result.unknown | _UNKNOWN_COUNTS if any(setting and setting.mode for setting in settings) else result.unknown
    )
    return result._replace(weights=tuple(weights), products=(*products, *result.products), unknown=unknown)


def _settings(a: Args, policy: str) -> Policy | None:
    """Returns the policy, with settings replaced by those of ``quantization_config``; None if a setting is unknown."""
    settings = find_policy(policy)
    config = a.get("quantization_config")
    if settings is None or not settings.mode or config is None:
        return settings
    given = config.get("config") if isinstance(config, Mapping) else None
    name = config.get("class_name") if isinstance(config, Mapping) else None
    if not isinstance(name, str) or name not in _CONFIGS or not isinstance(given, Mapping):
        return None
    if _CONFIG_OF.get(settings.mode) != name:
        return settings
    numbers = {key: given.get(key, default) for key, default in _CONFIGS[name].items()}
    group = numbers.get("group_size", numbers.get("block_size"))
    group = -1 if group is None and name == "Int4QuantizationConfig" else group
    bits = numbers.get("weight_bits", settings.bits)
    if type(group) is not int or not (group == -1 or group > 0) or (name == "GPTQConfig" and bits not in _GPTQ_BITS):
        return None
    return settings._replace(group=group, bits=bits)


def _unknown(result: Inferred) -> Inferred:
    return result._replace(weights=(), unknown=result.unknown | {"params", "macs", "flops"})


def _with_weights(result: Inferred, weights: tuple[Weight, ...], products: tuple[Product, ...]) -> Inferred:
    return result._replace(
        weights=weights, products=(*products, *result.products), unknown=result.unknown | _UNKNOWN_COUNTS
    )


def _quantized(
    settings: Policy, layout: Layout, a: Args, weights: Sequence[Weight]
) -> tuple[tuple[Weight, ...], tuple[Product, ...]]:
    """Returns the quantized weights, and a :class:`Product` with the MACs of each packed matrix.

    A packed matrix is unpacked before it is multiplied, so the stored weight has no MACs.
    """
    mode = settings.mode
    if mode == "int8":
        return _int8(layout.scale, a, weights), ()
    if mode == "float8":
        return (*weights, *_float8(settings.history)), ()
    if mode in ("gptq", "awq") and a.get("lora_rank"):
        raise Refusal(f"cannot use lora_rank together with {mode}", codes.QUANTIZATION, "lora_rank")
    made: list[Weight] = []
    products: list[Product] = []
    for weight in weights:
        if weight.name not in _MATRICES:
            made.append(weight)
            continue
        products += _product(weight)
        fold = layout.folded if mode == "int4" else layout.calibrated
        rows, columns = fold(a, weight.shape, mode)
        groups = _groups(rows, settings.group)
        if mode == "int4":
            made.append(_stored("kernel", (rows, _half(columns)), "int8"))
            made += _scales("kernel", (groups, columns), settings, "int8")
            made += _group_of_each(rows) if settings.group > 0 else ()
            continue
        made.append(
            _stored("kernel", (_half(columns) if mode == "awq" or settings.bits == 4 else columns, rows), "uint8")
        )
        made.append(_stored("kernel_scale", (columns, groups)))
        made.append(_stored(layout.zero, (columns, groups), "uint8"))
        made += [_stored("awq_scales", (rows,))] if mode == "awq" else []
        made += _group_of_each(rows)
    return tuple(made), tuple(products)


def _int4_tables(
    settings: Policy, a: Args, originals: Sequence[Weight]
) -> tuple[tuple[Weight, ...], tuple[Product, ...]]:
    """Returns the int4 tables of an embedding layer, and a :class:`Product` for each table that is multiplied.

    One byte stores two features. Each group of features in a row has a scale.
    """
    rows, features = a["input_dim"], a["output_dim"]
    groups = _groups(features, settings.group)
    made: list[Weight] = []
    products: list[Product] = []
    for weight in originals:
        if weight.name not in _MATRICES:
            made.append(weight)
            continue
        products += _product(weight)
        if weight.name == "embeddings":
            made.append(_stored(weight.name, (rows, _half(features)), "int8"))
            made += _scales(weight.name, (rows, groups), settings, "int8", rows_first=True)
            made += _group_of_each(features) if settings.group > 0 else ()
        else:  # the zero points of reverse_embeddings are not int8: they have the variable dtype
            made.append(_stored(weight.name, (_half(features), rows), "int8"))
            made += _scales(weight.name, (groups, rows), settings, None)
    return tuple(made), tuple(products)


def _product(weight: Weight) -> list[Product]:
    uses = weight.multiplied_per_sample
    if isinstance(uses, int) and uses == 0:
        return []
    return [Product(weight.name, product(weight.shape) * uses)]


def _stored(name: str, shape: Shape, dtype: str | None = None) -> Weight:
    return Weight(name, shape, trainable=False, frozen_because=_WHY, dtype=dtype)


def _scales(name: str, shape: Shape, settings: Policy, zero: str | None, rows_first: bool = False) -> list[Weight]:
    """Returns the scales and, if the policy has groups, the zero points.

    Without groups, the scales have no axis for the groups.
    """
    if settings.group < 0:
        return [_stored(f"{name}_scale", shape[:1] if rows_first else shape[1:])]
    return [_stored(f"{name}_scale", shape), _stored(f"{name}_zero", shape, zero)]


def _group_of_each(rows: Number) -> list[Weight]:
    return [_stored("g_idx", (rows,), "float32")]


def _half(number: Number) -> Number:
    return ceil_div(number, _PACKED)


def _groups(rows: Number, size: int) -> Number:
    return 1 if size < 0 else ceil_div(rows, size)


def _int8(scale: Callable[[Args, Shape], Shape], a: Args, originals: Sequence[Weight]) -> tuple[Weight, ...]:
    """Returns the weights after quantization to int8: each matrix is followed by its scale.

    A scale has one number for each column or row.
    """
    weights: list[Weight] = []
    for weight in originals:
        if weight.name not in _MATRICES:
            weights.append(weight)
            continue
        weights.append(weight._replace(dtype="int8", trainable=False, frozen_because=_WHY))
        weights.append(_stored(f"{weight.name}_scale", scale(a, weight.shape)))
    return tuple(weights)


def _float8(history: int) -> tuple[Weight, ...]:
    """Returns the float8 weights: scales and recent maxima of inputs, kernel and gradient.

    Keras counts these weights as trainable.
    """
    return tuple(
        Weight(f"{what}_{name}", shape, dtype="float32", replaced_by_gradient=True)
        for what in ("inputs", "kernel", "outputs_grad")
        for name, shape in (("scale", ()), ("amax_history", (history,)))
    )


def _axes(a: Args, mode: str) -> tuple[str, str, str]:
    """Returns the axes of the input, the kernel and the output in the equation of EinsumDense."""
    match = re.match("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", a["equation"])
    if match is None:
        raise Refusal(f"cannot be quantized to {mode} with '...' in its equation", codes.QUANTIZATION, "equation")
    source, kernel, target = match.groups()
    return source, kernel, target


def _einsum_scale(a: Args, kernel_shape: Shape) -> Shape:
    """Returns the shape of the scale of an EinsumDense kernel, such as (1, 1, d) for ``abc,cd->abd``.

    The scale has the kernel's sizes in output order, and 1 on output axes that the kernel lacks. Each summed axis needs
    one of these 1s. If none is left, Keras (``_analyze_quantization_info``) inserts a 1, and removes the axis whose
    index is that of the summed axis in the kernel.
    """
    source, kernel, target = _axes(a, "int8")
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


def _einsum_folded(a: Args, kernel_shape: Shape, mode: str) -> tuple[Number, Number]:
    """Returns the numbers of rows and columns of the matrix in which int4 stores the kernel.

    The summed axes become the rows, and the other axes become the columns.
    """
    _, kernel, target = _axes(a, mode)
    sizes = list(zip(kernel, kernel_shape))
    return product(size for dim, size in sizes if dim not in target), product(
        size for dim, size in sizes if dim in target
    )


def _einsum_calibrated(a: Args, kernel_shape: Shape, mode: str) -> tuple[Number, Number]:
    """Returns the numbers of rows and columns of the matrix in which gptq and awq store the kernel.

    Keras ignores the equation here. If a kernel has 3 axes and the first axis is the largest, the first axis becomes
    the rows. Otherwise the last axis becomes the columns.
    """
    _axes(a, mode)
    if len(kernel_shape) == 2:
        return kernel_shape[0], kernel_shape[1]
    if len(kernel_shape) != 3:
        raise Refusal(
            f"cannot be quantized to {mode}: its kernel does not have 2 or 3 axes", codes.QUANTIZATION, "equation"
        )
    first, second, third = kernel_shape
    if first >= second and first >= third:
        return first, second * third
    return first * second, third


def _matrix(a: Args, kernel_shape: Shape, mode: str) -> tuple[Number, Number]:
    rows, columns = kernel_shape
    return rows, columns


DENSE = Layout(lambda a, kernel: kernel[1:], _matrix, _matrix, "kernel_zero")
EINSUM = Layout(_einsum_scale, _einsum_folded, _einsum_calibrated, "zero_point")
