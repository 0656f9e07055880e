"""Floating-point operations, under a named convention: worked out from the rules as they ran, for who asks.

``convcalc`` counts 2 for each multiply-accumulate, 1 for each addition of a bias, and what each layer declares besides
(:mod:`convcalc.layers.costs`, :mod:`convcalc.ops.costs`). ``tf`` counts as TensorFlow's profiler does. ``docs/costs.md`` is the
page for users.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from convcalc.analyse.report import Counts, LayerReport, Report
from convcalc.analyse.run import Ran, Step
from convcalc.analyse.sums import PartialSum, label_if_partial, scale_by_batch, sum_known
from convcalc.analyse.tf_flops import tf_flops
from convcalc.base.numbers import UNKNOWN, Number, Shape, product
from convcalc.layers import Inferred, LayerDefinition, elementwise, sample_macs
from convcalc.layers.registry import Args
from convcalc.ops import Operation, costs


def own_flops(step: Step) -> Number:
    """The operations of one rule as it ran, for the batch that is stated, or for one sample. Operations of ``keras.ops`` count
    whole tensors: none of their axes is known as the batch.
    """
    kind, found = step.definition, step.inferred
    if kind is None or found is None or "macs" in found.unknown:
        return UNKNOWN
    biases = [
        product(weight.shape) * weight.added_per_sample
        for weight in found.weights
        if not _never(weight.added_per_sample)
    ]
    number = sum([2 * sample_macs(found), *biases, _others(kind, step.args, step.inputs, found)])
    return number if isinstance(kind, Operation) else scale_by_batch(number, step.inputs)


def _never(adds: Number) -> bool:
    return isinstance(adds, int) and adds == 0


def _others(kind: LayerDefinition | Operation, args: Args, inputs: Sequence[Shape], found: Inferred) -> Number:
    if isinstance(kind, Operation):
        return costs.elementwise(kind, args, inputs, found)
    return elementwise(kind, args, inputs, found)


CONVENTIONS: dict[str, Callable[[Step], Number]] = {"convcalc": own_flops, "tf": tf_flops}


R = TypeVar("R", bound=Report)


def with_flops(report: R, convention: str = "convcalc") -> R:
    """The report with FLOPs on each call and layer, and in the totals."""
    counting = _Counting(CONVENTIONS[convention])
    rows = tuple(map(counting.row, report.layers))
    top = [row for row in rows if row.depth == 0]
    total = sum_known([UNKNOWN if row.flops is None else row.flops for row in top])
    label = total.label or label_if_partial("flops", top)
    incomplete = {**report.totals.incomplete, **({"flops": label} if label else {})}
    totals = report.totals._replace(flops=total.value, incomplete=incomplete)
    return replace(report, layers=rows, totals=totals, convention=convention)


class _Counting:
    """FLOPs by a convention; calls that ran alike, and layers that are alike, are counted once."""

    def __init__(self, count: Callable[[Step], Number]) -> None:
        self.count = count
        self.calls: dict[int, PartialSum] = {}
        self.alike: dict[tuple[int, ...], Counts] = {}

    def row(self, row: LayerReport) -> LayerReport:
        """The row with its FLOPs."""
        sums = [self._call(call.ran) for call in row.calls]
        calls = tuple([call._replace(flops=part.value) for call, part in zip(row.calls, sums)])
        key = (id(row.counts), *map(id, sums))
        counts = self.alike.get(key)
        if counts is None:
            counts = self.alike[key] = _counts(row.counts, sums)
        return row._replace(calls=calls, counts=counts)

    def _call(self, ran: Ran) -> PartialSum:
        found = self.calls.get(id(ran))
        if found is None:
            found = self.calls[id(ran)] = sum_known(list(map(self.count, ran.steps)))
        return found


def _counts(counts: Counts, sums: Sequence[PartialSum]) -> Counts:
    """What a row says, with the FLOPs of its calls in sum."""
    whole = sum_known([part.value for part in sums])
    label = whole.label or ("partial" if any(part.label for part in sums) else "")
    return counts._replace(flops=whole.value, incomplete={**counts.incomplete, **({"flops": label} if label else {})})
