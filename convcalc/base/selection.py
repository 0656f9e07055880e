"""Which rows of a summary the user asks for. :mod:`convcalc.analyse.selection` chooses the rows."""

from __future__ import annotations

from convcalc.base.structs import Struct

SORT_KEYS = ("params", "macs", "flops", "output_bytes", "alive_bytes", "weight_bytes")


class Selection(Struct):
    """The rows that are shown.

    - ``fold`` is True if blocks and repeated parts become one row each. Nested models are then shown with their layers.
    - ``sort`` is one of :data:`SORT_KEYS`. The row with the largest number is first.
    - ``top`` is the number of rows that are shown. Without ``sort``, those with the most parameters.
    - ``patterns`` are patterns of names, such as ``block5_*``. Only layers that match one of them are shown.
    """

    fold: bool = False
    sort: str | None = None
    top: int | None = None
    patterns: tuple[str, ...] = ()


EVERYTHING = Selection()
