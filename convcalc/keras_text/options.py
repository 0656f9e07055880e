"""What the texts of Keras 3 and Keras 2 have in common: the options of ``summary()``, and its range of layers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convcalc.analyse.report import LayerReport, Report
from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error
from convcalc.base.structs import NamedTuple


class Options(NamedTuple):
    """What ``summary()`` takes: ``width`` is the console's (``COLUMNS``), the rest has the names that Keras gives it."""

    width: int = 80
    line_length: int | None = None
    positions: Sequence[float] | None = None
    expand_nested: bool = False
    show_trainable: bool = False
    layer_range: tuple[str, str] | None = None


def in_range(report: Report, names: tuple[str, str] | None) -> list[LayerReport]:
    """The rows of the model itself from the first that matches one pattern to the last that matches the other."""
    rows = [row for row in report.layers if row.depth == 0]
    if names is None:
        return rows
    try:
        first, last = (re.compile(name) for name in names)
    except (re.error, OverflowError, RecursionError) as bad:
        raise error(codes.INVALID_VALUE, f"--layer-range takes names or patterns: {bad}") from None
    starts = [n for n, row in enumerate(rows) if first.match(row.name)]
    ends = [n for n, row in enumerate(rows) if last.match(row.name)]
    if not starts or not ends:
        missing = names[0] if not starts else names[1]
        raise error(codes.UNKNOWN_LAYER, f"--layer-range: no layer is named '{missing}'")
    low, high = min(starts), max(ends)
    if low > high:
        low, high = min(ends), max(starts)
    return rows[low : high + 1]


def few_positions(given: int, columns: int) -> ConvcalcError:
    """The error for ``--positions`` that leave columns without a place."""
    return error(codes.INVALID_VALUE, f"--positions names {given} columns, and the table has {columns}")


def too_narrow(length: int) -> ConvcalcError:
    """The error for columns in which Keras finds no room."""
    return error(codes.TOO_NARROW, f"Keras cannot print its summary in {length} columns: write a larger --line-length")
