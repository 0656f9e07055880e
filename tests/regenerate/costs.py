"""Writes the page ``docs/costs.md``: its text, and tables computed by the code that counts.

The command is ``python -m tests.regenerate.costs``.
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

The tables of this page are made by the code that counts (`python -m tests.regenerate.costs`), so they cannot disagree with it.

## MACs

A multiply-accumulate (MAC) is one product that is added to a sum. Convolutions of every kind, dense layers, einsum, recurrence,
attention and products of matrices are made of them. They follow from the weights: each layer declares its weights with the number
of times that each element is multiplied. Products without a weight (queries with keys, scores with values, `Dot`, `matmul`) are
declared beside them.

- Cells of the padding are multiplied as well, by zero.
- A transposed convolution multiplies at its *input* positions: each input cell is spread over the kernel.
- A recurrent layer multiplies at every step; a wrapper as often as it calls what it wraps.
- Biases are no MACs, and neither is scaling: a batch normalization multiplies, but it sums nothing up.
- A low-rank update (`lora_rank`) is multiplied out once for each sample; Keras does it once a call, whatever the batch.
- A fast algorithm does not change the count: neither Winograd's convolution nor what a compiler makes of the graph.
- What depends on an algorithm (a Fourier transform, a decomposition of a matrix) is unknown: `?`, not 0.

Counts are for one sample, or for the batch that is stated (`--batch`).

## FLOPs

`convcalc summary MODEL --columns cost` shows them, and so does the JSON report. FLOPs are floating-point operations of one forward
pass in inference. There is no agreed way to count them, so a count says its convention:

- 2 for each MAC: a multiplication and an addition;
- 1 for each addition of a bias;
- for activations, normalization, pooling, softmax, merging and resampling, what each layer declares: see below.

An addition, a multiplication, a division, a comparison, a root, an exponential, a logarithm, a sine, tanh and erf count 1 each, where
they happen for each element. What happens once for a row, a map or a group of elements is left out: the division in a mean, the root in
a norm. Copies, choices, look-ups and arithmetic on whole numbers cost nothing, and neither does what acts in training only, such as
dropout. Where the cost depends on an algorithm, on the values or on code, it is unknown, and a total over it is a lower bound (`≥`).
Layers under a quantized dtype policy are unknown as well.

### For each element of the output

{per_element}

Activations, for each element:

{activations}

Resampling by interpolation, for each element of the output (a product for each cell that is read, and their sum):

{interpolations}

A pooling costs one operation for each cell of each window, a global pooling one for each cell of the input. A gated recurrent layer
costs its activations and the products and sums that join its gates, for each unit at each result. Attention scales each query, and takes
a softmax over the scores. Of an average over n inputs, n − 1 operations are additions and one is a division.

## How the known tools count

| tool | a MAC | bias | batch normalization | ReLU | pooling |
|---|---|---|---|---|---|
| convcalc, MACs | 1 | 0 | 0 | 0 | 0 |
| convcalc, FLOPs | 2 | 1 for each output | 2 for each element | 1 for each element | k² for each output |
| `tf.profiler` | 2 | 1 for each output | 0 if fused; 2 for each element, and 6 for each channel, in Keras 3 | 0 | k² for each output |
| fvcore | 1 | 0 | 2 for each element | 0 | 0 |
| torchinfo | 1 | 1 for each output | nearly 0 | 0 | 0 |
| ptflops | 1 | 1 for each output | 2 for each element | 1 for each element | 1 for each input |

fvcore and ptflops call their MACs FLOPs or say which they mean; torchinfo calls them mult-adds, and takes a transposed convolution to
multiply at its output positions, which is too often. The number of 529 million that Keras's documentation gives for MobileNet is wrong
by any convention: it is 569 million with the classifier. 4.09 billion MACs for ResNet50 are those of the later variant, whose
stride is on the 3×3 convolution; Keras's has it on the 1×1 before.

### VGG16 and ResNet50, worked through

Both as `keras.applications` builds them, at 224 × 224, one sample, convcalc's FLOPs:

{worked}

The same two networks by the rules of the table above (not a run of these tools, except that the count of `tf.profiler` is compared with
it in CI):

{tools}

## `--convention tf`

Counts as `tf.profiler` does on the graph that Keras 3 makes for inference on TensorFlow. CI compares thirteen models of
`keras.applications` and each layer that has a rule. TensorFlow knows the cost of some operations and counts nothing for all others:

- Free, whatever they do: `Relu`, `Relu6`, `Elu`, `Selu`, `LeakyRelu`, `Sigmoid`, `Tanh`, `Erf`, `Exp`, `Softplus`, `Max` (global max
  pooling), `FusedBatchNormV3` (Keras 2), `Conv3D`, `Einsum`, resizing of images, padding, concatenation.
- A convolution with groups is compiled by XLA, and the profiler does not look inside: its products are free, its bias is not.
- A convolution with a dilation is one without on cells that are dealt out to several images: a few more positions.
- A transposed convolution counts as the gradient of the forward one: 2 · outputs · kernel / strides.
- A batch normalization is made of single operations in Keras 3: 2 for each element and 6 for each channel (5 without `scale`).
- A layer normalization: 9 for each element and 4 for each position. Softmax: 5. silu: 2. gelu: 4. hard_silu: 3. hard_sigmoid: 2.
- `UpSampling2D` and `RepeatVector` multiply sizes, which counts 2 and 1.

Layers that were not compared (recurrence, attention, `Conv3D` and others) are unknown under this convention.
"""

