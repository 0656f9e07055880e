"""Visits the objects in a config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

WHOLE_FILE = "the file"  # the path of a finding that concerns no part


def objects(config: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields every mapping in the config, with its path."""
    waiting = [("", config)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            yield path or WHOLE_FILE, value
            inside = [(f"{path}.{key}".lstrip("."), part) for key, part in value.items()]
        elif isinstance(value, list):
            inside = [(f"{path}[{number}]", part) for number, part in enumerate(value)]
        else:
            continue
        waiting.extend(reversed(inside))
