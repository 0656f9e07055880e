"""A table as data. Several formats write it as text: table, CSV, Markdown, HTML and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        heading: The text above the cells.
        right: True for a column of numbers. Its cells are aligned right and do not wrap.
        style: The name of a style of Rich for the cells.
    """

    heading: str
    right: bool = False
    style: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its title and notes.

    Attributes:
        title: The title.
        fields: The names of the columns in formats that programs read, such as CSV.
        columns: The columns, with headings for people.
        rows: The texts of the cells.
        notes: The lines below the table, such as totals.
    """

    title: str
    fields: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def with_model(sheet: Sheet, model: str) -> Sheet:
    """Returns the sheet with an additional first column: the name of the model.

    A table with the layers of several models needs this column.
    """
    rows = [(model, *row) for row in sheet.rows]
    return replace(sheet, fields=("model", *sheet.fields), columns=(Column("Model"), *sheet.columns), rows=rows)
