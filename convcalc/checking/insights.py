"""What stands out in a model: where its costs sit, input that nothing reads, uneven padding, and the like.

A kind of insight is one function from a report to what it finds, declared by :func:`_insight` under its code. Its
docstring is what ``convcalc explain CODE`` and docs/insights.md say: a title, then why it matters and what to do. None of
these is an error. What is not known gives no insight: no comparison with an unknown number holds.
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

# A layer with more than half of a total has more than all the others together: only then does it matter most.
MOST_PERCENT = 50
# A peak twice as high as what half of the steps need: the memory that is set aside for it lies idle for half of the run.
HIGH_PEAK = 2


class Insight(Struct):
    """One finding: the code of its kind, the path of the layer, and what follows the layer's name in a sentence."""

    code: str
    layer: str
    message: str


Found: TypeAlias = "Iterator[tuple[str, str]]"  # the paths of layers, and what is said of each


class InsightRule(Struct):
    """A kind of insight: its code, its title, why it matters and what to do, and the function that finds it."""

    code: str
    title: str
    explanation: str
    find: Callable[[Study], Found]


INSIGHT_RULES: dict[str, InsightRule] = {}


def insights(report: Study) -> tuple[Insight, ...]:
    """Everything that stands out in a model, kind by kind."""
    return tuple(
        Insight(kind.code, layer, said) for kind in INSIGHT_RULES.values() for layer, said in kind.find(report)
    )


def _insight(code: str) -> Callable[[Callable[[Study], Found]], Callable[[Study], Found]]:
    """Declare a kind of insight."""

    def declare(find: Callable[[Study], Found]) -> Callable[[Study], Found]:
        title, _, explanation = inspect.cleandoc(find.__doc__ or "").partition("\n\n")
        INSIGHT_RULES[code] = InsightRule(code, title, explanation, find)
        return find

    return declare


# Where costs sit --------------------------------------------------------------------------------------------------------


@_insight("most-params")
def _most_params(report: Report) -> Found:
    """One layer holds most of the parameters.

    The size of the file, and the memory for weights, gradients and optimizer, are decided there. Where it is a Dense layer
    behind Flatten, a GlobalAveragePooling layer in place of Flatten, or more pooling before it, makes it many times
    smaller; where it is an Embedding, a smaller vocabulary or fewer dimensions do.
    """
    if "params" not in report.totals.incomplete:
        parts = [(row, row.params) for row in _single(report)]
        yield from _most(parts, report.totals.params, "parameters")


@_insight("most-macs")
def _most_macs(report: Report) -> Found:
    """One layer does most of the multiply-accumulates.

    Work on speed begins there: any other layer made free saves less than half. A stride or a pooling before the layer,
    fewer filters, or a separable convolution in its place cuts the count.
    """
    if "macs" not in report.totals.incomplete:
        yield from _most([(row, row.macs) for row in _single(report)], report.totals.macs, "MACs")


@_insight("most-memory")
def _most_memory(report: Study) -> Found:
    """Memory peaks at one layer, far above what most of the run needs.

    The memory for activations has to hold the peak, which is reached only there. A stride or a pooling at or before this
    layer, fewer filters there, or a smaller input lowers it. `--memory` shows the whole course and what is alive at the peak.
    """
    memory = report.memory
    usual = median_low(moment.alive for moment in memory.moments)
    if memory.peak_layer and memory.peak > HIGH_PEAK * usual > 0:
        yield memory.peak_layer, f"needs {memory.peak:,} bytes alive at once; half of the steps need {usual:,} or less"


def _single(report: Report) -> list[LayerReport]:
    """The rows that are no sums over others: all but the nested models."""
    rows = report.layers
    deeper = {row.path for row, after in pairwise(rows) if after.depth > row.depth}
    return [row for row in rows if row.path not in deeper]


