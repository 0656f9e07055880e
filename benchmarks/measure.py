"""Results as data. A result has two numbers, their ratio, and a target for the ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One line of the results: ``ours`` is compared with ``other``, or with ``target`` if there is no ``other``.

    With ``faster``, the target is met if other/ours ≥ ``target``, otherwise if ours/other ≤ ``target``. Without
    ``target``, the ratio is only shown.

    ``profile`` is the command to profile if the target is missed. ``missing`` says why nothing was measured.
    """

    what: str
    ours: float = 0.0
    other: float | None = None
    unit: str = "ms"
    target: float | None = None
    faster: bool = False
    profile: Sequence[str] = ()
    missing: str = ""

    @property
    def ratio(self) -> float | None:
        """``ours`` divided by ``other``; with ``faster``, ``other`` divided by ``ours``. None if there is no ``other``."""
        if self.other is None or self.missing:
            return None
        return self.other / self.ours if self.faster else self.ours / self.other

    @property
    def met(self) -> bool | None:
        """True if the target is met. None if there is no target, or if nothing was measured."""
        if self.target is None or self.missing:
            return None
        number = self.ours if self.ratio is None else self.ratio
        return number >= self.target if self.faster else number <= self.target

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of this line: what is measured, our number, the other number, the ratio, target and verdict."""
        if self.missing:
            return (self.what, "?", "?", "?", self._target(), f"not measured: {self.missing}")
        other = "" if self.other is None else f"{number_text(self.other)} {self.unit}"
        ratio = "" if self.ratio is None else f"{number_text(self.ratio)} ×"
        verdict = {True: "met", False: "missed", None: ""}[self.met]
        return (self.what, f"{number_text(self.ours)} {self.unit}", other, ratio, self._target(), verdict)

    def _target(self) -> str:
        if self.target is None:
            return ""
        unit = self.unit if self.other is None and not self.missing else "×"
        return f"{'≥' if self.faster else '≤'} {number_text(self.target)} {unit}"


def number_text(number: float) -> str:
    """Returns the number with three significant digits."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


HEADINGS = ("what", "ours", "the other", "ratio", "target", "")


def table(measures: Sequence[Measure]) -> str:
    """Returns the results as a table for a terminal."""
    rows = [HEADINGS, *(measure.cells for measure in measures)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]]) + "\n"


def markdown(measures: Sequence[Measure]) -> str:
    """Returns the results for RESULTS.md."""
    rows = [HEADINGS, ("---", *["---:"] * 4, "---"), *(measure.cells for measure in measures)]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows)
