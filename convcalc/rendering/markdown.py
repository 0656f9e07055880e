"""A sheet as a table in GitHub's Markdown, with its notes as a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from convcalc.base.text import visible
from convcalc.rendering.output_format import SHEET_OPTIONS, OutputFormat
from convcalc.rendering.sheet import Sheet
from convcalc.rendering.text import blank_line_between

# Characters with a meaning in Markdown. The characters @, # and $ are written as codes, because GitHub would show them
# as the beginning of a name, an issue or a formula.
_SPECIAL = re.compile(r"(?P<plain>[\\`*_<>\[\]|~&!])|(?P<coded>[@#$]+)|(?<=www)\.|:(?=//)", re.IGNORECASE)
# The beginning of a nested list or of a horizontal line.
_LIST = re.compile(r"^(\d*)(?=[-+.)])")


def markdown_text(sheet: Sheet) -> str:
    """Returns the title as a heading, the table, and the notes. Numbers in the table are aligned right."""
    lines = [
        f"## {escaped(sheet.title)}",
        "",
        _row([escaped(column.heading) for column in sheet.columns]),
        _row(["---:" if column.right else "---" for column in sheet.columns]),
        *(_row([_indented(cell) for cell in row]) for row in sheet.rows),
    ]
    if sheet.notes:
        lines += ["", *(f"- {_list_item(escaped(note.strip()))}" for note in sheet.notes)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _indented(cell: str) -> str:
    """Returns the text of a cell. Leading spaces are replaced, because Markdown ignores them."""
    text = cell.lstrip(" ")
    return "&nbsp;" * (len(cell) - len(text)) + escaped(text)


def escaped(text: str) -> str:
    """Returns the text with Markdown's special characters escaped."""
    return _SPECIAL.sub(lambda match: f"`{match[0]}`" if match["coded"] else f"\\{match[0]}", visible(text))


def _list_item(text: str) -> str:
    """Escapes the beginning of a list item, so that the item does not begin a nested list."""
    return _LIST.sub(r"\1\\", text)


def markdown_sheets(sheets: Iterable[Sheet]) -> Iterator[str]:
    """Yields a section for each sheet."""
    return blank_line_between(map(markdown_text, sheets))


FORMATS = (
    OutputFormat(
        "markdown",
        (".md", ".markdown"),
        options=(*SHEET_OPTIONS, "insights"),
        sheets="convcalc.rendering.markdown:markdown_sheets",
    ),
)
