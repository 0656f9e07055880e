"""The JSON report, and other data as JSON."""

from __future__ import annotations

import json
from typing import Any

from convcalc.analyse.report import Report
from convcalc.render.text import STEERING


def dumps(data: Any) -> str:
    """JSON for people and programs: two spaces of indent, short lists of numbers on one line, a newline at the end."""
    return _compact(data, 0) + "\n"


def line(data: Any) -> str:
    """JSON on one line of its own (JSON Lines)."""
    return _json(data, separators=(",", ":")) + "\n"


def report_json(report: Report) -> str:
    """The JSON report, version 1."""
    return dumps(report.as_dict())


def _json(value: Any, separators: tuple[str, str] | None = None) -> str:
    """The value as JSON, with characters that would steer a terminal, or hide, as escapes of JSON's."""
    text = json.dumps(value, ensure_ascii=False, separators=separators)
    return text if text.isprintable() else STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


_WIDTH = 100


def _compact(value: Any, indent: int) -> str:
    """A value as text: on one line where that is no longer than the width. Each part is written once."""
    if isinstance(value, dict):
        parts = [f"{_json(str(key))}: {_compact(part, indent + 2)}" for key, part in value.items()]
        start, end = "{", "}"
    elif isinstance(value, list):
        parts = [_compact(part, indent + 2) for part in value]
        start, end = "[", "]"
    else:
        return _json(value)
    if sum(map(len, parts)) + 2 * len(parts) + indent <= _WIDTH and not any("\n" in part for part in parts):
        return f"{start}{', '.join(parts)}{end}"
    if not parts:
        return start + end
    pad = "\n" + " " * (indent + 2)
    return f"{start}{pad}{f',{pad}'.join(parts)}\n{' ' * indent}{end}"
