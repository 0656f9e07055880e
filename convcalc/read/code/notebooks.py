"""Reads the code in a file: one text for a .py file, one text for each code cell of a notebook."""

from __future__ import annotations

import json
import re
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Source, error

# A line that is a command of Jupyter, not Python: `%matplotlib inline`, `!pip install keras`, `files = !ls`, `help?`.
_MAGIC = re.compile(r"^(\s*)(?:%{1,2}[a-zA-Z]|!|\?|\w+(?:\s*,\s*\w+)*\s*=\s*(?:%[a-zA-Z]|!)|[\w.]+\?\??\s*$)")
_PYTHON_CELLS = (
    "%%time",
    "%%timeit",
    "%%capture",
    "%%prun",
    "%%python3",
    "%%python",
)  # Cells that begin with one of these commands contain Python code. Cells with other commands, such as %%bash, are skipped.


def sources_of(text: str, name: str) -> list[Source]:
    """Returns the code in a file: one source for a program, one for each code cell of a notebook.

    Raises :class:`ConvcalcError` if a notebook cannot be read or is empty.
    """
    if not name.endswith(".ipynb"):
        if not text.strip("\ufeff \t\r\n"):
            raise error(codes.EMPTY, f"{name}: the file is empty; give a file with Keras code")
        return [Source(name, text.removeprefix("\ufeff"))]
    sources = []
    for number, cell in enumerate(_cells(text, name)):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            code = cell.get("source", cell.get("input", ""))
            lines = "".join(map(str, code)) if isinstance(code, list) else str(code)
            sources.append(Source(f"{name}:cell{number}", without_magics(lines)))
    if not any(source.text.strip() for source in sources):
        raise error(codes.EMPTY, f"{name}: the notebook has no code cells; give a notebook with Keras code")
    return sources


def _cells(text: str, name: str) -> list[Any]:
    """Returns the cells of a notebook."""
    if not text.strip():
        raise error(codes.EMPTY, f"{name}: the file is empty; give a notebook with Keras code")
    try:
        notebook = json.loads(text.removeprefix("\ufeff"))
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        cells = None
    if not isinstance(cells, list):
        raise error(codes.PYTHON_SYNTAX, f"{name}: the file is not a Jupyter notebook; save it again in Jupyter")
    return cells


def without_magics(text: str) -> str:
    """Returns the code of a cell with empty lines in place of lines such as ``%matplotlib inline`` and ``!pip install
    keras``.
    """
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and first.split()[0] not in _PYTHON_CELLS:
        return ""
    result: list[str] = []
    continued = False
    for line in lines:
        if continued:
            continued = line.rstrip().endswith("\\")
            result.append("")
        elif (found := _MAGIC.match(line)) and not _is_in_text(result):
            continued = line.rstrip().endswith("\\")
            assigned = re.match(r"^(\s*\w+(?:\s*,\s*\w+)*)\s*=\s*[%!]", line)
            result.append(f"{assigned[1]} = None" if assigned and "," not in assigned[1] else f"{found[1]}pass")
        else:
            result.append(line)
    return "\n".join(result)


def _is_in_text(lines: list[str]) -> bool:
    """Returns True if the next line continues a text or an expression, so that a ``%`` at its start is an operator."""
    code = "\n".join(lines)
    if code.count('"""') % 2 or code.count("'''") % 2:
        return True
    last = next((line.rstrip() for line in reversed(lines) if line.strip()), "")
    return last.endswith(("(", "[", "{", ",", "\\", "%", "+", "=")) and not last.lstrip().startswith("#")
