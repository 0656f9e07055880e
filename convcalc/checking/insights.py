"""Insights: likely mistakes in a model, and layers with high costs.

Each rule is a function with a code, such as ``unread-input``. Its docstring is shown by ``convcalc explain CODE`` and
in docs/insights.md: a title, then why the insight matters and what to do. An insight is not an error. An unknown number
gives no insight, because comparisons with it are false.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median_low
from typing import Any, TypeAlias

from convcalc.analyse.report import LayerReport, Report
from convcalc.analyse.study import Study
from convcalc.base.numbers import Number, larger, plain, product
from convcalc.base.problems import listed
from convcalc.base.structs import Struct
from convcalc.base.window import Window
from convcalc.layers import LayerDefinition
from convcalc.model import Layer, Model

MAJORITY_PERCENT = 50  # a layer is reported if it has more than half of a total
HIGH_PEAK = 2  # a peak is reported if it is above twice the median of the steps


class Insight(Struct):
    """A finding of a rule: its code, the path of the layer, and a message.

    The message continues a sentence that begins with the layer's name, such as "'conv1' has 98 % of the parameters".
    """

    code: str
    layer: str
    message: str


Findings: TypeAlias = "Iterator[tuple[str, str]]"  # pairs: the path of a layer, and a message about the layer


class InsightRule(Struct):
    """A rule with its code, title and explanation. ``find`` is the function that finds the insights."""

    code: str
    title: str
    explanation: str
    find: Callable[[Study], Findings]


INSIGHT_RULES: dict[str, InsightRule] = {}


def insights(report: Study) -> tuple[Insight, ...]:
    """Returns all insights of a model, in the order of the rules."""
    return tuple(
        Insight(rule.code, path, message) for rule in INSIGHT_RULES.values() for path, message in rule.find(report)
    )


def _insight(code: str) -> Callable[[Callable[[Study], Findings]], Callable[[Study], Findings]]:
    """Returns a decorator for a rule. The docstring of the decorated function gives the title and the explanation."""

    def declare(find: Callable[[Study], Findings]) -> Callable[[Study], Findings]:
        title, _, explanation = inspect.cleandoc(find.__doc__ or "").partition("\n\n")
        INSIGHT_RULES[code] = InsightRule(code, title, explanation, find)
        return find

    return declare


# Where the costs are --------------------------------------------------------------------------------------------------------


@_insight("most-params")
def _most_params(report: Report) -> Findings:
    """One layer has most of the parameters.

    This layer determines the size of the file and the memory for weights, gradients and the optimizer. If it is a
    Dense layer after Flatten, use a GlobalAveragePooling layer instead of Flatten, or add pooling before the Flatten.
    If it is an Embedding, use a smaller vocabulary or fewer dimensions.
    """
    if "params" not in report.totals.incomplete:
        parts = [(row, row.params) for row in _single_layers(report)]
        yield from _majority(parts, report.totals.params, "parameters")


@_insight("most-macs")
def _most_macs(report: Report) -> Findings:
    """One layer does most of the multiply-accumulates.

    To make the model faster, start with this layer: all others together cost less. To reduce its cost, add a stride or pooling
    before it, use fewer filters, or replace it by a separable convolution.
    """
    if "macs" not in report.totals.incomplete:
        yield from _majority([(row, row.macs) for row in _single_layers(report)], report.totals.macs, "MACs")


@_insight("most-memory")
def _most_memory(report: Study) -> Findings:
    """Memory has a peak at one layer, far above what most steps need.

    The memory for activations must be large enough for the peak, although most of it is unused during the other steps. To lower the
    peak, add a stride or pooling at or before this layer, use fewer filters there, or use a smaller input. `--memory` shows the
    memory of each step and the tensors that are in memory at the peak.
    """
    memory = report.memory
    usual = median_low(moment.alive for moment in memory.moments)
    if memory.peak_layer and memory.peak > HIGH_PEAK * usual > 0:
        yield (
            memory.peak_layer,
            f"needs {memory.peak:,} bytes at the same time; half of the steps need at most {usual:,}",
        )


def _single_layers(report: Report) -> list[LayerReport]:
    """Returns all rows except the rows of nested models, whose numbers are sums of other rows."""
    rows = report.layers
    models = {row.path for row, next_row in pairwise(rows) if next_row.depth > row.depth}
    return [row for row in rows if row.path not in models]


def _majority(parts: Iterable[tuple[LayerReport, Number]], total: Number, unit: str) -> Findings:
    """Yields the layer with more than half of a total, unless it is the only layer with a number above 0."""
    known = [(number, row) for row, part in parts if isinstance(number := plain(part), int) and number > 0]
    if len(known) < 2:
        return
    number, row = max(known, key=lambda pair: pair[0])
    whole = plain(total)
    if isinstance(whole, int) and 100 * number > MAJORITY_PERCENT * whole:
        yield row.path, f"has {number:,} of {whole:,} {unit} ({100 * number / whole:.1f} %)"


# Windows ----------------------------------------------------------------------------------------------------------------


@_insight("unread-input")
def _unread_input(report: Report) -> Findings:
    """The last rows or columns of an input are not used.

    The number of windows is rounded down, and the remaining positions at the end are dropped: they do not affect the result. To
    use them, choose another input size, add a ZeroPadding layer before this layer, or set padding to 'same'.
    """
    for row, windows in _with_windows(report):
        unused = [
            f"{window.unread} of {window.size} positions of {axis}"
            for axis, window in windows
            # With stride 1, unread positions are intended: the layer crops. The insight skipped-input reports gaps.
            if window.stride > 1 and window.unread > larger(0, window.stride - window.effective_kernel)
        ]
        if unused:
            yield row.path, f"does not use the last {listed(unused, 'and')}"


@_insight("skipped-input")
def _skipped_input(report: Report) -> Findings:
    """The stride is larger than the window, so positions between windows are not used.

    A shortcut of a ResNet does this on purpose: its convolution has kernel size 1 and stride 2, and ignores three quarters of an
    image. To use all positions, make the window at least as large as the stride, or add average pooling before the layer.
    """
    for row, windows in _with_windows(report):
        gaps = [
            f"{window.stride - window.effective_kernel} of {window.stride} positions of {axis}"
            for axis, window in windows
            if window.stride > window.effective_kernel and window.output > 1
        ]
        if gaps:
            yield row.path, f"skips {listed(gaps, 'and')} between windows"


@_insight("even-kernel-same")
def _even_kernel_same(report: Report) -> Findings:
    """An even kernel with padding 'same' is not centred.

    An even kernel has no middle position, so Keras adds one more position of padding at the end than at the beginning. Every such
    layer shifts its features by half a position. An odd kernel is centred.
    """
    for row, windows in _with_same_padding(report):
        even = [f"{window.effective_kernel} positions of {axis}" for axis, window in windows if _is_off_centre(window)]
        if even:
            yield row.path, f"has an even window: {listed(even, 'and')}"


@_insight("uneven-padding")
def _uneven_padding(report: Report) -> Findings:
    """Padding 'same' with a stride adds one more position at the end than at the beginning.

    For another input size, 'same' may divide the padding in another way, and shift the windows. PyTorch and Caffe pad both sides
    equally. To use weights of PyTorch or Caffe with the same results, use a ZeroPadding layer and padding 'valid'.
    """
    for row, windows in _with_same_padding(report):
        sides = [
            f"{axis} by {window.pad_before} before and {window.pad_after} after"
            for axis, window in windows
            if window.pad_after > window.pad_before and not _is_off_centre(window)
        ]
        if sides:
            yield row.path, f"pads {listed(sides, 'and')}"


def _is_off_centre(window: Window) -> bool:
    """Returns True for an even window with stride 1: 'same' then pads one end more, for every input size."""
    return bool(window.stride == 1 and window.effective_kernel % 2 == 0)


def _with_same_padding(report: Report) -> Iterator[tuple[LayerReport, list[tuple[str, Window]]]]:
    """Yields the layers that have windows and padding 'same'."""
    for row, windows in _with_windows(report):
        if _arguments(row.definition, row.config).get("padding") == "same":
            yield row, windows


def _with_windows(report: Report) -> Iterator[tuple[LayerReport, list[tuple[str, Window]]]]:
    """Yields each row that has windows, with pairs (axis name, window) of its last call.

    Transposed windows are left out, because they always read the whole input.
    """
    for row in _single_layers(report):
        for result in row.calls[-1].result.rule_results if row.calls else ():
            windows = result.inferred.windows if result.inferred else ()
            if windows and not any(window.transposed for window in windows):
                yield row, list(zip(_axes(row, len(windows)), windows))


def _axes(row: LayerReport, count: int) -> Sequence[str]:
    """Returns the names of the axes along which a layer's windows move, such as "height" or, if unnamed, "axis 1"."""
    names = row.definition.axis_names(row.config) if isinstance(row.definition, LayerDefinition) else ()
    spatial = [axis for axis in names if axis != "channels"]
    return spatial if len(spatial) == count else [f"axis {number}" for number in range(1, count + 1)]


