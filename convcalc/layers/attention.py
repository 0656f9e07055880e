"""Attention layers. Sources: ``keras/src/layers/attention``.

An attention layer returns weighted averages of values. The weights are computed from queries and keys. Inputs are in
Keras's order: query, value, and the key if it differs from the value.
"""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, as_constant, product
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, quantization, views
from convcalc.layers.arguments import (
    INITIALIZER,
    Argument,
    Boolean,
    Choice,
    Integer,
    IntegerOrIntegers,
    Integers,
    Real,
    ignored_arguments,
)
from convcalc.layers.registry import TUPLE, Args, Inferred, Product, Weight, layer, required

_BIAS = Argument("use_bias", Boolean(), True)
_DROPOUT = Argument("dropout", Real(null_in_files=False), 0.0)
_DROPOUT_RATE = Argument("dropout", Real(0, 1, null_in_files=False), 0.0)  # the rate of an inner Dropout layer: 0 to 1
_WINDOW = Argument("sliding_window", Integer(1), None, nullable=True)
_FLASH = ignored_arguments("flash_attention")
_GATE = Argument("use_gate", Boolean(), False)
_SCORES = Argument("return_attention_scores", Boolean(), False)
_CAUSAL = Argument("use_causal_mask", Boolean(), False)
_PROJECTIONS = ("query", "key", "gate", "value", "attention_output")
_TAIL = [
    Argument("kernel_initializer", INITIALIZER, "glorot_uniform"),
    Argument("bias_initializer", INITIALIZER, "zeros"),
    *ignored_arguments(
        "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"
    ),
    _GATE,
    *ignored_arguments("seed"),
]


def _projection(a: Args, shape: Shape, width: Sequence[Number]) -> list[Weight]:
    """Returns the weights of a dense layer that replaces the last axis by axes of sizes ``width``: (heads, size).

    The weights are used at every position.
    """
    features = required(shape[-1], "number of features")
    positions = product(map(as_constant, shape[1:-1]))
    width = _sizes(shape, width)
    kernel = Weight("kernel", (features, *width), positions)
    return [kernel, Weight("bias", tuple(width), added_per_sample=positions)] if a["use_bias"] else [kernel]


def _sizes(shape: Shape, width: Sequence[Number]) -> tuple[Number, ...]:
    """Returns the sizes of the axes that a projection adds: ``width``, such as (heads, size).

    For an input of shape (batch,), Keras adds axes of sizes (batch, heads) instead.
    """
    return tuple(width) if len(shape) > 1 else (shape[0], *width)[: len(width)]


def _no_flash_with_dropout(a: Args) -> None:
    if a["flash_attention"] and a["dropout"] > 0:
        raise Refusal("cannot use dropout together with flash_attention", codes.FLASH_AND_DROPOUT, "dropout")


def _same_positions(value: Shape, key: Shape) -> None:
    if value[1:-1] != key[1:-1]:
        raise Refusal("needs a value and a key with equal sizes on every axis but the last", codes.SHAPES_DIFFER)


def _require_axes(axes: int, *shapes: Shape) -> None:
    """Raises :class:`Refusal` if a value or key has fewer than ``axes`` axes after the batch axis."""
    if any(len(shape) <= axes for shape in shapes):
        raise Refusal(
            f"needs values and keys with at least {axes} ax{'es' if axes > 1 else 'is'} after the batch axis",
            codes.WRONG_RANK,
        )


# The unknown counts of a layer that Keras can build for its input shapes, but cannot run.
_CANNOT_RUN = frozenset({"macs", "flops"})


def _attention_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how an output position reads the inputs: all features of its query, and of all attended values and keys."""
    if any(len(shape) != len(inputs[0]) for shape in inputs):
        return views.whole_sample(a, inputs, result)
    query, *others = inputs
    axes = a.get("attention_axes")
    if axes is None:
        axes = tuple(range(1, len(query) - 1)) if "attention_axes" in a else (-2,)
    return (
        views.whole_axes(query, [-1]),
        *(views.whole_axes(other, [*_listed(axes), -1]) for other in others),
    )


_SOFTMAX = costs.of_activation("softmax")


def _projected_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the scaling of the queries and the softmax of the scores; with ``use_gate``, also a sigmoid and a product
    for each averaged feature.
    """
    query, value = inputs[:2]
    heads: Number = a["num_heads"] if "num_heads" in a else a["num_query_heads"]
    size: Number = a["key_dim"] if "key_dim" in a else a["head_dim"]
    positions = product(query[1:-1])
    gate = (costs.of_activation("sigmoid") + 1) * (a.get("value_dim") or size) if a["use_gate"] else 0
    return heads * (positions * (size + gate) + _SOFTMAX * _pairs(a.get("attention_axes"), query, value))


