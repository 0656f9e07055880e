"""The programs of ``tests/read/code/language.txt``, each of which shows one construct of Python."""

from __future__ import annotations

import re

from tests.paths import ROOT

_HEADING = re.compile(r"(?m)^# --- (.+)\n")


def language_cases() -> dict[str, str]:
    """Returns the programs by their headings."""
    parts = _HEADING.split((ROOT / "tests/read/code/language.txt").read_text(encoding="utf-8"))[1:]
    return dict(zip(parts[::2], parts[1::2]))
