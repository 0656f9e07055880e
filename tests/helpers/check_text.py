"""Writes results of checks in a format, in one process."""

from __future__ import annotations

from collections.abc import Sequence

from convcalc.checking.check_model import CheckResult
from convcalc.rendering.formats import CHECK_FORMATS, check_payload, write_checks
from convcalc.rendering.grid import TextStyle


def check_text(format: str, results: Sequence[CheckResult]) -> str:
    """Returns everything that is written for these results, to standard output and to standard error."""
    chosen = CHECK_FORMATS[format]
    payloads = [check_payload(chosen, result, TextStyle()) for result in results]
    return "".join(piece.text for piece in write_checks(chosen, payloads))
