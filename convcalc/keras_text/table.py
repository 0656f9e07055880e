"""What the tables of Keras 3 and Keras 2 have in common for who reads them: lines, where a table stands, what breaks off."""

from __future__ import annotations

from dataclasses import dataclass

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Mark, Source, error
from convcalc.base.structs import NamedTuple
from convcalc.keras_text.cells import Texts


class Lines(NamedTuple):
    """The lines of a text without what steers a terminal, and the text that problems show."""

    source: Source
    lines: list[str]

    def broken(self, number: int, message: str) -> ConvcalcError:
        """The error for a table that is none any more in the line of that number, which counts from 0."""
        cure = "give the whole text that Keras printed, from 'Model:' to the totals"
        place = f"{self.source.name}:{number + 1}"
        return error(codes.NOT_A_RECORD, f"{place}: {message}; {cure}", Mark(self.source, number + 1, 1))


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table, and the lines in which it begins and behind which it ends."""

    kind: str
    rows: tuple[Texts, ...]
    first: int
    last: int
