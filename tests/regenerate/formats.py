"""Writes the index of output formats, ``convcalc/rendering/format_index.py``.

The index is made from the declarations in the modules of ``convcalc/rendering/``. Run this script with ``python -m
tests.regenerate.formats``.
"""

from __future__ import annotations

from importlib import import_module

from convcalc.rendering.output_format import OutputFormat
from tests.paths import PACKAGE

INDEX = PACKAGE / "rendering" / "format_index.py"
# The order in which help texts and error messages list the formats. Formats that are not listed here follow, sorted by
# name.
ORDER = [
    "table",
    "keras",
    "keras2",
    "json",
    "jsonl",
    "csv",
    "markdown",
    "html",
    "latex",
    "mermaid",
    "dot",
    "github",
    "sarif",
    "junit",
]
HEAD = '''\
"""Lists all output formats, so that the module of a format is imported only when the format is used.

Generated from the declarations: run `python -m tests.regenerate.formats` after adding a format.
"""

from __future__ import annotations

from convcalc.rendering.output_format import OutputFormat

INDEX = (
'''


def declared() -> list[OutputFormat]:
    """Returns the formats that the modules declare."""
    modules = [
        import_module(f"convcalc.rendering.{file.stem}") for file in sorted((PACKAGE / "rendering").glob("*.py"))
    ]
    formats = [
        format for module in modules for format in getattr(module, "FORMATS", ()) if isinstance(format, OutputFormat)
    ]
    return sorted(formats, key=lambda format: ORDER.index(format.name) if format.name in ORDER else len(ORDER))


def index() -> str:
    """Returns the text of the index."""
    return HEAD + "".join(map(_entry, declared())) + ")\n"


def _entry(format: OutputFormat) -> str:
    default = OutputFormat("")
    values = ((name, getattr(format, name)) for name in OutputFormat._fields)
    lines = [f"        {name}={_literal(value)},\n" for name, value in values if value != getattr(default, name)]
    return f"    OutputFormat(\n{''.join(lines)}    ),\n"


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    return f'"{value}"' if isinstance(value, str) else repr(value)


if __name__ == "__main__":
    INDEX.write_text(index(), encoding="utf-8")
