"""Attention: dot products between queries and keys that weigh values. Sources: ``keras/src/layers/attention``.

Inputs come in Keras's order: query, value, and key where it is not the value.
"""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.base import codes
from convcalc.base.numbers import Number, Shape, as_constant, product
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, quantization, views
from convcalc.layers.arguments import (
    Argument,
    Boolean,
    Choice,
    Integer,
    IntegerOrIntegers,
    Integers,
    Real,
    ignored_arguments,
    initializer,
)
from convcalc.layers.registry import TUPLE, Args, Inferred, Product, Weight, axis_index, layer, required

_BIAS = Argument("use_bias", Boolean(), True)
_DROPOUT = Argument("dropout", Real(), 0.0)
_WINDOW = Argument("sliding_window", Integer(1), None, nullable=True)
_FLASH = ignored_arguments("flash_attention")
_GATE = Argument("use_gate", Boolean(), False)
_SCORES = Argument("return_attention_scores", Boolean(), False)
_CAUSAL = Argument("use_causal_mask", Boolean(), False)
_TAIL = [
    initializer("kernel_initializer", "glorot_uniform"),
    initializer("bias_initializer", "zeros"),
    *ignored_arguments(
        "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"
    ),
    _GATE,
    *ignored_arguments("seed"),
]


def _projection(name: str, a: Args, shape: Shape, width: Sequence[Number]) -> list[Weight]:
    """A dense layer from the last axis to ``width``, as wide as all heads; its weights, used at every position."""
    features = required(shape[-1], "number of features")
    positions = product(map(as_constant, shape[1:-1]))
    kernel = Weight("kernel", (features, *width), positions)
    return [kernel, Weight("bias", tuple(width), added_per_sample=positions)] if a["use_bias"] else [kernel]


def _no_flash_with_dropout(a: Args) -> None:
    if a["flash_attention"] and a["dropout"] > 0:
        raise Refusal("cannot have dropout together with flash_attention", codes.FLASH_AND_DROPOUT, "dropout")


def _same_positions(value: Shape, key: Shape) -> None:
    if value[1:-1] != key[1:-1]:
        raise Refusal("needs a value and a key that agree on every axis but the last", codes.SHAPES_DIFFER)


def _deep(axes: int, *shapes: Shape | None) -> None:
    """Values and keys have so many axes behind the batch, or more."""
    if any(shape is not None and len(shape) <= axes for shape in shapes):
        raise Refusal(
            f"needs values and keys with at least {axes} ax{'es' if axes > 1 else 'is'} behind the batch",
            codes.WRONG_RANK,
        )


def _attended(a: Args, inputs: Sequence[Shape], found: Inferred) -> views.Views:
    """Each position of the query with all features; of values and keys all positions along the attended axes."""
    query, *others = inputs
    axes = a.get("attention_axes")
    if axes is None:
        axes = tuple(range(1, len(query) - 1)) if "attention_axes" in a else (-2,)
    return (
        views.whole_axes(query, [-1]),
        *(views.whole_axes(other, [*_listed(axes), -1]) for other in others),
    )


_SOFTMAX = costs.of_activation("softmax")


