"""The options of ``model.summary()`` in Keras 3 and Keras 2, and their error messages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convcalc.analyse.report import LayerReport, Report
from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error
from convcalc.base.structs import Struct


class Options(Struct):
    """The arguments of Keras's ``summary()``, and ``width``, the width of the console (``COLUMNS``)."""

    width: int = 80
    line_length: int | None = None
    positions: Sequence[float] | None = None
    expand_nested: bool = False
    show_trainable: bool = False
    layer_range: tuple[str, str] | None = None


def in_range(report: Report, names: tuple[str, str] | None) -> list[LayerReport]:
    """Returns the rows of the model's own layers that Keras's ``layer_range`` selects.

    ``names`` are two patterns. The range is from the first match of the first pattern to the last match of the second
    pattern.
    """
    rows = [row for row in report.layers if row.depth == 0]
    if names is None:
        return rows
    try:
        first, last = (re.compile(name) for name in names)
    except (re.error, OverflowError, RecursionError) as failed:
        raise error(codes.INVALID_VALUE, f"--layer-range expects names or regular expressions: {failed}") from None
    starts = [number for number, row in enumerate(rows) if first.match(row.name)]
    ends = [number for number, row in enumerate(rows) if last.match(row.name)]
    if not starts or not ends:
        missing = names[0] if not starts else names[1]
        raise error(codes.UNKNOWN_LAYER, f"--layer-range: no layer's name matches '{missing}'")
    low, high = min(starts), max(ends)
    if low > high:
        low, high = min(ends), max(starts)
    return rows[low : high + 1]


def too_few_positions(count: int, columns: int) -> ConvcalcError:
    """Returns the error for ``--positions`` with fewer numbers than the table has columns."""
    return error(codes.INVALID_VALUE, f"--positions needs {columns} numbers, one for each column, not {count}")


def too_narrow(length: int) -> ConvcalcError:
    """Returns the error for a line length that leaves no space for one of the columns."""
    return error(
        codes.TOO_NARROW, f"Keras cannot print its summary in lines of {length} characters: use a larger --line-length"
    )