@layer(
    "MultiHeadAttention",
    Argument("num_heads", Integer(1)),
    Argument("key_dim", Integer(1)),
    Argument("value_dim", Integer(1), None, nullable=True),
    _DROPOUT_RATE,
    _BIAS,
    Argument("output_shape", Integers(1, single=True), None, nullable=True),
    Argument("attention_axes", IntegerOrIntegers(), None, nullable=True),
    _WINDOW,
    *_FLASH,
    *_TAIL,
    inputs=(2, 3),
    call=[_SCORES, _CAUSAL],
    output_container=TUPLE,
    separate_inputs=True,
    hidden_sublayers=("Softmax", "Dropout"),
    contains_layers=True,
    inner_layers=_PROJECTIONS,
    quantization_rule=quantization.projections,
    mask_rule=masks.keeps,
    receptive_field_rule=_attention_views,
    flops=_projected_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="MultiHeadAttention: {{num_heads: 2, key_dim: 8, from: [a, b]}}",
    example_input=(5, 4),
)
def multi_head_attention(a: Args, query: Shape, value: Shape, key: Shape | None = None) -> Inferred:
    """Averages values in several heads: a value counts more if its key matches the query.

    Parameters: projections of the query and the key to num_heads·key_dim, of the value to num_heads·value_dim, and of
    the averages to output_shape (default: the query's features). The MACs also include two products: queries with keys,
    and scores with values.
    """
    _no_flash_with_dropout(a)
    key = value if key is None else key
    _same_positions(value, key)
    _check_attended(a["attention_axes"], len(value))
    heads, size = a["num_heads"], a["key_dim"]
    value_size = a["value_dim"] or size
    weights = _projection(a, query, (heads, size)) + _projection(a, key, (heads, size))
    if a["use_gate"]:
        weights += _projection(a, query, (heads, value_size))
    weights += _projection(a, value, (heads, value_size))
    out = a["output_shape"] or (required(query[-1], "number of features"),)
    positions = product(map(as_constant, query[1:-1]))
    projected = _sizes(query, out)
    weights.append(Weight("kernel", (*_sizes(query, (heads, value_size)), *projected), positions))
    if a["use_bias"]:
        bias = projected if len(query) > 1 else (*projected, 1)
        weights.append(Weight("bias", bias, added_per_sample=positions))
    outputs = [(*query[:-1], *out)]
    if a["return_attention_scores"]:
        _require_scores(query)
        # The scores have this shape in Keras, however many axes are attended.
        outputs.append((query[0], heads, query[1], query[1]))
    if not _has_axes(a["attention_axes"], len(query)) or not 2 <= len(query) == len(value) == len(key):
        return Inferred(tuple(outputs), tuple(weights), unknown=_CANNOT_RUN)
    pairs = _pairs(a["attention_axes"], query, value)
    extra = (
        Product("queries with keys", heads * pairs * size),
        Product("scores with values", heads * pairs * value_size),
    )
    return Inferred(tuple(outputs), tuple(weights), extra)


def _require_scores(shape: Shape) -> None:
    """Raises :class:`Refusal` if an input has only the batch axis, because the scores need a second axis."""
    if len(shape) < 2:
        raise Refusal(
            "returns attention scores only for inputs with at least 1 axis after the batch axis",
            codes.WRONG_RANK,
            "return_attention_scores",
        )


def _check_attended(axes: object, rank: int) -> None:
    """Raises :class:`Refusal` if an axis is less than −2·rank − 1 or greater than rank.

    ``rank`` is the number of axes of the value.

    Keras has the same limits: it adds ``rank`` to a negative axis, then indexes a tensor of ``rank`` + 1 axes.
    """
    for axis in () if axes is None else _listed(axes):
        if not -2 * rank <= axis + 1 or axis > rank:
            raise Refusal(f"has no axis {axis} in a value of {rank} axes", codes.WRONG_AXIS, "attention_axes")


