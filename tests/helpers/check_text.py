"""Formats results of checks without starting a process."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.checking.check_model import CheckResult
from convcalc.rendering.formats import CHECK_FORMATS, check_payload, write_checks
from convcalc.rendering.style import TextStyle


def check_text(format: str, results: Sequence[CheckResult]) -> str:
    """Returns the whole output for these results: the text for standard output and the text for standard error."""
    chosen = CHECK_FORMATS[format]
    payloads = [check_payload(chosen, result, TextStyle()) for result in results]
    return "".join(piece.text for piece in write_checks(chosen, payloads))
