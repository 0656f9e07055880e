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
# A spreadsheet takes a text that begins so for a formula, and may run it. Tabs and line ends are written out before.
_FORMULA = ("=", "+", "-", "@")


def csv_text(sheet: Sheet, header: bool = True) -> str:
    """The rows under a header of field names; a text that a spreadsheet would run has an apostrophe before it."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    if header:
        write(sheet.fields)
    for row in sheet.rows:
        write(map(_cell, row))
    return out.getvalue()


def _cell(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) and not _NUMBER.fullmatch(shown) else shown


def csv_sheets(sheets: Iterable[Sheet]) -> Iterator[str]:
    """The rows of all sheets, which have the same columns, under one header."""
    return (csv_text(sheet, header=number == 0) for number, sheet in enumerate(sheets))


FORMATS = (
    OutputFormat("csv", (".csv",), machine=True, options=SHEET_OPTIONS, sheets="convcalc.rendering.csv:csv_sheets"),
)