def _has_axes(axes: object, rank: int) -> bool:
    """Returns True if a query of ``rank`` axes has all axes in ``axes``."""
    return axes is None or all(-rank <= axis < rank for axis in _listed(axes))


def _pairs(axes: object, query: Shape, value: Shape) -> Number:
    """Returns the number of pairs of a query position and a value position.

    Two positions form a pair if they are equal on all axes that are not attended.
    """
    rank = len(query)
    attended = range(1, rank - 1) if axes is None else [axis % rank for axis in _listed(axes)]
    queries = product(map(as_constant, query[1:-1]))
    keys = product(as_constant(value[axis]) for axis in set(attended) if axis < len(value) - 1)
    return queries * keys


def _listed(axes: object) -> tuple[int, ...]:
    return axes if isinstance(axes, tuple) else (axes,)


@layer(
    "GroupQueryAttention",
    Argument("head_dim", Integer(1)),
    Argument("num_query_heads", Integer(1)),
    Argument("num_key_value_heads", Integer(1)),
    _DROPOUT_RATE,
    _BIAS,
    _WINDOW,
    *_FLASH,
    *_TAIL,
    inputs=(2, 3),
    call=[_SCORES, _CAUSAL],
    min_axes=2,
    separate_inputs=True,
    hidden_sublayers=("Softmax", "Dropout"),
    contains_layers=True,
    inner_layers=_PROJECTIONS,
    quantization_rule=quantization.projections,
    mask_rule=masks.keeps,
    class_name="GroupedQueryAttention",
    receptive_field_rule=_attention_views,
    flops=_projected_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="GroupQueryAttention: {{head_dim: 8, num_query_heads: 4, num_key_value_heads: 2, from: [a, b]}}",
    example_input=(5, 4),
)
def group_query_attention(a: Args, query: Shape, value: Shape, key: Shape | None = None) -> Inferred:
    """Computes attention in which several query heads share one head of keys and values.

    Parameters: projections of the query to num_query_heads·head_dim, of the key and the value to
    num_key_value_heads·head_dim, and of the averages to the query's features. The MACs also include two products for
    every query head: queries with keys, and scores with values.
    """
    _no_flash_with_dropout(a)
    key = value if key is None else key
    _require_axes(2, value, key)
    heads, groups, size = a["num_query_heads"], a["num_key_value_heads"], a["head_dim"]
    if heads % groups > 0:
        raise Refusal(
            f"has {heads} query heads, not divisible by its {groups} key and value heads", codes.INDIVISIBLE_GROUPS
        )
    if query[-1] != value[-1]:
        raise Refusal("needs a query and a value with the same number of features", codes.SHAPES_DIFFER)
    _same_positions(value, key)
    features = required(query[-1], "number of features")
    weights = _flat_projection(a, query, (heads, size)) + _flat_projection(a, key, (groups, size))
    if a["use_gate"]:
        weights += _flat_projection(a, query, (heads, size))
    weights += _flat_projection(a, value, (groups, size))
    weights.append(Weight("kernel", (heads, size, features), as_constant(query[1])))
    if a["use_bias"]:
        weights.append(Weight("bias", (features,), added_per_sample=as_constant(query[1])))
    scores = ((query[0], heads, query[1], key[1]),) if a["return_attention_scores"] else ()
    if not len(query) == len(value) == len(key) == 3:
        return Inferred((query, *scores), tuple(weights), unknown=_CANNOT_RUN)
    pairs = as_constant(query[1]) * as_constant(key[1])
    extra = (Product("queries with keys", heads * pairs * size), Product("scores with values", heads * pairs * size))
    return Inferred((query, *scores), tuple(weights), extra)


def _flat_projection(a: Args, shape: Shape, width: tuple[Number, ...]) -> list[Weight]:
    """Returns the weights of a projection of axis 2: the features of (batch, length, features).

    If the input has more than 3 axes, Keras adds axes of size 1 to the bias.
    """
    weights = _projection(a, shape[:3], width)
    return [*weights[:1], *(bias._replace(shape=(*bias.shape, *(1,) * (len(shape) - 3))) for bias in weights[1:])]


