"""The formats ``keras`` and ``keras2``: the same text that ``model.summary()`` prints in Keras 3 and Keras 2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from convcalc.keras_text.print2 import keras2_text
from convcalc.keras_text.print3 import keras_text
from convcalc.rendering.output_format import KERAS_OPTIONS, FormatRequest, OutputFormat
from convcalc.rendering.text import blank_line_between

if TYPE_CHECKING:
    from convcalc.analyse.study import Study


def keras_reports(reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """Yields, for each report, the summary as Keras 3 prints it."""
    return blank_line_between(keras_text(report, request.keras) for report in reports)


def keras2_reports(reports: Iterable[Study], request: FormatRequest) -> Iterator[str]:
    """Yields, for each report, the summary as Keras 2 prints it."""
    return blank_line_between(keras2_text(report, request.keras) for report in reports)


FORMATS = (
    OutputFormat("keras", options=KERAS_OPTIONS, reports="convcalc.rendering.keras:keras_reports"),
    OutputFormat("keras2", options=KERAS_OPTIONS, reports="convcalc.rendering.keras:keras2_reports"),
)
