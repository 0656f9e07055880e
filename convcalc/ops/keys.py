"""Keys of GetItem as Python writes them: ``[:, 1:, ..., None]``."""

from __future__ import annotations

import re
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Refusal

_NUMBER = r"-?\d{1,18}"


def key_text(key: Any) -> str:
    """The text of a key: a number, a slice, ``...``, None, or several of them."""
    if isinstance(key, (list, tuple)):
        # Keras takes a slice among several only: the comma behind a single part makes it one of several.
        return f"[{', '.join(map(_part_text, key))}{',' * (len(key) == 1)}]"
    return f"[{_part_text(key)}]"


def _part_text(part: Any) -> str:
    if isinstance(part, slice):
        start, stop, step = ("" if each is None else str(each) for each in (part.start, part.stop, part.step))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    return "..." if part is ... else str(part)


def read_key(text: str) -> Any:
    """The key that a text says. Raises :class:`Refusal` for one that is none."""
    inner = text.strip()
    if not (inner.startswith("[") and inner.endswith("]")):
        raise _refusal(text)
    parts = [part.strip() for part in inner[1:-1].split(",")]
    if len(parts) == 1:
        return _part(parts[0], text) if parts[0] else []
    if not parts[-1]:
        parts.pop()
    return [_part(part, text) for part in parts]


def _part(part: str, text: str) -> Any:
    if part in ("...", "None", "null"):
        return ... if part == "..." else None
    if re.fullmatch(_NUMBER, part):
        return int(part)
    bounds = [each.strip() for each in part.split(":")]
    if len(bounds) not in (2, 3) or not all(not each or re.fullmatch(_NUMBER, each) for each in bounds):
        raise _refusal(text)
    return slice(*(int(each) if each else None for each in bounds))


def _refusal(text: str) -> Refusal:
    return Refusal(
        f"ops.get_item takes a key such as '[:, 0]' or '[..., 1:3, None]', not '{text}'", codes.INVALID_VALUE, "key"
    )
