"""Counts floating-point operations (FLOPs). There are two conventions.

``convcalc`` counts 2 for each multiply-accumulate, 1 for each addition of a bias, and the elementwise operations that
each layer declares (:mod:`convcalc.layers.costs`, :mod:`convcalc.ops.costs`). ``tf`` counts like TensorFlow's profiler,
for the inference graph of Keras 3: each layer or operation declares this count as ``tf_flops``.

Users read about both conventions in ``docs/costs.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from convcalc.analyse.report import CallReport, Counts, LayerReport, Report
from convcalc.analyse.run import CallResult
from convcalc.analyse.sums import PartialSum, label_if_partial, scale_by_batch, sum_known
from convcalc.base.numbers import UNKNOWN, Number, product
from convcalc.layers import elementwise, sample_macs
from convcalc.ops import Operation, costs

R = TypeVar("R", bound=Report)


def own_flops(result: CallResult) -> Number:
    """Returns the FLOPs of one call by convcalc's convention: for the whole batch if its size is known, otherwise for one
    sample.

    For operations of ``keras.ops``, the FLOPs are always for the whole tensors, because any axis can be the batch.
    """
    definition, inferred, inputs = result.definition, result.inferred, result.rule_inputs
    if definition is None or inferred is None or "macs" in inferred.unknown:
        return UNKNOWN
    biases = [
        product(weight.shape) * weight.added_per_sample
        for weight in inferred.weights
        if _is_added(weight.added_per_sample)
    ]
    flops = sum([2 * sample_macs(inferred), *biases])
    if isinstance(definition, Operation):
        return flops + costs.elementwise(definition, result.args, inputs, inferred)
    return scale_by_batch(flops + elementwise(definition, result.args, inputs, inferred), inputs)


def _is_added(times: Number) -> bool:
    return not (isinstance(times, int) and times == 0)


def tf_flops(result: CallResult) -> Number:
    """Returns the FLOPs of one call, as TensorFlow's profiler counts them.

    The FLOPs are for the whole batch if its size is known, otherwise for one sample.
    """
    definition, inferred = result.definition, result.inferred
    if inferred is None or definition is None or definition.tf_flops is None:
        return UNKNOWN
    return definition.tf_flops(definition.rule_arguments(result.args), result.rule_inputs, inferred)


CONVENTIONS: dict[str, Callable[[CallResult], Number]] = {"convcalc": own_flops, "tf": tf_flops}


def with_flops(report: R, convention: str = "convcalc") -> R:
    """Returns the report with FLOPs in its calls, rows and totals."""
    counter = _Counter(CONVENTIONS[convention])
    rows = tuple(map(counter.row, report.layers))
    top = [row for row in rows if row.depth == 0]
    total = sum_known([UNKNOWN if row.flops is None else row.flops for row in top])
    label = total.label or label_if_partial("flops", top)
    incomplete = {**report.totals.incomplete, **({"flops": label} if label else {})}
    totals = report.totals._replace(flops=total.value, incomplete=incomplete)
    return replace(report, layers=rows, totals=totals, convention=convention)


class _Counter:
    """Counts FLOPs by a convention, and caches the counts of equal calls and rows."""

    def __init__(self, count: Callable[[CallResult], Number]) -> None:
        self.count = count
        self.sums: dict[CallResult, PartialSum] = {}
        self.counts: dict[tuple[object, ...], Counts] = {}

    def row(self, row: LayerReport) -> LayerReport:
        """Returns the row with its FLOPs."""
        sums = [self._sum(call.result) for call in row.calls]
        calls = [CallReport(call.inputs, call.result, call.received, part.value) for call, part in zip(row.calls, sums)]
        key = (row.counts, *(call.result for call in row.calls))
        counts = self.counts.get(key)
        if counts is None:
            counts = self.counts[key] = _with_sums(row.counts, sums)
        return row.with_counts(counts, tuple(calls))

    def _sum(self, result: CallResult) -> PartialSum:
        total = self.sums.get(result)
        if total is None:
            total = self.sums[result] = sum_known(list(map(self.count, result.rule_results)))
        return total


def _with_sums(counts: Counts, sums: Sequence[PartialSum]) -> Counts:
    """Returns the counts of a row with its FLOPs: the sum over its calls."""
    total = sum_known([part.value for part in sums])
    label = total.label or ("partial" if any(part.label for part in sums) else "")
    return counts._replace(flops=total.value, incomplete={**counts.incomplete, **({"flops": label} if label else {})})
