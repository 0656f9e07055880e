"""Writes values and entries as a line of a spec, for messages that show the corrected line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = r"[A-Za-z_$][\w.${}]*"
_MAX_LENGTH = 160
_WORDS = ("null", "true", "false", "yes", "no", "on", "off")


def flow(value: Any) -> str:
    """Returns a plain value as YAML on one line: ``{filters: 32, padding: same}``."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{flow(key)}: {flow(part)}' for key, part in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, str):
        return value if re.fullmatch(_PLAIN, value) and value.lower() not in _WORDS else repr(value)
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else repr(value)
    )


def entry_line(name: str, positional: Sequence[Any] = (), named: Mapping[str, Any] | None = None) -> str:
    """Returns an entry of a layer, such as ``- Conv2D: [32, 3]`` or ``- Flatten``; "" if the line would be long."""
    if named:
        line = f"- {name}: {flow(named)}"
    elif len(positional) == 1 and not isinstance(positional[0], (list, tuple, dict)):
        line = f"- {name}: {flow(positional[0])}"
    else:
        line = f"- {name}: {flow(list(positional))}" if positional else f"- {name}"
    return line if len(line) <= _MAX_LENGTH else ""
