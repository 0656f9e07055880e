"""Sheets in the formats of tables, by name: what a check and a difference are written with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from convcalc.rendering.sheet import Sheet

Format: TypeAlias = "Callable[[Sequence[Sheet]], str]"


def _csv(sheets: Sequence[Sheet]) -> str:
    """The first sheet alone: a CSV file is one table."""
    from convcalc.rendering.csv import csv_text

    return csv_text(sheets[0])


def _markdown(sheets: Sequence[Sheet]) -> str:
    from convcalc.rendering.markdown import markdown_text

    return "\n".join(map(markdown_text, sheets))


def _html(sheets: Sequence[Sheet]) -> str:
    from convcalc.rendering.html import html_page

    return html_page(sheets)


def _latex(sheets: Sequence[Sheet]) -> str:
    from convcalc.rendering.latex import PREAMBLE, latex_text

    return PREAMBLE + "\n".join(map(latex_text, sheets))


# A format's module is imported when the format is asked for.
SHEET_FORMATS: dict[str, Format] = {"csv": _csv, "markdown": _markdown, "html": _html, "latex": _latex}
