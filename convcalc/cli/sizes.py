"""Sizes on the command line: ``6``, ``28x28``, ``3,5``, ``?`` for an unknown size, ``H`` for a size with a name."""

from __future__ import annotations

import re
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import LARGEST, UNKNOWN, Unknown
from convcalc.base.problems import error

_NAME = r"[A-Za-wyz_][A-Za-wyz_0-9]{0,20}"
_PADDING = r"[0-9,()\[\]\s]{1,200}"


def parse_sizes(text: str, option: str, least: int = 1, names: bool = False) -> tuple[int | Unknown | str, ...]:
    """Parses sizes.

    With ``names``, a word can be the name of a size. The name cannot contain an x, which separates sizes.
    """
    sizes: list[int | Unknown | str] = []
    separated = re.sub(r"\s*[×,*]\s*|(?<=\d)\s+(?=\d)", "x", text.strip().strip("()[]").rstrip(", "))
    for part in separated.split("x"):
        word = part.strip()
        if word.isascii() and word.isdecimal() and len(word) < 18 and least <= int(word) <= LARGEST:
            sizes.append(int(word))
        elif word in ("?", "null", "None"):
            sizes.append(UNKNOWN)
        elif names and re.fullmatch(_NAME, word):
            sizes.append(word)
        else:
            more = "; write ? for an unknown size, or a name such as H" if names else "; write ? for an unknown size"
            raise error(
                codes.INVALID_VALUE,
                f"{option} expects sizes of at least {least}, such as 6, 28x28 or 3,5, not '{text[:40]}'{more}",
            )
    return tuple(sizes)


def parse_padding(text: str) -> Any:
    """Parses a padding: a word such as ``same``, or numbers such as ``1``, ``1,2`` or ``((1,0),(0,1))``."""
    word = text.strip().lower()
    if word in ("same", "valid", "causal"):
        return word
    if re.fullmatch(_PADDING, word):
        import json

        body = word.replace("(", "[").replace(")", "]")
        try:
            value = json.loads(body if _is_one_list(body) or "," not in body else f"[{body}]")
        except (ValueError, RecursionError):
            value = None
        if value is not None and _bounded(value):
            return value
    raise error(codes.INVALID_VALUE, f"--pad expects same, valid, causal, 1, 1,2 or ((1,0),(0,1)), not '{text[:40]}'")


def _is_one_list(text: str) -> bool:
    """Returns True for ``[1, 0]``, False for ``[1, 0], [0, 1]``."""
    depth = 0
    for number, sign in enumerate(text):
        depth += {"[": 1, "]": -1}.get(sign, 0)
        if depth == 0:
            return number == len(text) - 1 and sign == "]"
    return False


def _bounded(value: Any, depth: int = 0) -> bool:
    if isinstance(value, list):
        return 0 < len(value) <= 3 and depth < 2 and all(_bounded(part, depth + 1) for part in value)
    return isinstance(value, int) and value <= LARGEST
