"""A table as data. Several formats write it as text: table, CSV, Markdown, HTML and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convcalc.rendering.style import TextStyle


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        heading: The text above the cells.
        right: True for a column of numbers. Its cells are aligned right and do not wrap.
        style: The style of the cells, such as ``bold red``.
        signed: True if a cell that begins with + or - is green or red.
        detail: True if a cell has a name and details, such as ``conv2d (Conv2D)``. The details are dimmed.
    """

    heading: str
    right: bool = False
    style: str = ""
    signed: bool = False
    detail: bool = False

    def painted(self, text: str, style: TextStyle, default: str = "", further: bool = False) -> str:
        """Returns a line of a cell in the style of the column, or in the style ``default``.

        ``further`` is True for a line after the first line of a cell.
        """
        if style.paint is None:
            return text
        if self.signed and text.strip()[:1] in ("+", "-"):
            return style.painted(text, "green" if text.strip().startswith("+") else "red")
        start = -1
        if self.detail:
            start = 0 if further else text.find(" (") if " (" in text else text.find(" ←")
        if start >= 0:
            return style.painted(text[:start], self.style or default) + style.painted(text[start:], "dim")
        return style.painted(text, self.style or default)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its title and notes.

    Attributes:
        title: The title.
        fields: The names of the columns in formats that programs read, such as CSV.
        columns: The columns, with headings for people.
        rows: The texts of the cells.
        notes: The lines below the table, such as totals.
        short: A function that returns forms of the sheet with shorter texts, for narrow terminals; None if there are none.
    """

    title: str
    fields: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    short: Callable[[], Sequence[Sheet]] | None = None


def with_model(sheet: Sheet, model: str) -> Sheet:
    """Returns the sheet with an additional first column: the name of the model.

    A table with the layers of several models needs this column.
    """
    rows = [(model, *row) for row in sheet.rows]
    return replace(sheet, fields=("model", *sheet.fields), columns=(Column("Model"), *sheet.columns), rows=rows)
