"""Basic layers such as Dense and Embedding. Sources: ``keras/src/layers/core``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN, Number, Shape, as_constant, product
from convcalc.base.problems import Refusal
from convcalc.layers import costs, masks, quantization, views
from convcalc.layers.arguments import (
    ACTIVATION,
    Argument,
    Boolean,
    Integer,
    KerasObject,
    Real,
    Sizes,
    Text,
    ignored_arguments,
    initializer,
)
from convcalc.layers.lora import ARGUMENTS as LORA
from convcalc.layers.lora import with_lora
from convcalc.layers.registry import IN_PLACE, LIST_OF_ONE, SAME, VIEW, Args, Inferred, Weight, layer, required

_QUANTIZED = [Argument("quantization_config", KerasObject(), None, nullable=True)]
_DIM = Integer(1)


@layer(
    "InputLayer",
    Argument("shape", Sizes(), None, nullable=True),
    Argument("batch_size", Integer(1), None, nullable=True),
    *ignored_arguments("dtype", "sparse", "ragged"),
    Argument("batch_shape", Sizes(), None, nullable=True),
    *ignored_arguments("input_tensor"),
    Argument("optional", Boolean(), False),
    inputs=0,
    output_container=LIST_OF_ONE,
    receptive_field_rule=views.unknown,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example="InputLayer: {{shape: [28, 28, 1]}}",
)
def input_layer(a: Args) -> Inferred:
    """Declares an input of a model: the shape of one sample, and the batch size if it is fixed.

    It has no parameters and no operations.
    """
    batch_shape = a["batch_shape"]
    if batch_shape is not None:
        conflict = next((name for name in ("shape", "batch_size") if a[name] is not None), None)
        if conflict is not None:
            raise Refusal(f"cannot have both {conflict} and batch_shape", codes.INVALID_VALUE, "batch_shape")
        if not batch_shape:
            raise Refusal("needs a batch_shape with at least the batch axis", codes.INVALID_VALUE, "batch_shape")
        return Inferred((tuple(batch_shape),))
    if a["shape"] is None:
        raise Refusal("needs a shape", codes.MISSING_ARGUMENT)
    return Inferred(((UNKNOWN if a["batch_size"] is None else a["batch_size"], *a["shape"]),))


@layer(
    "Dense",
    Argument("units", Integer(1)),
    Argument("activation", ACTIVATION, None, nullable=True),
    Argument("use_bias", Boolean(), True),
    initializer("kernel_initializer", "glorot_uniform"),
    initializer("bias_initializer", "zeros"),
    *ignored_arguments(
        "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"
    ),
    *LORA,
    *_QUANTIZED,
    min_axes=1,
    quantization_rule=quantization.dense(quantization.DENSE),
    mask_rule=masks.keeps,
    receptive_field_rule=views.last_axis,
    flops=costs.activated,
    tf_flops=costs.tf_products,
    built_when_made=False,
    ends_with_bias=True,
    is_dense=True,
    example="Dense: {{units: 10, activation: softmax}}",
)
def dense(a: Args, x: Shape) -> Inferred:
    """Multiplies the last axis by a matrix: connects every feature with every unit.

    Parameters: features·units, and units for the bias. Each element of the kernel is multiplied once at every position
    of the other axes.
    """
    features, units = required(x[-1], "number of features"), a["units"]
    positions = product(map(as_constant, x[1:-1]))
    kernel = Weight("kernel", (features, units), positions)
    bias = (Weight("bias", (units,), added_per_sample=positions),) if a["use_bias"] else ()
    return Inferred(((*x[:-1], units),), with_lora(a["lora_rank"], kernel, bias, a["kernel_constraint"]))


# The equations that EinsumDense accepts, as regular expressions (Keras: _analyze_einsum_string). 0 replaces "...";
# True: the dots come first.
_EQUATIONS = (
    ("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", False),
    ("0([a-zA-Z]+),([a-zA-Z]+)->0([a-zA-Z]+)", True),
    ("([a-zA-Z]{2,})0,([a-zA-Z]+)->([a-zA-Z]+)0", False),
)


def _einsum_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views | None:
    """Returns how the input is read: summed axes whole, all other axes position by position.

    Returns None if the equation has another number of axes than the input. Keras builds such a layer, but cannot run
    it.
    """
    (x,) = inputs
    source, _, target = re.split(",|->", a["equation"].replace(" ", "").replace("...", "0"))
    if "0" not in source and len(source) != len(x):
        return None
    elided = "".join(chr(n) for n in range(len(x) - len(source.replace("0", ""))))
    source, target = source.replace("0", elided), target.replace("0", elided)
    return (tuple(views.View((target.index(dim),)) if dim in target else views.WHOLE for dim in source),)


@layer(
    "EinsumDense",
    Argument("equation", Text()),
    Argument("output_shape", Sizes()),
    Argument("activation", ACTIVATION, None, nullable=True),
    Argument("bias_axes", Text(), None, nullable=True),
    initializer("kernel_initializer", "glorot_uniform"),
    initializer("bias_initializer", "zeros"),
    *ignored_arguments("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint"),
    *LORA,
    *ignored_arguments("gptq_unpacked_column_size"),
    *_QUANTIZED,
    quantization_rule=quantization.dense(quantization.EINSUM),
    receptive_field_rule=_einsum_views,
    flops=costs.activated,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="EinsumDense: {{equation: 'abc,cd->abd', output_shape: [null, 8], bias_axes: d}}",
    example_input=(5, 4),
)
def einsum_dense(a: Args, x: Shape) -> Inferred:
    """Multiplies its input by a kernel along the axes that an einsum equation names.

    The kernel has the axes of the equation's second term. The bias has the output's sizes on bias_axes, and size 1 on
    later output axes. Each element of the kernel is multiplied once for every position on the input axes that the
    second term lacks.
    """
    spelled = a["equation"].replace("...", "0")
    form_match = next(((match, left) for form, left in _EQUATIONS if (match := re.match(form, spelled))), None)
    if form_match is None:
        raise Refusal(
            "needs an equation such as 'ab,bc->ac', '...a,ab->...b' or 'ab...,bc->ac...'", codes.EQUATION, "equation"
        )
    match, left = form_match
    source, kernel, target = match.groups()
    elided = len(x) - len(source)
    shift = elided if left else 0
    dot_sizes = x[1:elided] if left else x[len(source) :]
    output = [x[0], *a["output_shape"]]
    # As in Keras, the axes of leading dots appear in reverse order: each is inserted at index 1.
    output[1:1] = reversed(dot_sizes) if left else ()
    output += () if left else dot_sizes
    if elided < 0 or len(target) + shift > len(output):
        raise Refusal(
            f"has the equation '{a['equation']}', which does not fit the axes of its input and output_shape",
            codes.EQUATION,
            "equation",
        )
    inputs = {dim: x[n + shift] for n, dim in enumerate(source)}
    outputs = {dim: output[n + shift] for n, dim in enumerate(target)}
    for dim, size in inputs.items():
        if dim in outputs and outputs[dim] is not UNKNOWN and outputs[dim] != size:
            raise Refusal(
                f"has size {outputs[dim]} for axis '{dim}' in output_shape, but size {size} in its input",
                codes.EQUATION,
                "output_shape",
            )
    if any(dim not in source and dim not in kernel for dim in target):
        raise Refusal(
            "has an output axis in its equation that neither the input nor the kernel has", codes.EQUATION, "equation"
        )
    if any(dim not in outputs and dim not in inputs for dim in kernel):
        raise Refusal(
            "has a kernel axis in its equation that neither the input nor the output has", codes.EQUATION, "equation"
        )
    shape = tuple(
        required(outputs[dim] if dim in outputs else inputs[dim], "size of every axis of the kernel") for dim in kernel
    )
    others = [size for dim, size in inputs.items() if dim not in kernel and (shift or dim != source[0])]
    positions = product(map(as_constant, (*others, *dot_sizes)))
    batch = "" if shift else target[0]
    repeated = [size for dim, size in outputs.items() if dim not in (batch, *(a["bias_axes"] or ""))]
    added = product(map(as_constant, (*repeated, *dot_sizes)))
    bias = _einsum_bias(a["bias_axes"], target, outputs, 0 if left else elided, added)
    weights = with_lora(a["lora_rank"], Weight("kernel", shape, positions), bias, a["kernel_constraint"])
    return Inferred((tuple(output),), weights)


def _einsum_bias(
    axes: str | None, target: str, sizes: Mapping[str, Number], trailing: int, added: Number
) -> tuple[Weight, ...]:
    """Returns the bias. Its axes begin at the first output axis in ``axes``. Axes that are not in ``axes`` have size 1.

    ``trailing``: the number of axes of dots at the end of the equation. ``added``: how often each element of the bias
    is added for one sample.
    """
    if axes is None:
        return ()
    if not axes or any(axis not in target for axis in axes):
        raise Refusal(f"needs bias_axes from the output axes '{target}', not '{axes}'", codes.EQUATION, "bias_axes")
    first = min(map(target.find, axes))
    shape = [required(sizes[dim], "size of every axis of the bias") if dim in axes else 1 for dim in target[first:]]
    return (Weight("bias", (*shape, *(1,) * trailing), added_per_sample=added),)


def _zeros_masked(a: Args, inputs: masks.Tensors, given: masks.Tensors) -> masks.Tensors:
    """Returns a mask that skips steps with the value 0."""
    return (masks.Computed("NotEqual", {"x1": inputs[0], "x2": 0}),) if a["mask_zero"] else ()


@layer(
    "Embedding",
    Argument("input_dim", Integer(1)),
    Argument("output_dim", Integer(1)),
    initializer("embeddings_initializer", "uniform"),
    *ignored_arguments("embeddings_regularizer", "embeddings_constraint"),
    Argument("mask_zero", Boolean(), False),
    *ignored_arguments("weights"),
    *LORA,
    *_QUANTIZED,
    quantization_rule=quantization.lookup,
    mask_rule=_zeros_masked,
    autocasts=False,
    receptive_field_rule=views.leading_positions,
    flops=costs.free,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="Embedding: {{input_dim: 1000, output_dim: 16}}",
)
def embedding(a: Args, x: Shape) -> Inferred:
    """Replaces each integer below input_dim by a learned vector of output_dim numbers.

    Parameters: input_dim·output_dim. A lookup needs no MACs.
    """
    table = Weight("embeddings", (a["input_dim"], a["output_dim"]))
    weights = with_lora(a["lora_rank"], table, (), a["embeddings_constraint"], "embeddings")
    return Inferred(((*x, a["output_dim"]),), weights)


def _reversible_views(a: Args, inputs: Sequence[Shape], result: Inferred) -> views.Views:
    """Returns how the input is read: whole vectors with ``reverse``, otherwise single integers."""
    return (views.last_axis if a["reverse"] else views.leading_positions)(a, inputs, result)


def _reversible_flops(a: Args, inputs: Sequence[Shape], result: Inferred) -> Number:
    """Counts three operations for each score if ``logit_soft_cap`` is set: a division, tanh and a multiplication."""
    return costs.per_output(3 if a["reverse"] and a["logit_soft_cap"] else 0)(a, inputs, result)


@layer(
    "ReversibleEmbedding",
    Argument("input_dim", _DIM),
    Argument("output_dim", _DIM),
    Argument("tie_weights", Boolean(), True),
    initializer("embeddings_initializer", "uniform"),
    *ignored_arguments("embeddings_regularizer", "embeddings_constraint"),
    Argument("mask_zero", Boolean(), False),
    *ignored_arguments("reverse_dtype", "logit_soft_cap"),
    *LORA,
    *_QUANTIZED,
    call=[Argument("reverse", Boolean(), False)],
    quantization_rule=quantization.lookup,
    autocasts=False,
    receptive_field_rule=_reversible_views,
    flops=_reversible_flops,
    tf_flops=costs.unknown,
    built_when_made=False,
    example="ReversibleEmbedding: {{input_dim: 1000, output_dim: 16}}",
)
def reversible_embedding(a: Args, x: Shape) -> Inferred:
    """Replaces integers by learned vectors; called with reverse: true, turns vectors into a score for each integer.

    Parameters: input_dim·output_dim, twice with tie_weights false. Only a call with reverse has MACs: each element is
    multiplied once at every position.
    """
    rows, columns = a["input_dim"], a["output_dim"]
    positions = product(map(as_constant, x[1:-1])) if a["reverse"] else 0
    tied = a["tie_weights"]
    table = Weight("embeddings", (rows, columns), positions if tied else 0)
    weights = list(with_lora(a["lora_rank"], table, (), a["embeddings_constraint"], "embeddings"))
    if a["reverse"] and not tied:  # a call with ``reverse`` uses only the second table
        weights = [weight._replace(multiplied_per_sample=0, added_per_sample=0) for weight in weights]
    if not tied:
        weights.append(Weight("reverse_embeddings", (columns, rows), positions))
    if not a["reverse"]:
        return Inferred(((*x, columns),), tuple(weights))
    if x[-1] is not UNKNOWN and x[-1] != columns:
        raise Refusal(f"expects {columns} features when called with reverse: true", codes.WRONG_SHAPE)
    return Inferred(((*x[:-1], rows),), tuple(weights))


def _masked(a: Args, inputs: masks.Tensors, given: masks.Tensors) -> masks.Tensors:
    """Returns a mask that skips steps whose features all equal ``mask_value``."""
    differs = masks.Computed("NotEqual", {"x1": inputs[0], "x2": a["mask_value"]})
    return (masks.Computed("Any", {"x": differs}, axis=-1),)


@layer(
    "Masking",
    Argument("mask_value", Real(), 0.0),
    mask_rule=_masked,
    receptive_field_rule=views.last_axis,
    buffer_reuse=IN_PLACE,
    flops=costs.per_input(2),
    tf_flops=costs.unknown,
    built_when_made=True,
    example="Masking",
    example_input=(5, 4),
)
def masking(a: Args, x: Shape) -> Inferred:
    """Masks the steps whose features all equal mask_value, so that later layers skip them.

    The shape does not change.
    """
    return Inferred((x,))


@layer(
    "Identity",
    mask_rule=masks.keeps,
    receptive_field_rule=views.positions,
    buffer_reuse=VIEW,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=True,
    example="Identity",
)
def identity(a: Args, x: Shape) -> Inferred:
    """Returns its input unchanged.

    The shape does not change.
    """
    return Inferred((x,), dtype=SAME)


@layer(
    "TFDIdentity",
    keras_module="keras.src.layers.preprocessing.feature_space",
    receptive_field_rule=views.positions,
    buffer_reuse=VIEW,
    flops=costs.free,
    tf_flops=costs.free,
    built_when_made=False,
    example="TFDIdentity",
)
def tfd_identity(a: Args, x: Shape) -> Inferred:
    """Returns a feature of a FeatureSpace unchanged.

    The shape does not change. Saved models contain this layer, and Keras does not export it.
    """
    return Inferred((x,), dtype=SAME)
