"""Insights about parameters, MACs and memory: where the costs are."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median_low

from convcalc.analyse.report import LayerReport, Report
from convcalc.analyse.study import Study
from convcalc.base.numbers import Number, plain
from convcalc.checking.insights.rules import Findings, insight, single_layers

MAJORITY_PERCENT = 50  # a layer is reported if it has more than half of a total
HIGH_PEAK = 2  # a peak is reported if it is above twice the median of the steps


@insight("most-params")
def _most_params(report: Report) -> Findings:
    """One layer has most of the parameters.

    This layer determines the size of the file and the memory for weights, gradients and the optimizer. If it is a
    Dense layer after Flatten, use a GlobalAveragePooling layer instead of Flatten, or add pooling before the Flatten.
    If it is an Embedding, use a smaller vocabulary or fewer dimensions.
    """
    if "params" not in report.totals.incomplete:
        parts = [(row, row.params) for row in single_layers(report)]
        yield from _majority(parts, report.totals.params, "parameters")


@insight("most-macs")
def _most_macs(report: Report) -> Findings:
    """One layer does most of the multiply-accumulates.

    To make the model faster, start with this layer: all others together cost less. To reduce its cost, add a stride or pooling
    before it, use fewer filters, or replace it by a separable convolution.
    """
    if "macs" not in report.totals.incomplete:
        yield from _majority([(row, row.macs) for row in single_layers(report)], report.totals.macs, "MACs")


@insight("most-memory")
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


def _majority(parts: Iterable[tuple[LayerReport, Number]], total: Number, unit: str) -> Findings:
    """Yields the layer with more than half of a total, unless it is the only layer with a number above 0."""
    known = [(number, row) for row, part in parts if isinstance(number := plain(part), int) and number > 0]
    if len(known) < 2:
        return
    number, row = max(known, key=lambda pair: pair[0])
    whole = plain(total)
    if isinstance(whole, int) and 100 * number > MAJORITY_PERCENT * whole:
        yield row.path, f"has {number:,} of {whole:,} {unit} ({100 * number / whole:.1f} %)"
