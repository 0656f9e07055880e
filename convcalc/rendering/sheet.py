"""A table as data. The formats table, CSV, Markdown, HTML and LaTeX are written from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        heading: The heading.
        right: True for numbers: they are aligned right and do not wrap.
        style: The style of the cells, as Rich names it.
    """

    heading: str
    right: bool = False
    style: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its title and notes.

    Attributes:
        title: The title.
        fields: The names of the columns for programs, as in CSV.
        columns: The columns for people.
        rows: The texts of the cells.
        notes: The lines below the table, such as totals.
    """

    title: str
    fields: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def with_model(sheet: Sheet, model: str) -> Sheet:
    """Returns the sheet with the model as its first column, for tables of several models."""
    rows = [(model, *row) for row in sheet.rows]
    return replace(sheet, fields=("model", *sheet.fields), columns=(Column("Model"), *sheet.columns), rows=rows)
