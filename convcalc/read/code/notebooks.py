"""Reads the code in a file: one text for a .py file, one text for each code cell of a notebook."""

from __future__ import annotations

import json
import re
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Source, error
from convcalc.read.code.syntax import MAX_CODE, TooLong, tree_bytes
from convcalc.read.json_limits import require_small

_CELL = 200  # a cell costs as much work as this many characters
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
    sources, length = [], 0
    for number, cell in enumerate(_cells(text, name)):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            code = cell.get("source", cell.get("input", ""))
            lines = "".join(map(str, code)) if isinstance(code, list) else str(code)
            length += len(lines) + _CELL
            if length > MAX_CODE:
                raise error(codes.TOO_LARGE, f"{name}: the cells have more than {MAX_CODE:,} characters of code")
            sources.append(Source(f"{name}:cell{number}", without_magics(lines)))
    try:
        tree_bytes("\n".join(source.text for source in sources))
    except TooLong as failed:
        raise error(codes.TOO_LARGE, f"{name}: {failed}") from None
    if not any(source.text.strip() for source in sources):
        raise error(codes.EMPTY, f"{name}: the notebook has no code cells; give a notebook with Keras code")
    return sources


def _cells(text: str, name: str) -> list[Any]:
    """Returns the cells of a notebook."""
    if not text.strip():
        raise error(codes.EMPTY, f"{name}: the file is empty; give a notebook with Keras code")
    source = Source(name, text.removeprefix("\ufeff") if text.startswith("\ufeff") else text)
    require_small(source.text, name)
    try:
        notebook = json.loads(source.text)
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
    before = _Before()
    continued = False
    for line in lines:
        if continued:
            continued = line.rstrip().endswith("\\")
            line = ""
        elif (found := _MAGIC.match(line)) and not before.is_in_text():
            continued = line.rstrip().endswith("\\")
            assigned = re.match(r"^(\s*\w+(?:\s*,\s*\w+)*)\s*=\s*[%!]", line)
            line = f"{assigned[1]} = None" if assigned and "," not in assigned[1] else f"{found[1]}pass"
        result.append(line)
        before.add(line)
    return "\n".join(result)


class _Before:
    """What the lines before a line say about it: the number of triple quotes, and the last line that is not empty."""

    def __init__(self) -> None:
        self.quotes = [0, 0]
        self.last = ""

    def add(self, line: str) -> None:
        """Adds a line."""
        self.quotes[0] += line.count('"""')
        self.quotes[1] += line.count("'''")
        if line.strip():
            self.last = line.rstrip()

    def is_in_text(self) -> bool:
        """Returns True if the next line continues a text or an expression, so that a ``%`` at its start is an operator."""
        if any(count % 2 for count in self.quotes):
            return True
        ends = ("(", "[", "{", ",", "\\", "%", "+", "=")
        return self.last.endswith(ends) and not self.last.lstrip().startswith("#")
