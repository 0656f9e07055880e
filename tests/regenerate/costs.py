"""Writes the page ``docs/costs.md``: its text, and tables computed by convcalc's own counting code.

Run this script with ``python -m tests.regenerate.costs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from convcalc import Report, infer
from convcalc.analyse.report import LayerReport
from convcalc.base.numbers import plain, product
from convcalc.base.problems import Source
from convcalc.layers import LayerDefinition, elementwise
from convcalc.layers.costs import ACTIVATIONS, INTERPOLATIONS, elements
from convcalc.read import parse
from convcalc.read.spec.spec import read_spec
from tests.paths import ROOT

PAGE = ROOT / "docs" / "costs.md"
NETWORKS = {"VGG16": "specs/vgg16.yaml", "ResNet50": "specs/resnet50.yaml"}

TEXT = """\
# What a model costs: MACs and FLOPs

`convcalc summary MODEL --columns cost` shows the MACs and FLOPs of each layer. The JSON report contains them too.

The tables of this page are computed by the code that counts (`python -m tests.regenerate.costs`).

## MACs

A multiply-accumulate (MAC) is a multiplication whose product is added to a sum. Convolutions, dense layers, einsum, recurrent
layers, attention and matrix products consist of MACs. Each layer declares its weights, and how many times each element of a weight is
multiplied. The MACs are computed from these declarations. Products without weights (queries with keys, scores with
values, `Dot`, `matmul`) are declared separately.

- Multiplications with the zeros of the padding count.
- A transposed convolution multiplies at its *input* positions: each input position is spread over the kernel.
- A recurrent layer multiplies at every step, and a wrapper each time it calls the wrapped layer.
- Biases and scaling do not count as MACs: a batch normalization multiplies, but does not sum the products.
- A low-rank update (`lora_rank`) counts once for each sample; Keras computes it once for each call, whatever the batch size.
- Fast algorithms do not change the count, neither Winograd's convolution nor compiler optimizations.
- If the count depends on an algorithm (a Fourier transform, a matrix decomposition), it is unknown: `?`, not 0.

Counts are for one sample, or for the batch size that you set (`--batch`).

## FLOPs

FLOPs are the floating-point operations of one forward pass in inference. There is no standard way to count them. convcalc counts:

- 2 for each MAC: a multiplication and an addition;
- 1 for each addition of a bias;
- for activations, normalization, pooling, softmax, merging and resampling, the numbers below.

An addition, a multiplication, a division, a comparison, a root, an exponential, a logarithm, a sine, tanh and erf count as 1 for each
element. Operations that run once for a row, a map or a group of elements do not count, such as the division in a mean or the root in a
norm. Copies, choices, lookups and integer arithmetic are free, and so are layers that act only in training, such as dropout. If the
cost depends on an algorithm, on the values or on code, it is unknown, and a total that contains it is a lower bound (`≥`). The FLOPs of
layers with a quantized dtype policy are unknown too.

### For each element of the output

{per_element}

Activations, for each element:

{activations}

Interpolation, for each output pixel (one product for each input pixel that is read, and their sum):

{interpolations}

Pooling costs one operation for each position of each window, and global pooling one for each position of the input. A gated recurrent
layer costs its activations, and the products and sums that combine its gates, for each unit at each step. Attention costs the scaling
of each query and a softmax over the scores. An average over n inputs costs n − 1 additions and one division.

## How the known tools count

| tool | a MAC | bias | batch normalization | ReLU | pooling |
|---|---|---|---|---|---|
| convcalc, MACs | 1 | 0 | 0 | 0 | 0 |
| convcalc, FLOPs | 2 | 1 for each output | 2 for each element | 1 for each element | k² for each output |
| `tf.profiler` | 2 | 1 for each output | 0 if fused; 2 for each element, and 6 for each channel, in Keras 3 | 0 | k² for each output |
| fvcore | 1 | 0 | 2 for each element | 0 | 0 |
| torchinfo | 1 | 1 for each output | nearly 0 | 0 | 0 |
| ptflops | 1 | 1 for each output | 2 for each element | 1 for each element | 1 for each input |

fvcore and ptflops call MACs "FLOPs", or let you choose the name. torchinfo calls MACs "mult-adds"; it counts a transposed convolution at
its output positions, which is too much. Keras's documentation gives 529 million for MobileNet, which is wrong by any convention: it is 569
million with the classifier. The often quoted 4.09 billion MACs of ResNet50 belong to the later variant, which has the stride on the 3×3
convolution; Keras has the stride on the 1×1 convolution before it.

### VGG16 and ResNet50, worked through

convcalc's FLOPs for the models of `keras.applications`, one sample of 224 × 224:

{worked}

The same two networks, computed with the rules in the table of tools above. The tools themselves were not run, except `tf.profiler`, which
CI compares with:

{tools}

## `--convention tf`

This convention counts as `tf.profiler` does for the inference graph that Keras 3 builds on TensorFlow. CI compares thirteen models of
`keras.applications` and each layer that has a rule. The profiler knows the cost of some operations and counts nothing for all others:

- Free: `Relu`, `Relu6`, `Elu`, `Selu`, `LeakyRelu`, `Sigmoid`, `Tanh`, `Erf`, `Exp`, `Softplus`, `Max` (global max pooling),
  `FusedBatchNormV3` (Keras 2), `Conv3D`, `Einsum`, image resizing, padding, concatenation.
- A convolution with groups is compiled by XLA, which the profiler does not look into: the products are free, but the bias counts.
- A convolution with a dilation counts as a convolution without dilation over several smaller images,
  which have a few more positions in total.