def _arguments(definition: Any, args: Any) -> dict[str, Any]:
    """Returns all arguments of a layer, including default values."""
    return {**(definition.defaults if isinstance(definition, LayerDefinition) else {}), **args}


# Layers that affect each other -------------------------------------------------------------------------------------------


@_insight("bias-before-norm")
def _bias_before_norm(report: Report) -> Findings:
    """A bias before a batch normalization has no effect.

    Batch normalization subtracts the mean of each channel, and so removes the bias. It adds its own bias (`beta`) afterwards. With
    `use_bias: false` the model computes the same with fewer parameters.
    """
    rows = {row.path: row for row in report.layers}
    for prefix, model in report.model.models():
        readers = _readers(model)
        for number, layer in enumerate(model.layers):
            row, layer_readers = rows.get(prefix + layer.name), readers[number]
            if row is None or not _ends_with_bias(layer) or not layer_readers or None in layer_readers:
                continue
            norms = [model.layers[reader] for reader in layer_readers if reader is not None]
            if all(_subtracts_mean(norm, row) for norm in norms):
                count = sum(product(weight.shape) for weight in row.weights if weight.name == "bias")
                names = listed(dict.fromkeys(f"'{norm.name}'" for norm in norms), "and")
                yield row.path, f"has a bias ({count:,} parameters) that {names} removes"