def _most(parts: Iterable[tuple[LayerReport, Number]], total: Number, what: str) -> Found:
    """The layer with most of a total, unless it is the only one with anything."""
    known = [(number, row) for row, part in parts if isinstance(number := plain(part), int) and number > 0]
    if len(known) < 2:
        return
    number, row = max(known, key=lambda each: each[0])
    whole = plain(total)
    if isinstance(whole, int) and 100 * number > MOST_PERCENT * whole:
        yield row.path, f"has {number:,} of {whole:,} {what} ({100 * number / whole:.1f} %)"


# Windows ----------------------------------------------------------------------------------------------------------------


@_insight("unread-input")
def _unread_input(report: Report) -> Found:
    """The last rows or columns of an input are read by no window.

    The number of windows is rounded down, and what is left at the end is dropped: for the model it is not there. Another
    input size, a ZeroPadding layer before, or padding 'same' takes it in.
    """
    for row, slid in _sliding(report):
        lost = [
            f"{window.unread} of {window.size} cells of {axis}"
            for axis, window in slid
            # At a stride of 1 nothing is rounded: that is a cropping. What is no more than a gap is one as between windows.
            if window.stride > 1 and window.unread > larger(0, window.stride - window.reach)
        ]
        if lost:
            yield row.path, f"drops the last {listed(lost, 'and')}: no window reads them"


@_insight("skipped-input")
def _skipped_input(report: Report) -> Found:
    """The stride is larger than the window, so that cells between windows are never read.

    A convolution of one cell with a stride, as on the shortcuts of a ResNet, does so by design, and throws three quarters
    of an image away. A window at least as large as the stride, or average pooling before the layer, reads all.
    """
    for row, slid in _sliding(report):
        gaps = [
            f"{window.stride - window.reach} of {window.stride} cells of {axis}"
            for axis, window in slid
            if window.stride > window.reach and window.output > 1
        ]
        if gaps:
            yield row.path, f"skips {listed(gaps, 'and')} from one window to the next"


@_insight("even-kernel-same")
def _even_kernel_same(report: Report) -> Found:
    """An even kernel with padding 'same' is off the centre by half a cell.

    An even kernel has no middle cell: Keras pads one cell more at the end than at the beginning, and what the layer finds
    is shifted by half a cell, in each such layer anew. An odd kernel is centred.
    """
    for row, slid in _padded_same(report):
        even = [f"{window.reach} cells of {axis}" for axis, window in slid if _off_centre(window)]
        if even:
            yield row.path, f"has a window over {listed(even, 'and')}"


@_insight("uneven-padding")
def _uneven_padding(report: Report) -> Found:
    """Padding 'same' with a stride pads one cell more at the end than at the beginning.

    How 'same' splits its padding depends on the size of the input, so that windows stand elsewhere on another size.
    PyTorch and Caffe pad both sides alike: weights from there need a ZeroPadding layer and padding 'valid' to give the same
    numbers.
    """
    for row, slid in _padded_same(report):
        sides = [
            f"{axis} by {window.before} + {window.after}"
            for axis, window in slid
            if window.after > window.before and not _off_centre(window)
        ]
        if sides:
            yield row.path, f"pads {listed(sides, 'and')} cells"


def _off_centre(window: Window) -> bool:
    """Whether a window of 'same' is even at a stride of 1: then no size of the input pads both sides alike."""
    return bool(window.stride == 1 and window.reach % 2 == 0)


def _padded_same(report: Report) -> Iterator[tuple[LayerReport, list[tuple[str, Window]]]]:
    """The layers that slide windows with padding 'same'."""
    for row, slid in _sliding(report):
        if _arguments(row.definition, row.config).get("padding") == "same":
            yield row, slid


def _sliding(report: Report) -> Iterator[tuple[LayerReport, list[tuple[str, Window]]]]:
    """The layers that slide windows, with those of the last call, each with its axis; transposed ones spread, and read all."""
    for row in _single(report):
        for step in row.calls[-1].steps if row.calls else ():
            slid = step.inferred.windows if step.inferred else ()
            if slid and not any(window.transposed for window in slid):
                yield row, list(zip(_axes(row, len(slid)), slid))


