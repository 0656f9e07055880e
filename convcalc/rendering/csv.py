"""A sheet as CSV (RFC 4180) for programs and spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from convcalc.base.text import visible
from convcalc.rendering.output_format import SHEET_OPTIONS, OutputFormat
from convcalc.rendering.sheet import Sheet

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?")
# A spreadsheet reads a text that begins with one of these characters as a formula, and may run it. (Tabs and line ends
# are already escaped.)
_FORMULA = ("=", "+", "-", "@")


def csv_text(sheet: Sheet, header: bool = True) -> str:
    """Returns a header with the field names, and the rows.

    An apostrophe is added before a text that a spreadsheet would read as a formula.
    """
    out = io.StringIO()
    write = csv.writer(out).writerow
    if header:
        write(sheet.fields)
    for row in sheet.rows:
        write(map(_cell, row))
    return out.getvalue()


def _cell(text: str) -> str:
    text = visible(text)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def csv_sheets(sheets: Iterable[Sheet]) -> Iterator[str]:
    """Yields the rows of all sheets under one header. All sheets have the same columns."""
    return (csv_text(sheet, header=number == 0) for number, sheet in enumerate(sheets))


FORMATS = (
    OutputFormat("csv", (".csv",), machine=True, options=SHEET_OPTIONS, sheets="convcalc.rendering.csv:csv_sheets"),
)
