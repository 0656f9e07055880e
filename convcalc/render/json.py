"""The JSON report, and other data as JSON."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
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
    """The value as JSON."""
    return _shown(json.dumps(value, ensure_ascii=False, separators=separators))


def _shown(text: str) -> str:
    """JSON with characters that would steer a terminal, or hide, as escapes of JSON's."""
    return text if text.isprintable() else STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


_WIDTH = 100


def _compact(value: Any, indent: int) -> str:
    """A value as text: on one line where that is no longer than the width. Each part is written once."""
    if isinstance(value, str):
        return _shown(encode_basestring(value))
    if value is None:
        return "null"
    if type(value) is int:  # and no bool; the encoder takes ten times as long
        return repr(value)
    if isinstance(value, dict):
        parts = [f"{_shown(encode_basestring(str(key)))}: {_compact(part, indent + 2)}" for key, part in value.items()]
        start, end = "{", "}"
    elif isinstance(value, list):
        parts = [_compact(part, indent + 2) for part in value]
        start, end = "[", "]"
    else:
        return _json(value)
    if sum(map(len, parts)) + 2 * len(parts) + indent <= _WIDTH:
        line = ", ".join(parts)
        if "\n" not in line:
            return f"{start}{line}{end}"
    if not parts:
        return start + end
    pad = "\n" + " " * (indent + 2)
    return f"{start}{pad}{f',{pad}'.join(parts)}\n{' ' * indent}{end}"
