"""Classes that the parsers for Keras 3 and Keras 2 share: the lines of a text, and a parsed table."""

from __future__ import annotations

from dataclasses import dataclass

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Mark, Source, error
from convcalc.base.structs import Struct
from convcalc.keras_text.cells import RowCells


class Lines(Struct):
    """The lines of a text without control codes, and the original text for messages."""

    source: Source
    lines: list[str]

    def incomplete(self, number: int, message: str) -> ConvcalcError:
        """Returns the error for an incomplete table. It marks line ``number`` (counted from 0)."""
        cure = "give the whole text that Keras printed, from 'Model:' to the totals"
        line = f"{self.source.name}:{number + 1}"
        return error(codes.NOT_A_RECORD, f"{line}: {message}; {cure}", Mark(self.source, number + 1, 1))


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table, its first line and its last line.

    ``format`` is :data:`convcalc.stored.KERAS3_TEXT` or :data:`convcalc.stored.KERAS2_TEXT`.
    """

    format: str
    rows: tuple[RowCells, ...]
    first: int
    last: int
