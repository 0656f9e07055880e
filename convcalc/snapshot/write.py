"""A report as a record: the text that Keras prints, with all that it can say, or the JSON report."""

from __future__ import annotations

from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.problems import error, listed

_WIDEST = 10_000


def _text(report: Study) -> str:
    """Keras's summary with the layers of nested models and what trains, in a width at which no cell is cropped."""
    from convcalc.keras_text.options import Options
    from convcalc.keras_text.print3 import keras_text

    length = 120
    while True:
        text = keras_text(report, Options(length + 4, length, None, True, True))
        if "…" not in text or length >= _WIDEST:
            return text
        length = min(2 * length, _WIDEST)


def _json(report: Study) -> str:
    from convcalc.report_json.write import report_json

    return report_json(report)


# By the ending of the record's file.
RECORDS = {".txt": _text, ".json": _json}


def snapshot_text(report: Study, suffix: str) -> str:
    """What stands in a record with this ending. Raises :class:`ConvcalcError` for one that there is not."""
    if suffix not in RECORDS:
        raise error(
            codes.UNKNOWN_FORMAT, f"a record is a text or a JSON report: name it {listed(RECORDS)}, not '{suffix}'"
        )
    return RECORDS[suffix](report)