def _heads(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """Scaling the queries, and the softmax over the scores; with use_gate its sigmoid, and a product with the values."""
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
    _DROPOUT,
    _BIAS,
    Argument("output_shape", Integers(1, single=True), None, nullable=True),
    Argument("attention_axes", IntegerOrIntegers(), None, nullable=True),
    _WINDOW,
    *_FLASH,
    *_TAIL,
    inputs=(2, 3),
    call=[_SCORES, _CAUSAL],
    min_axes=2,
    output_container=TUPLE,
    separate_inputs=True,
    hidden_sublayers=("Softmax", "Dropout"),
    contains_layers=True,
    quantization_rule=quantization.projections,
    mask_rule=masks.keeps,
    receptive_field_rule=_attended,
    flops=_heads,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="MultiHeadAttention: {{num_heads: 2, key_dim: 8, from: [a, b]}}",
    example_input=(5, 4),
)
def multi_head_attention(a: Args, query: Shape, value: Shape, key: Shape | None = None) -> Inferred:
    """Lets each position of the query gather the values whose keys are like it, in several heads at once.

    Parameters: projections of query and key to num_heads·key_dim, of the value to num_heads·value_dim, and back. Further
    multiply-accumulates: each query with each key, and the scores with the values.
    """
    _no_flash_with_dropout(a)
    _deep(1, value, key)
    key = value if key is None else key
    _same_positions(value, key)
    heads, size = a["num_heads"], a["key_dim"]
    value_size = a["value_dim"] or size
    weights = _projection("query", a, query, (heads, size)) + _projection("key", a, key, (heads, size))
    if a["use_gate"]:
        weights += _projection("gate", a, query, (heads, value_size))
    weights += _projection("value", a, value, (heads, value_size))
    out = a["output_shape"] or (required(query[-1], "number of features"),)
    positions = product(map(as_constant, query[1:-1]))
    weights.append(Weight("kernel", (heads, value_size, *out), positions))
    if a["use_bias"]:
        weights.append(Weight("bias", tuple(out), added_per_sample=positions))
    pairs = _pairs(a["attention_axes"], query, value)
    extra = (
        Product("queries with keys", heads * pairs * size),
        Product("scores with values", heads * pairs * value_size),
    )
    output = (*query[:-1], *out)
    # Keras gives the scores' shape for attention along the first axis of the query alone.
    scores = ((query[0], heads, query[1], query[1]),) if a["return_attention_scores"] else ()
    return Inferred((output, *scores), tuple(weights), extra)


def _pairs(axes: object, query: Shape, value: Shape) -> Number:
    """How many pairs of positions meet: all along the attended axes, each with its own along the others."""
    rank = len(query)
    chosen = range(1, rank - 1) if axes is None else [axis_index(n, rank, "attention_axes") for n in _listed(axes)]
    along = set(chosen)
    queries = product(map(as_constant, query[1:-1]))
    keys = product(as_constant(value[axis]) for axis in along if axis < len(value) - 1)
    return queries * keys


def _listed(axes: object) -> tuple[int, ...]:
    return axes if isinstance(axes, tuple) else (axes,)


@layer(
    "GroupQueryAttention",
    Argument("head_dim", Integer(1)),
    Argument("num_query_heads", Integer(1)),
    Argument("num_key_value_heads", Integer(1)),
    _DROPOUT,
    _BIAS,
    _WINDOW,
    *_FLASH,
    *_TAIL,
    inputs=(2, 3),
    call=[_SCORES, _CAUSAL],
    axes=("length", "features"),
    separate_inputs=True,
    hidden_sublayers=("Softmax", "Dropout"),
    contains_layers=True,
    quantization_rule=quantization.projections,
    mask_rule=masks.keeps,
    class_name="GroupedQueryAttention",
    receptive_field_rule=_attended,
    flops=_heads,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="GroupQueryAttention: {{head_dim: 8, num_query_heads: 4, num_key_value_heads: 2, from: [a, b]}}",
    example_input=(5, 4),
)
def group_query_attention(a: Args, query: Shape, value: Shape, key: Shape | None = None) -> Inferred:
    """Attention in which several query heads share a head of keys and values.

    Parameters: projections of the query to num_query_heads·head_dim, of key and value to num_key_value_heads·head_dim, and
    back. Further multiply-accumulates: each query with each key, and the scores with the values, in every query head.
    """
    _no_flash_with_dropout(a)
    _deep(2, value, key)
    key = value if key is None else key
    heads, groups, size = a["num_query_heads"], a["num_key_value_heads"], a["head_dim"]
    if heads % groups > 0:
        raise Refusal(
            f"has {heads} query heads, which {groups} key and value heads do not divide", codes.INDIVISIBLE_GROUPS
        )
    if query[-1] != value[-1]:
        raise Refusal("needs a query and a value with as many features", codes.SHAPES_DIFFER)
    _same_positions(value, key)
    features = required(query[-1], "number of features")
    weights = _projection("query", a, query, (heads, size)) + _projection("key", a, key, (groups, size))
    if a["use_gate"]:
        weights += _projection("gate", a, query, (heads, size))
    weights += _projection("value", a, value, (groups, size))
    weights.append(Weight("kernel", (heads, size, features), as_constant(query[1])))
    if a["use_bias"]:
        weights.append(Weight("bias", (features,), added_per_sample=as_constant(query[1])))
    pairs = as_constant(query[1]) * as_constant(key[1])
    extra = (Product("queries with keys", heads * pairs * size), Product("scores with values", heads * pairs * size))
    scores = ((query[0], heads, query[1], key[1]),) if a["return_attention_scores"] else ()
    return Inferred((query, *scores), tuple(weights), extra)


