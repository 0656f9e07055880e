"""A sheet as a LaTeX table. It is a ``longtable``, because the table of a deep network can need several pages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from convcalc.base.text import visible
from convcalc.rendering.output_format import SHEET_OPTIONS, OutputFormat
from convcalc.rendering.sheet import Sheet
from convcalc.rendering.text import blank_line_between

PREAMBLE = "% needs \\usepackage{booktabs,longtable}\n"
_CHARACTERS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "#": r"\#",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': "{''}",
    "−": "$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "→": r"$\rightarrow$",
    "└": r"$\hookrightarrow$",
    "…": r"\ldots{}",
    "Δ": r"$\Delta$",
}
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0308": '"',
    "\u030a": "r",
    "\u030c": "v",
    "\u0327": "c",
}
# LaTeX would print ``--``, ``,,`` or ``''`` as one character, so ``{}`` is added between the two.
_SPECIAL = re.compile(rf"(?P<joining>[-,'])(?=(?P=joining))|[{re.escape(''.join(_CHARACTERS))}]|[^\x00-\x7f]")


def latex_text(sheet: Sheet) -> str:
    """Returns the table. The title is the caption, every page has the header, and the notes are below the table."""
    header = ["\\toprule", _row([column.heading for column in sheet.columns]), "\\midrule"]
    notes = [f"\\multicolumn{{{len(sheet.columns)}}}{{l}}{{{escaped(note.strip())}}} \\\\" for note in sheet.notes]
    lines = [
        f"\\begin{{longtable}}{{{''.join('r' if column.right else 'l' for column in sheet.columns)}}}",
        f"\\caption{{{escaped(sheet.title)}}} \\\\",
        *[*header, "\\endfirsthead"],
        *[*header, "\\endhead"],
        *["\\bottomrule", "\\endfoot"],
        *["\\bottomrule", *notes, "\\endlastfoot"],
        *map(_row, sheet.rows),
        "\\end{longtable}",
    ]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    line = " & ".join(map(_indented, cells))
    # The empty group {} is added, because LaTeX would read a star or a bracket as an argument of the \\ before it.
    return f"{'{}' if line.startswith(('*', '[')) else ''}{line} \\\\"


def _indented(cell: str) -> str:
    """Returns the text of a cell. Leading spaces are replaced, because LaTeX ignores them."""
    text = cell.lstrip(" ")
    return "~" * (len(cell) - len(text)) + escaped(text)


def escaped(text: str) -> str:
    """Returns the text with LaTeX's special characters escaped.

    Characters that an old pdfLaTeX does not know are written as codes.
    """
    return _SPECIAL.sub(_replacement, visible(text))


def _replacement(match: re.Match[str]) -> str:
    character = match[0]
    if match["joining"]:
        return f"{character}{{}}"
    if character in _CHARACTERS:
        return _CHARACTERS[character]
    letter, *accent = list(unicodedata.normalize("NFD", character))
    if len(accent) == 1 and accent[0] in _ACCENTS and letter.isascii() and letter.isalpha():
        return f"\\{_ACCENTS[accent[0]]}{{{letter}}}"
    return escaped(character.encode("ascii", "backslashreplace").decode())


def latex_sheets(sheets: Iterable[Sheet]) -> Iterator[str]:
    """Yields a comment with the names of the required packages, and then a table for each sheet."""
    yield PREAMBLE
    yield from blank_line_between(map(latex_text, sheets))


FORMATS = (OutputFormat("latex", (".tex",), options=SHEET_OPTIONS, sheets="convcalc.rendering.latex:latex_sheets"),)