# Layers whose cost per element is the same for every shape, in the form of a spec.
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


def parts(found: Report) -> dict[str, int]:
    """The parts of a network's FLOPs; the last entry is the total of the report."""
    sums = {
        "2 · MACs": 2 * _sum(found, lambda row: row.macs),
        "biases": _sum(found, _bias),
        "batch normalization": _sum(found, lambda row: _others(row) if row.class_name == "BatchNormalization" else 0),
        "ReLU": _sum(found, _relu),
        "softmax": _sum(found, lambda row: _others(row) if row.config.get("activation") == "softmax" else 0),
        "pooling": _sum(found, lambda row: _others(row) if "Pooling" in row.class_name else 0),
        "additions of branches": _sum(found, lambda row: _others(row) if row.class_name == "Add" else 0),
    }
    return {**sums, "**total**": _int(found.totals.flops)}


def by_tool(network: str) -> dict[str, int]:
    """The count of the network by the rules of each tool."""
    found = report(network)
    macs, bias, relu = _sum(found, lambda row: row.macs), _sum(found, _bias), _sum(found, _relu)
    norm = parts(found)["batch normalization"]
    pooled = _sum(found, lambda row: elements(row.calls[0].input_shapes[0]) if "Pooling" in row.class_name else 0)
    return {
        "convcalc, MACs": macs,
        "convcalc, FLOPs": _int(found.totals.flops),
        "`tf.profiler` (`--convention tf`)": _int(report(network, "tf").totals.flops),
        "fvcore": macs + norm,
        "torchinfo": macs + bias,
        "ptflops": macs + bias + norm + relu + pooled,
    }


def _sum(found: Report, count: Callable[[LayerReport], object]) -> int:
    return sum(_int(count(row)) for row in found.layers)


def _int(number: object) -> int:
    assert isinstance(number, int)
    return number


def _bias(row: LayerReport) -> object:
    (result,) = row.calls[0].result.rule_results
    assert result.inferred is not None
    return sum(product(weight.shape) * weight.added_per_sample for weight in result.inferred.weights)


def _others(row: LayerReport) -> object:
    """The operations other than products and biases."""
    (result,) = row.calls[0].result.rule_results
    assert isinstance(result.definition, LayerDefinition) and result.inferred is not None
    return elementwise(result.definition, result.args, result.rule_inputs, result.inferred)


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
