"""The lines below Keras's table, in Keras 3 and Keras 2: numbers of parameters and their sizes."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.analyse.report import Report, weight_bytes
from convcalc.base.numbers import UNKNOWN, Number, product
from convcalc.base.structs import Struct
from convcalc.layers import Weight


class TotalLine(Struct):
    """One line: its label, a number of parameters, and their size in bytes."""

    label: str
    params: Number
    size: Number


def totals(report: Report, frozen: Sequence[Weight] = ()) -> list[TotalLine]:
    """Returns the lines for a report. ``frozen`` are weights that Keras counts as non-trainable, unlike the report."""
    sums = report.totals
    trainable = sums.trainable_params - sum(product(weight.shape) for weight in frozen)
    trainable_bytes = sums.trainable_bytes - weight_bytes(frozen)
    known = sums.non_trainable_params is not UNKNOWN
    return [
        TotalLine("Total", sums.params, sums.param_bytes),
        TotalLine("Trainable", trainable, trainable_bytes),
        TotalLine("Non-trainable", sums.params - trainable, sums.param_bytes - trainable_bytes)
        if known
        else TotalLine("Non-trainable", UNKNOWN, UNKNOWN),
    ]


def size_text(size: Number, byte: str) -> str:
    """Returns a size as Keras writes it: ``1.50 KB``, with 1 KB = 1024 bytes.

    ``byte`` is the unit of sizes below 1 KB. Like Keras, sizes from 1024 PB on are divided by 1024 once more.
    """
    if size is UNKNOWN:
        return "?"
    assert isinstance(size, int)
    units = [byte, "KB", "MB", "GB", "TB", "PB"]
    if size.bit_length() > 1000:  # too large for a float
        return f"{size >> 60}.00 {units[-1]}"
    value = float(size)
    for unit in units:
        if value / 1024 < 1:
            return f"{value:.2f} {unit}"
        value /= 1024
    return f"{value:.2f} {units[-1]}"