def _of_query(a: Args, inputs: masks.Given, given: masks.Given) -> masks.Given:
    """The query's mask, which Keras hands on as another tensor."""
    if given[0] is None:
        return ()
    return (masks.Computed("ConvertToTensor", {"x": given[0]}, "core"),)


def _scored(query: Shape, key: Shape) -> Number:
    """How many pairs of a query and a key there are."""
    return product(map(as_constant, query[1:-1])) * as_constant(key[-2])


def _scoring(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """The softmax; a scale; with score_mode concat tanh of each sum of a query and a key, summed over the features."""
    scale, features = int(a["use_scale"]), inputs[0][-1]
    each = features * (3 + scale) + 1 if a["score_mode"] == "concat" else scale
    return (each + _SOFTMAX) * _scored(inputs[0], inputs[-1])


def _adding(a: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    """The softmax, and tanh of each sum of a query and a key; without a scale, whose products add them up, their sum."""
    each = inputs[0][-1] * (2 if a["use_scale"] else 3)
    return (each + _SOFTMAX) * _scored(inputs[0], inputs[-1])


def _attend(a: Args, query: Shape, value: Shape, key: Shape | None, weights: tuple[Weight, ...], dot: bool) -> Inferred:
    key = value if key is None else key
    output = (*query[:-1], value[-1])
    scores = ((*query[:-1], key[-2]),) if a["return_attention_scores"] else ()
    pairs = _scored(query, key)
    extra = [Product("queries with keys", pairs * as_constant(query[-1]))] if dot else []
    extra.append(Product("scores with values", pairs * as_constant(value[-1])))
    return Inferred((output, *scores), weights, tuple(extra))


@layer(
    "Attention",
    Argument("use_scale", Boolean(), False),
    Argument("score_mode", Choice(("dot", "concat")), "dot"),
    _DROPOUT,
    *ignored_arguments("seed"),
    inputs=(2, 3),
    call=[_SCORES, _CAUSAL],
    min_axes=1,
    output_container=TUPLE,
    mask_rule=_of_query,
    receptive_field_rule=_attended,
    flops=_scoring,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Attention: {{from: [a, b]}}",
    example_input=(5, 4),
)
def attention(a: Args, query: Shape, value: Shape, key: Shape | None = None) -> Inferred:
    """Weighs the values by the products of queries and keys, without projections.

    Parameters: one with use_scale, and one with score_mode concat.
    """
    _deep(1, value, key)
    concat = a["score_mode"] == "concat"
    names = ["scale"] * a["use_scale"] + ["concat_score_weight"] * concat
    return _attend(a, query, value, key, tuple(Weight(name, ()) for name in names), dot=not concat)


@layer(
    "AdditiveAttention",
    Argument("use_scale", Boolean(), True),
    _DROPOUT,
    inputs=(2, 3),
    call=[_SCORES, _CAUSAL],
    min_axes=1,
    output_container=TUPLE,
    mask_rule=_of_query,
    receptive_field_rule=_attended,
    flops=_adding,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="AdditiveAttention: {{from: [a, b]}}",
    example_input=(5, 4),
)
def additive_attention(a: Args, query: Shape, value: Shape, key: Shape | None = None) -> Inferred:
    """Weighs the values by tanh(query + key), summed over the features (Bahdanau's attention).

    Parameters: with use_scale, one for each feature, multiplied once for each query and key.
    """
    _deep(1, value, key)
    uses = _scored(query, value if key is None else key)
    scale = (Weight("scale", (required(query[-1], "number of features"),), uses),) if a["use_scale"] else ()
    return _attend(a, query, value, key, scale, dot=False)
