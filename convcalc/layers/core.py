"""The plain layers: input, dense, embedding, identity. Sources: ``keras/src/layers/core``."""

from __future__ import annotations

from convcalc.layers.arguments import ACTIVATION, Argument, Boolean, Integer, Sizes, carried, initializer
from convcalc.layers.registry import SAME, Args, Inferred, Weight, layer, required
from convcalc.numbers import UNKNOWN, Shape, product
from convcalc.problems import Refusal

_FROZEN = "frozen by lora_rank: only the two small matrices are trained"
_LORA = [Argument("lora_rank", Integer(0), None, null=True), *carried("lora_alpha", "quantization_config")]


@layer(
    "InputLayer",
    Argument("shape", Sizes(), None, null=True),
    Argument("batch_size", Integer(1), None, null=True),
    *carried("dtype", "sparse", "ragged"),
    Argument("batch_shape", Sizes(), None, null=True),
    *carried("input_tensor"),
    Argument("optional", Boolean(), False),
    inputs=0,
    example="InputLayer: {{shape: [28, 28, 1]}}",
)
def input_layer(a: Args) -> Inferred:
    """Where data enters: states the shape of one sample, and the batch size where it is fixed.

    No parameters, no arithmetic.
    """
    if a["batch_shape"] is not None:
        if a["shape"] is not None:
            raise Refusal("cannot have both a shape and a batch_shape", "invalid-value", "batch_shape")
        return Inferred((tuple(a["batch_shape"]),))
    if a["shape"] is None:
        raise Refusal("needs a shape", "missing-argument")
    return Inferred(((UNKNOWN if a["batch_size"] is None else a["batch_size"], *a["shape"]),))


@layer(
    "Dense",
    Argument("units", Integer(1)),
    Argument("activation", ACTIVATION, None, null=True),
    Argument("use_bias", Boolean(), True),
    initializer("kernel_initializer", "glorot_uniform"),
    initializer("bias_initializer", "zeros"),
    *carried("kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"),
    *_LORA,
    least_axes=1,
    example="Dense: {{units: 10, activation: softmax}}",
)
def dense(a: Args, x: Shape) -> Inferred:
    """Connects every feature with every unit, on the last axis.

    Parameters: features·units, and units for the bias. Each element of the kernel is multiplied once at every position
    of the axes before the last.
    """
    features, units, rank = required(x[-1], "number of features"), a["units"], a["lora_rank"]
    kernel = Weight("kernel", (features, units), product(x[1:-1]))
    bias = (Weight("bias", (units,)),) if a["use_bias"] else ()
    weights = (kernel, *bias)
    if rank:
        if a["kernel_constraint"] is not None:
            raise Refusal(
                "cannot have a kernel_constraint together with a lora_rank", "lora-and-constraint", "kernel_constraint"
            )
        thin = (
            Weight("lora_kernel_a", (features, rank), dtype="float32"),
            Weight("lora_kernel_b", (rank, units), dtype="float32"),
        )
        weights = (kernel._replace(trainable=False, why=_FROZEN), *bias, *thin)
    return Inferred(((*x[:-1], units),), weights)


@layer(
    "Embedding",
    Argument("input_dim", Integer(1)),
    Argument("output_dim", Integer(1)),
    initializer("embeddings_initializer", "uniform"),
    *carried("embeddings_regularizer", "embeddings_constraint"),
    Argument("mask_zero", Boolean(), False),
    *carried("weights"),
    *_LORA,
    example="Embedding: {{input_dim: 1000, output_dim: 16}}",
)
def embedding(a: Args, x: Shape) -> Inferred:
    """Looks up a vector of output_dim numbers for each integer below input_dim.

    Parameters: input_dim·output_dim. Looking up multiplies nothing.
    """
    rows, columns, rank = a["input_dim"], a["output_dim"], a["lora_rank"]
    weights: tuple[Weight, ...] = (Weight("embeddings", (rows, columns)),)
    if rank:
        if a["embeddings_constraint"] is not None:
            raise Refusal(
                "cannot have an embeddings_constraint together with a lora_rank",
                "lora-and-constraint",
                "embeddings_constraint",
            )
        thin = (
            Weight("lora_embeddings_a", (rows, rank), dtype="float32"),
            Weight("lora_embeddings_b", (rank, columns), dtype="float32"),
        )
        weights = (weights[0]._replace(trainable=False, why=_FROZEN), *thin)
    return Inferred(((*x, columns),), weights)


@layer("Identity", example="Identity")
def identity(a: Args, x: Shape) -> Inferred:
    """Hands its input on as it is.

    The shape does not change.
    """
    return Inferred((x,), dtype=SAME)
