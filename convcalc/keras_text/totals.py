"""The lines below the table in the texts of Keras 3 and Keras 2: counts of parameters, and their sizes by 1024."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.analyse.report import Report, weight_bytes
from convcalc.base.numbers import UNKNOWN, Number, product
from convcalc.base.structs import NamedTuple
from convcalc.layers import Weight


class TotalLine(NamedTuple):
    """One line: which parameters, how many, and their bytes."""

    label: str
    params: Number
    size: Number


def totals(report: Report, frozen: Sequence[Weight] = ()) -> list[TotalLine]:
    """The lines of a report. ``frozen`` are weights that do not train, though the report counts them so."""
    sums = report.totals
    trained = sums.trainable_params - sum(product(weight.shape) for weight in frozen)
    trained_bytes = sums.trainable_bytes - weight_bytes(frozen)
    known = sums.non_trainable_params is not UNKNOWN
    return [
        TotalLine("Total", sums.params, sums.param_bytes),
        TotalLine("Trainable", trained, trained_bytes),
        TotalLine("Non-trainable", sums.params - trained, sums.param_bytes - trained_bytes)
        if known
        else TotalLine("Non-trainable", UNKNOWN, UNKNOWN),
    ]


def size_text(size: Number, byte: str) -> str:
    """Bytes by 1024, and once more by 1024 beyond petabytes, as Keras has it; ``byte`` is the word for a size below a kilobyte."""
    if size is UNKNOWN:
        return "?"
    assert isinstance(size, int)
    units = [byte, "KB", "MB", "GB", "TB", "PB"]
    if size.bit_length() > 1000:  # more than a float holds
        return f"{size >> 60}.00 {units[-1]}"
    value = float(size)
    for unit in units:
        if value / 1024 < 1:
            return f"{value:.2f} {unit}"
        value /= 1024
    return f"{value:.2f} {units[-1]}"
