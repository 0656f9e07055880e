"""Limits the memory that parsing a JSON text takes, before the text is parsed.

The text is scanned in parts of a fixed size, so the scan itself takes little memory for any text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error

MAX_NESTING = 200
MAX_MEMORY = 250 * 2**20  # the maximum size in bytes of a text and its values together
_PART = 2**18  # the number of characters that are scanned at once
# The sizes of Python's objects, rounded up: a list, a mapping with up to five entries, any other value with its place in a
# list, and an entry of a mapping.
_LIST, _MAPPING, _VALUE, _ENTRY = 88, 232, 64, 48
_NO_BRACKETS = r"[^\[\]{}]+"


def require_small(text: str, source: str) -> None:
    """Raises :class:`ConvcalcError` if a JSON text is nested too deep, or if its values would take too much memory.

    ``source`` is the name of the file in messages.
    """
    memory = 2 * sys.getsizeof(text)  # the text, and its strings as values
    if memory > MAX_MEMORY:
        raise _too_large(source)
    depth = 0
    for part in _outside_strings(text):
        lists, mappings = part.count("["), part.count("{")
        memory += _LIST * lists + _MAPPING * mappings
        memory += _VALUE * (part.count(",") + lists + mappings) + _ENTRY * part.count(":")
        if memory > MAX_MEMORY:
            raise _too_large(source)
        for bracket in re.sub(_NO_BRACKETS, "", part):
            depth += 1 if bracket in "[{" else -1
            if depth > MAX_NESTING:
                message = f"{source}: lists and mappings are nested deeper than {MAX_NESTING} levels"
                raise error(codes.TOO_DEEP, message)


def _outside_strings(text: str) -> Iterator[str]:
    """Yields the text without its strings, in parts."""
    start, in_string = 0, False
    while start < len(text):
        end = start + _PART
        while text[end - 1 : end] == "\\":  # an escape must not be divided
            end += 1
        part = text[start:end]
        if "\\" in part:
            part = part.replace("\\\\", "").replace('\\"', "")
        pieces = part.split('"')
        yield "".join(pieces[in_string::2])
        in_string ^= len(pieces) % 2 == 0
        start = end


def _too_large(source: str) -> ConvcalcError:
    message = f"the values of this JSON would take more than {MAX_MEMORY >> 20} MB of memory; no model needs as much"
    return error(codes.TOO_LARGE, f"{source}: {message}")