def _axes(row: LayerReport, count: int) -> Sequence[str]:
    """The names of the axes that windows slide over; their numbers for a layer that does not name them."""
    named = row.definition.axis_names(row.config) if isinstance(row.definition, LayerDefinition) else ()
    spatial = [axis for axis in named if axis != "channels"]
    return spatial if len(spatial) == count else [f"axis {number}" for number in range(1, count + 1)]


def _arguments(kind: Any, given: Any) -> dict[str, Any]:
    """All arguments of a layer, those that were not given by their defaults."""
    return {**(kind.defaults if isinstance(kind, LayerDefinition) else {}), **given}


# What layers do to each other -------------------------------------------------------------------------------------------


@_insight("bias-before-norm")
def _bias_before_norm(report: Report) -> Found:
    """A bias that the batch normalization behind it takes away again.

    Batch normalization subtracts the mean of each channel, and with it the bias, and adds a beta of its own. The bias
    trains to nothing; `use_bias: false` gives the same model with fewer parameters.
    """
    rows = {row.path: row for row in report.layers}
    for prefix, model in report.model.models():
        readers = _readers(model)
        for number, layer in enumerate(model.layers):
            row, behind = rows.get(prefix + layer.name), readers[number]
            if row is None or not _adds_bias(layer) or not behind or None in behind:
                continue
            norms = [model.layers[reader] for reader in behind if reader is not None]
            if all(_subtracts_mean(norm, row) for norm in norms):
                count = sum(product(weight.shape) for weight in row.weights if weight.name == "bias")
                names = listed(dict.fromkeys(f"'{norm.name}'" for norm in norms), "and")
                yield row.path, f"has a bias ({count:,} parameters) that {names} subtracts"


def _readers(model: Model) -> list[set[int | None]]:
    """For each layer the layers that read what it gives; None for who reads the model's outputs."""
    readers: list[set[int | None]] = [set() for _ in model.layers]
    for call in model.calls:
        for ref in call.sources:
            readers[model.calls[ref.call].layer].add(call.layer)
    for ref in model.outputs:
        readers[model.calls[ref.call].layer].add(None)
    return readers


def _adds_bias(layer: Layer) -> bool:
    """Whether a layer's last step is to add a bias to each channel: an activation behind it would change what it does."""
    definition = layer.definition
    if not isinstance(definition, LayerDefinition) or not definition.ends_with_bias:
        return False
    arguments = _arguments(definition, layer.args)
    return bool(arguments["use_bias"]) and arguments["activation"] in (None, "linear")


def _subtracts_mean(norm: Layer, row: LayerReport) -> bool:
    """Whether a layer is a batch normalization of a row's channels with a beta of its own."""
    definition, shape = norm.definition, row.output_shapes[0]
    if definition.name != "BatchNormalization" or shape is None:
        return False
    arguments = _arguments(definition, norm.args)
    first = _arguments(row.definition, row.config).get("data_format") == "channels_first"
    return bool(arguments["center"]) and arguments["axis"] % len(shape) == (1 if first else len(shape) - 1)


@_insight("field-beyond-input")
def _field_beyond_input(report: Study) -> Found:
    """From this layer on, the receptive field is larger than the input.

    Each position sees all of the input on that axis, and padding besides. Layers that only widen the field (large kernels,
    dilation, further strides) bring no more context from here on; with a larger input they would.
    """
    seen: set[str] = set()
    for row in _single(report):
        for field in (report.receptive_fields.get(row.path) or ((),))[-1]:
            # A position of a layer that reads all, such as Dense, has no field that grows.
            wide = any(axis.exceeds and not axis.is_global for axis in field.axes)
            if wide and field.input not in seen:
                seen.add(field.input)
                size, cells = ("×".join(map(str, sizes)) for sizes in zip(*((a.size, a.cells) for a in field.axes)))
                yield row.path, f"sees {size} cells of the input '{field.input}', which has {cells}"
