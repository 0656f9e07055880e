"""A sheet as a table of GitHub's Markdown, and its notes as a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from convcalc.base.text import visible
from convcalc.rendering.output_format import SHEET_OPTIONS, OutputFormat
from convcalc.rendering.sheet import Sheet
from convcalc.rendering.text import blank_line_between

# What means something in Markdown. A sign in code is only itself: so no one is mentioned, no issue linked, no formula set.
_SIGNS = re.compile(r"(?P<plain>[\\`*_<>\[\]|~&!])|(?P<coded>[@#$]+)|(?<=www)\.|:(?=//)", re.IGNORECASE)
# The beginning of a list in a list, or of a line across.
_LIST = re.compile(r"^(\d*)(?=[-+.)])")


def markdown_text(sheet: Sheet) -> str:
    """The title as a heading, the table with numbers at the right, and the notes."""
    lines = [
        f"## {escaped(sheet.title)}",
        "",
        _row([escaped(column.heading) for column in sheet.columns]),
        _row(["---:" if column.right else "---" for column in sheet.columns]),
        *(_row([_indented(cell) for cell in row]) for row in sheet.rows),
    ]
    if sheet.notes:
        lines += ["", *(f"- {_beginning(escaped(note.strip()))}" for note in sheet.notes)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _indented(cell: str) -> str:
    """A cell; blanks at its beginning, which Markdown drops, stay."""
    text = cell.lstrip(" ")
    return "&nbsp;" * (len(cell) - len(text)) + escaped(text)


def escaped(text: str) -> str:
    """A text in which Markdown sees no markup."""
    return _SIGNS.sub(lambda match: f"`{match[0]}`" if match["coded"] else f"\\{match[0]}", visible(text))


def _beginning(text: str) -> str:
    """The beginning of a list item, which is not to begin another list."""
    return _LIST.sub(r"\1\\", text)


def markdown_sheets(sheets: Iterable[Sheet]) -> Iterator[str]:
    """A section for each sheet."""
    return blank_line_between(map(markdown_text, sheets))


FORMATS = (
    OutputFormat(
        "markdown",
        (".md", ".markdown"),
        options=(*SHEET_OPTIONS, "insights"),
        sheets="convcalc.rendering.markdown:markdown_sheets",
    ),
)