def _of_query(a: Args, inputs: masks.Tensors, given: masks.Tensors) -> masks.Tensors:
    """Returns the query's mask as an operation: Keras calls ConvertToTensor on it."""
    if given[0] is None:
        return ()
    return (masks.Computed("ConvertToTensor", {"x": given[0]}, "core"),)


def _score_count(query: Shape, key: Shape) -> Number:
    """Returns the number of pairs of a query and a key; 0 if one of them has only the batch axis."""
    if len(query) < 2 or len(key) < 2:
        return 0
    return product(map(as_constant, query[1:-1])) * as_constant(key[-2])


def _dot_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the softmax and the scale. ``score_mode: concat`` adds tanh(query + key) and its sum over the features."""
    scale, features = int(a["use_scale"]), inputs[0][-1]
    per_score = features * (3 + scale) + 1 if a["score_mode"] == "concat" else scale
    return (per_score + _SOFTMAX) * _score_count(inputs[0], inputs[-1])


def _additive_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts the softmax and tanh(query + key). Without a scale, also counts the sum over the features."""
    per_score = inputs[0][-1] * (2 if a["use_scale"] else 3)
    return (per_score + _SOFTMAX) * _score_count(inputs[0], inputs[-1])


def _attention(
    a: Args, query: Shape, value: Shape, key: Shape | None, weights: tuple[Weight, ...], dot: bool
) -> Inferred:
    key = value if key is None else key
    outputs = [(*query[:-1], value[-1])]
    if a["return_attention_scores"]:
        _require_scores(key)
        outputs.append((*query[:-1], key[-2]))
    attends_along_batch = len(key) == 2 and key[0] is UNKNOWN
    if attends_along_batch or any(len(shape) < 2 for shape in (query, value, key)):
        return Inferred(tuple(outputs), weights, unknown=_CANNOT_RUN)
    pairs = _score_count(query, key)
    extra = [Product("queries with keys", pairs * as_constant(query[-1]))] if dot else []
    extra.append(Product("scores with values", pairs * as_constant(value[-1])))
    return Inferred(tuple(outputs), weights, tuple(extra))


@layer(
    "Attention",
    Argument("use_scale", Boolean(), False),
    Argument("score_mode", Choice(("dot", "concat")), "dot"),
    _DROPOUT,
    *ignored_arguments("seed"),
    inputs=(2, 3),
    call=[_SCORES, _CAUSAL],
    output_container=TUPLE,
    mask_rule=_of_query,
    receptive_field_rule=_attention_views,
    flops=_dot_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Attention: {{from: [a, b]}}",
    example_input=(5, 4),
)
def attention(a: Args, query: Shape, value: Shape, key: Shape | None = None) -> Inferred:
    """Averages the values, weighted by the products of queries and keys, without projections.

    Parameters: 1 with use_scale, and 1 with score_mode concat.
    """
    concat = a["score_mode"] == "concat"
    names = ["scale"] * a["use_scale"] + ["concat_score_weight"] * concat
    return _attention(a, query, value, key, tuple(Weight(name, ()) for name in names), dot=not concat)


@layer(
    "AdditiveAttention",
    Argument("use_scale", Boolean(), True),
    _DROPOUT,
    inputs=(2, 3),
    call=[_SCORES, _CAUSAL],
    output_container=TUPLE,
    mask_rule=_of_query,
    receptive_field_rule=_attention_views,
    flops=_additive_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="AdditiveAttention: {{from: [a, b]}}",
    example_input=(5, 4),
)
def additive_attention(a: Args, query: Shape, value: Shape, key: Shape | None = None) -> Inferred:
    """Averages the values, weighted by tanh(query + key) summed over the features (Bahdanau's attention).

    Parameters: one for each feature with use_scale. Each is multiplied once for every pair of a query and a key.
    """
    uses = _score_count(query, value if key is None else key)
    scale = (Weight("scale", (required(query[-1], "number of features"),), uses),) if a["use_scale"] else ()
    return _attention(a, query, value, key, scale, dot=False)