def _readers(model: Model) -> list[set[int | None]]:
    """Returns, for each layer, the layers that read its outputs. The set also has None if the model returns an output of it."""
    readers: list[set[int | None]] = [set() for _ in model.layers]
    for call in model.calls:
        for ref in call.sources:
            readers[model.calls[ref.call].layer].add(call.layer)
    for ref in model.outputs:
        readers[model.calls[ref.call].layer].add(None)
    return readers


def _ends_with_bias(layer: Layer) -> bool:
    """Returns True if a layer adds a bias to each channel in its last step: no activation follows."""
    definition = layer.definition
    if not isinstance(definition, LayerDefinition) or not definition.ends_with_bias:
        return False
    arguments = _arguments(definition, layer.args)
    return bool(arguments["use_bias"]) and arguments["activation"] in (None, "linear")


def _subtracts_mean(norm: Layer, row: LayerReport) -> bool:
    """Returns True if ``norm`` is a batch normalization with ``beta``, along the channel axis of the layer ``row``."""
    definition, shape = norm.definition, row.output_shapes[0]
    if definition.name != "BatchNormalization" or shape is None:
        return False
    arguments = _arguments(definition, norm.args)
    channels_first = _arguments(row.definition, row.config).get("data_format") == "channels_first"
    channel_axis = 1 if channels_first else len(shape) - 1
    return bool(arguments["center"]) and arguments["axis"] % len(shape) == channel_axis


@_insight("field-beyond-input")
def _field_beyond_input(report: Study) -> Findings:
    """From this layer on, the receptive field is larger than the input.

    A part of such a receptive field is padding. Positions in the middle usually depend on the whole input already. For them, a
    larger receptive field (large kernels, dilation, more strides) adds nothing, unless the input becomes larger.
    """
    inputs: set[str] = set()  # the inputs that already have a finding
    for row in _single_layers(report):
        for field in (report.receptive_fields.get(row.path) or ((),))[-1]:
            # A layer that reads the whole input, such as Dense, is not reported.
            wide = any(axis.exceeds and not axis.is_global for axis in field.axes)
            if wide and field.input not in inputs:
                inputs.add(field.input)
                pairs = ((axis.size, axis.input_size) for axis in field.axes)
                size, available = ("×".join(map(str, sizes)) for sizes in zip(*pairs))
                yield row.path, f"sees {size} positions of the input '{field.input}', which has only {available}"
