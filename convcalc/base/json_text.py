"""Data as JSON text."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from convcalc.base.text import STEERING


def dumps(data: Any) -> str:
    """JSON for people and programs: two spaces of indent, short lists of numbers on one line, a newline at the end."""
    return _compact(data, 0) + "\n"


def line(data: Any) -> str:
    """JSON on one line of its own (JSON Lines)."""
    return _json(data, separators=(",", ":")) + "\n"


def _json(value: Any, separators: tuple[str, str] | None = None) -> str:
    """The value as JSON."""
    import json  # with its reader, which a report has no use for

    return _shown(json.dumps(value, ensure_ascii=False, separators=separators))


def _shown(text: str) -> str:
    """JSON with characters that would steer a terminal, or hide, as escapes of JSON's."""
    return text if text.isprintable() else re.sub(STEERING, lambda match: f"\\u{ord(match[0]):04x}", text)


@lru_cache(maxsize=10_000)  # a report says the same keys and names time and again
def _string(text: str) -> str:
    """A text as JSON."""
    plain = text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else _json(text)


_WIDTH = 100
# How what holds nothing else is written, by its type; the encoder takes many times as long.
_LEAVES: dict[type, Callable[[Any], str]] = {
    str: _string,
    int: repr,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
}


def _compact(value: Any, indent: int) -> str:
    """A value as text: on one line where that is no longer than the width. Each part is written once."""
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
