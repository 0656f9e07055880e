"""Writes a report as a record: the text that Keras 3 prints, or the JSON report."""

from __future__ import annotations

from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.problems import error, listed

# the width of the printed text in characters: the first attempt, and the maximum
_FIRST_LENGTH, _MAX_LENGTH = 120, 10_000


def snapshot_text(report: Study, suffix: str) -> str:
    """Returns the text of a record whose file name ends in ``suffix``. Raises :class:`ConvcalcError` for an unknown suffix."""
    if suffix not in _WRITERS:
        raise error(
            codes.UNKNOWN_FORMAT,
            f"a record is a text or a JSON report: its name must end in {listed(_WRITERS)}, not in '{suffix}'",
        )
    return _WRITERS[suffix](report)


def _keras_text(report: Study) -> str:
    """Returns Keras's summary with nested layers and the column Trainable, so wide that no cell is cropped."""
    from convcalc.keras_text.options import Options
    from convcalc.keras_text.print3 import keras_text

    length = _FIRST_LENGTH
    while True:
        text = keras_text(report, Options(length + 4, length, None, True, True))
        if "…" not in text or length >= _MAX_LENGTH:
            return text
        length = min(2 * length, _MAX_LENGTH)


def _json(report: Study) -> str:
    from convcalc.report_json.write import report_json

    return report_json(report)


_WRITERS = {".txt": _keras_text, ".json": _json}
