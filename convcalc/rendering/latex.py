r"""A sheet as a LaTeX table: a ``longtable``, which goes on over pages, as a deep network's does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from convcalc.base.text import visible
from convcalc.rendering.output_format import SHEET_OPTIONS, OutputFormat
from convcalc.rendering.sheet import Sheet
from convcalc.rendering.text import blank_line_between

PREAMBLE = "% needs \\usepackage{booktabs,longtable}\n"
_SIGNS = {
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
# Two of these together would join into another sign.
_MEANT = re.compile(rf"(?P<joining>[-,'])(?=(?P=joining))|[{re.escape(''.join(_SIGNS))}]|[^\x00-\x7f]")


def latex_text(sheet: Sheet) -> str:
    """The table with its title as a caption, its header on every page, and the notes below."""
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
    # Behind the end of the row before it, a star or a bracket would be that command's argument.
    return f"{'{}' if line.startswith(('*', '[')) else ''}{line} \\\\"


def _indented(cell: str) -> str:
    """A cell; blanks at its beginning, which LaTeX drops, stay."""
    text = cell.lstrip(" ")
    return "~" * (len(cell) - len(text)) + escaped(text)


def escaped(text: str) -> str:
    """A text that LaTeX sets as it stands; what an old pdfLaTeX has no sign for is written out."""
    return _MEANT.sub(_written, visible(text))


def _written(match: re.Match[str]) -> str:
    sign = match[0]
    if match["joining"]:
        return f"{sign}{{}}"
    if sign in _SIGNS:
        return _SIGNS[sign]
    letter, *accent = list(unicodedata.normalize("NFD", sign))
    if len(accent) == 1 and accent[0] in _ACCENTS and letter.isascii() and letter.isalpha():
        return f"\\{_ACCENTS[accent[0]]}{{{letter}}}"
    return escaped(sign.encode("ascii", "backslashreplace").decode())


def latex_sheets(sheets: Iterable[Sheet]) -> Iterator[str]:
    """A table for each sheet, after a comment that names the packages they need."""
    yield PREAMBLE
    yield from blank_line_between(map(latex_text, sheets))


FORMATS = (OutputFormat("latex", (".tex",), options=SHEET_OPTIONS, sheets="convcalc.rendering.latex:latex_sheets"),)
