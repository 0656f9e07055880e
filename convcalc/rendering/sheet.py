"""A table as data, which every format of tables draws: the terminal's, CSV, Markdown, HTML, LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """A column: its heading, whether its cells stand at the right (numbers, which never wrap), and its style."""

    heading: str
    right: bool = False
    style: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """``fields`` names the columns for programs (CSV), ``columns`` for people. ``notes`` are the lines below: the totals."""

    title: str
    fields: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def with_model(sheet: Sheet, model: str) -> Sheet:
    """The sheet with a first column that says which model a row is of, for several in one table."""
    rows = [(model, *row) for row in sheet.rows]
    return replace(sheet, fields=("model", *sheet.fields), columns=(Column("Model"), *sheet.columns), rows=rows)
