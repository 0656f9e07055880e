"""Sheets as one complete HTML page that needs no other files, or as a fragment of HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from convcalc.base.text import visible
from convcalc.rendering.output_format import SHEET_OPTIONS, OutputFormat
from convcalc.rendering.sheet import Column, Sheet

# The styles apply only to elements inside .convcalc. Therefore a fragment does not change the page around it. The class
# is written twice, because JupyterLab's own rule for cells, which aligns them right, would otherwise win.
_STYLE = """\
section.convcalc.convcalc { font: 15px/1.45 system-ui, sans-serif; overflow-x: auto; }
section.convcalc.convcalc h2 { font-size: 1.15em; margin: 0 0 .6em; overflow-wrap: anywhere; }
section.convcalc.convcalc table { border-collapse: collapse; font-size: .93em; }
section.convcalc.convcalc th,
section.convcalc.convcalc td { border-bottom: 1px solid #8884; padding: .3em .8em; text-align: left; vertical-align: top; }
section.convcalc.convcalc thead th { border-bottom: 2px solid #8888; white-space: nowrap; }
section.convcalc.convcalc td { font-family: ui-monospace, monospace; white-space: pre-wrap; min-width: 8em; overflow-wrap: break-word; }
section.convcalc.convcalc .sign { min-width: 0; }
section.convcalc.convcalc .number { text-align: right; min-width: 0; white-space: nowrap; font-variant-numeric: tabular-nums; }
section.convcalc.convcalc .more { color: #2da44e; }
section.convcalc.convcalc .less { color: #e5534b; }
section.convcalc.convcalc tbody tr:hover { background: #8882; }
section.convcalc.convcalc ul { list-style: none; margin: .8em 0 0; padding: 0; }
"""
_PAGE_STYLE = """\
:root { color-scheme: light dark; }
body { background: #fff; color: #1c2024; margin: 2em auto; max-width: 110em; padding: 0 1em; }
section { margin-bottom: 3em; }
@media (prefers-color-scheme: dark) { body { background: #15181b; color: #dfe3e7; } }
@media (max-width: 40em) { body { margin: 1em auto; padding: 0 .6em; } }
"""


def html_page(sheets: Sequence[Sheet]) -> str:
    """Returns a complete page with a section for each sheet."""
    title = ", ".join(sheet.title for sheet in sheets)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>\n{_PAGE_STYLE}{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(map(_section, sheets))
        + "</body>\n</html>\n"
    )


def html_fragment(sheet: Sheet) -> str:
    """Returns a section for another page. The section contains its style."""
    return f"<style>\n{_STYLE}</style>\n{_section(sheet)}"


def _section(sheet: Sheet) -> str:
    return "".join(f"{line}\n" for line in _lines(sheet))


def _lines(sheet: Sheet) -> Iterator[str]:
    yield '<section class="convcalc">'
    yield f"<h2>{_text(sheet.title)}</h2>"
    yield "<table>"
    headings = [_cell("th", column, column.heading, ' scope="col"') for column in sheet.columns]
    yield f"<thead><tr>{''.join(headings)}</tr></thead>"
    yield "<tbody>"
    for row in sheet.rows:
        yield f"<tr>{''.join(_cell('td', column, cell) for column, cell in zip(sheet.columns, row))}</tr>"
    yield "</tbody>"
    yield "</table>"
    if sheet.notes:
        yield "<ul>"
        yield from (f"<li>{_text(note.strip())}</li>" for note in sheet.notes)
        yield "</ul>"
    yield "</section>"


def _cell(tag: str, column: Column, text: str, attributes: str = "") -> str:
    classes = ["number"] if column.right else [] if column.heading else ["sign"]
    if column.signed and text[:1] in ("+", "-"):
        classes.append("more" if text[0] == "+" else "less")
    css_class = f' class="{" ".join(classes)}"' if classes else ""
    return f"<{tag}{attributes}{css_class}>{_text(text)}</{tag}>"


def _text(text: str) -> str:
    return escape(visible(text))


def html_sheets(sheets: Iterable[Sheet]) -> Iterator[str]:
    """Yields one page with all sheets."""
    yield html_page(list(sheets))


FORMATS = (
    OutputFormat(
        "html", (".html", ".htm"), options=(*SHEET_OPTIONS, "insights"), sheets="convcalc.rendering.html:html_sheets"
    ),
)
