"""Indexing keys of the operation GetItem, in Python notation such as ``[:, 1:, ..., None]``."""

from __future__ import annotations

import re
from typing import Any

from convcalc.base import codes
from convcalc.base.problems import Refusal

_NUMBER = r"-?\d{1,18}"


def key_text(key: Any) -> str:
    """Returns the text of a key. A key is a number, a slice, ``...``, None, or a list of such parts."""
    if isinstance(key, (list, tuple)):
        # Keras needs a tuple around a slice: the comma after a single part makes one.
        return f"[{', '.join(map(_part_text, key))}{',' * (len(key) == 1)}]"
    return f"[{_part_text(key)}]"


def _part_text(part: Any) -> str:
    if isinstance(part, slice):
        start, stop, step = ("" if bound is None else str(bound) for bound in (part.start, part.stop, part.step))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    return "..." if part is ... else str(part)


def read_key(text: str) -> Any:
    """Returns the key that a text describes. Raises :class:`Refusal` if the text is not a key."""
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
    bounds = [bound.strip() for bound in part.split(":")]
    if len(bounds) not in (2, 3) or not all(not bound or re.fullmatch(_NUMBER, bound) for bound in bounds):
        raise _refusal(text)
    return slice(*(int(bound) if bound else None for bound in bounds))


def _refusal(text: str) -> Refusal:
    return Refusal(
        f"ops.get_item needs a key such as '[:, 0]' or '[..., 1:3, None]', not '{text}'", codes.INVALID_VALUE, "key"
    )
