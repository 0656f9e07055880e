"""Writes data as JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from convcalc.base.text import escaped, is_visible


def dumps(data: Any) -> str:
    """Returns JSON with an indent of two spaces, short lists on one line, and a final newline."""
    return _compact(data, 0) + "\n"


def line(data: Any) -> str:
    """Returns JSON on one line, with a final newline (JSON Lines)."""
    return _json(data, separators=(",", ":")) + "\n"


def _json(value: Any, separators: tuple[str, str] | None = None) -> str:
    """Returns a value as JSON."""
    import json  # imported lazily: the json module also loads a reader, which is not needed here

    text = json.dumps(value, ensure_ascii=False, separators=separators)
    return escaped(text, lambda character: json.dumps(character)[1:-1])


@lru_cache(maxsize=10_000)  # cached: a report repeats the same keys and names
def _string(text: str) -> str:
    """Returns a string as JSON."""
    plain = is_visible(text) and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else _json(text)


_WIDTH = 100
# Functions that write simple values, by type. The json module would be many times slower.
_LEAVES: dict[type, Callable[[Any], str]] = {
    str: _string,
    int: repr,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
}


def _compact(value: Any, indent: int) -> str:
    """Returns a value as JSON, on one line if it fits the width."""
    inner = indent + 2
    parts: list[str] = []
    if isinstance(value, dict):
        for key, part in value.items():
            leaf = _LEAVES.get(type(part))
            parts.append(f"{_string(str(key))}: {leaf(part) if leaf else _compact(part, inner)}")
        start, end = "{", "}"
    elif isinstance(value, list):
        for part in value:
            leaf = _LEAVES.get(type(part))
            parts.append(leaf(part) if leaf else _compact(part, inner))
        start, end = "[", "]"
    else:
        return _json(value)
    if len(parts) < _WIDTH // 2 and sum(map(len, parts)) + 2 * len(parts) + indent <= _WIDTH:
        line = ", ".join(parts)
        if "\n" not in line:
            return f"{start}{line}{end}"
    if not parts:
        return start + end
    pad = "\n" + " " * inner
    return f"{start}{pad}{f',{pad}'.join(parts)}\n{' ' * indent}{end}"