- A transposed convolution counts as the gradient of a convolution: 2 · outputs · kernel / strides.
- A batch normalization consists of single operations in Keras 3: 2 for each element and 6 for each channel (5 without `scale`).
- A layer normalization counts 9 for each element and 4 for each position. Softmax: 5. silu: 2. gelu: 4. hard_silu: 3. hard_sigmoid: 2.
- `UpSampling2D` and `RepeatVector` multiply sizes, which counts as 2 and 1.

Layers that were not compared (recurrent layers, attention, `Conv3D` and others) are unknown under this convention.
"""

# The layers as a spec writes them. Their cost for each element does not depend on the shape.
PER_ELEMENT = {
    "`BatchNormalization` (folded: one product, one sum)": "BatchNormalization",
    "`LayerNormalization`, `GroupNormalization`": "LayerNormalization",
    "… without `scale`": "LayerNormalization: {scale: false}",
    "`RMSNormalization`": "RMSNormalization",
    "`UnitNormalization`": "UnitNormalization",
    "`Rescaling`, `Normalization`": "Rescaling: 0.5",
    "`ReLU`": "ReLU",
    "`ReLU` with `max_value`": "ReLU: {max_value: 6}",
    "`LeakyReLU`, `PReLU`": "LeakyReLU",
    "`ELU`": "ELU",
    "`Softmax`": "Softmax",
    "`Masking`": "Masking",
    "`Dropout`, `Flatten`, `Reshape`, `Permute`": "Dropout: 0.5",
}


def page() -> str:
    """Returns the whole page."""
    return TEXT.format(
        per_element=_table(("layer", "operations"), {name: str(_each(entry)) for name, entry in PER_ELEMENT.items()}),
        activations=_in_line(ACTIVATIONS),
        interpolations=_in_line(INTERPOLATIONS),
        worked=_compared("FLOPs", {name: parts(report(name)) for name in NETWORKS}),
        tools=_compared("convention", {name: by_tool(name) for name in NETWORKS}),
    )


@cache
def report(network: str, convention: str = "convcalc") -> Report:
    """Returns the report of a network."""
    return infer(parse(NETWORKS[network])).with_flops(convention)


def parts(result: Report) -> dict[str, int]:
    """Returns the FLOPs of each type of layer in a network, and their total."""
    sums = {
        "2 · MACs": 2 * _sum(result, lambda row: row.macs),
        "biases": _sum(result, _bias),
        "batch normalization": _sum(result, lambda row: _others(row) if row.class_name == "BatchNormalization" else 0),
        "ReLU": _sum(result, _relu),
        "softmax": _sum(result, lambda row: _others(row) if row.config.get("activation") == "softmax" else 0),
        "pooling": _sum(result, lambda row: _others(row) if "Pooling" in row.class_name else 0),
        "additions of branches": _sum(result, lambda row: _others(row) if row.class_name == "Add" else 0),
    }
    return {**sums, "**total**": _int(result.totals.flops)}


def by_tool(network: str) -> dict[str, int]:
    """Returns the FLOPs or MACs of a network by the counting rules of each tool."""
    result = report(network)
    macs, bias, relu = _sum(result, lambda row: row.macs), _sum(result, _bias), _sum(result, _relu)
    norm = parts(result)["batch normalization"]
    pooled = _sum(result, lambda row: elements(row.calls[0].input_shapes[0]) if "Pooling" in row.class_name else 0)
    return {
        "convcalc, MACs": macs,
        "convcalc, FLOPs": _int(result.totals.flops),
        "`tf.profiler` (`--convention tf`)": _int(report(network, "tf").totals.flops),
        "fvcore": macs + norm,
        "torchinfo": macs + bias,
        "ptflops": macs + bias + norm + relu + pooled,
    }


def _sum(result: Report, count: Callable[[LayerReport], object]) -> int:
    return sum(_int(count(row)) for row in result.layers)


def _int(number: object) -> int:
    assert isinstance(number, int)
    return number


def _bias(row: LayerReport) -> object:
    (rule_result,) = row.calls[0].result.rule_results
    assert rule_result.inferred is not None
    return sum(product(weight.shape) * weight.added_per_sample for weight in rule_result.inferred.weights)


def _others(row: LayerReport) -> object:
    """Returns the number of operations other than multiply-accumulates and additions of biases."""
    (rule_result,) = row.calls[0].result.rule_results
    assert isinstance(rule_result.definition, LayerDefinition) and rule_result.inferred is not None
    return elementwise(rule_result.definition, rule_result.args, rule_result.rule_inputs, rule_result.inferred)


def _relu(row: LayerReport) -> object:
    return _others(row) if row.config.get("activation") == "relu" or row.class_name == "ReLU" else 0


def _each(entry: str) -> int:
    (row,) = infer(read_spec(Source("entry", f"input: [5, 4]\nlayers: [{entry}]"))).layers[-1:]
    count, left_over = divmod(_int(_others(row)), _int(plain(elements(row.output_shapes[0]))))
    assert left_over == 0
    return count


def _in_line(costs: Mapping[str, int]) -> str:
    by_cost: dict[int, list[str]] = {}
    for name, cost in costs.items():
        by_cost.setdefault(cost, []).append(f"`{name}`")
    return _table(("operations", "functions"), {str(cost): ", ".join(by_cost[cost]) for cost in sorted(by_cost)})


def _table(head: tuple[str, str], rows: Mapping[str, str]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())]
    return "\n".join(lines)


def _compared(head: str, columns: Mapping[str, Mapping[str, int]]) -> str:
    first = next(iter(columns.values()))
    lines = [f"| {head} | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(f'{column[name]:,}' for column in columns.values())} |" for name in first]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
