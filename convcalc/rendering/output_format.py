"""The declaration of an output format. Each format is declared in the module that writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from convcalc.base.selection import EVERYTHING, Selection
from convcalc.base.structs import Struct

if TYPE_CHECKING:
    from convcalc.keras_text.options import Options
    from convcalc.rendering.style import TextStyle

# Groups of options of ``convcalc summary``. Several formats accept all options of a group.
SHEET_OPTIONS = ("columns", "depth", "convention", "fold", "sort", "top", "layers")
KERAS_OPTIONS = ("line_length", "positions", "expand_nested", "show_trainable", "layer_range")
DATA_OPTIONS = ("convention", "memory", "training", "insights")


class OutputFormat(Struct):
    """An output format, with references (``"module:function"``) to the functions that write it.

    A format that writes tables needs only ``sheets``, because reports, checks and comparisons can be converted to
    sheets. Any other format has a function for each of these outputs that it can write.

    - ``name`` is the word after ``--format``. ``endings`` are the file endings that select the format.
    - ``machine`` is True for formats that programs read. They write numbers without separators, empty cells for unknown
      numbers, and only one table in a file.
    - ``options`` are the options of ``convcalc summary`` that this format accepts, but some other formats do not.
    - ``several`` is False if a file can contain only one model.
    - ``sheets`` takes an iterable of Sheets and returns pieces of text.
    - ``reports`` takes an iterable of Studies and a :class:`FormatRequest`, and returns pieces of text.
    - ``comparison`` takes a Comparison and a :class:`ComparisonRequest`, and returns the text.
    - ``check_result`` takes a CheckResult and returns data that can be sent to another process.
    - ``checks`` takes the results of ``check_result``, one for each model, and returns the text.
    - ``check_pieces`` takes a CheckResult and a TextStyle, and returns :class:`Piece` objects. The pieces are written
      as soon as the model is checked. A format with ``check_pieces`` has neither ``check_result`` nor ``checks``.
    """

    name: str
    endings: tuple[str, ...] = ()
    machine: bool = False
    options: tuple[str, ...] = ()
    several: bool = True
    sheets: str = ""
    reports: str = ""
    comparison: str = ""
    check_result: str = ""
    checks: str = ""
    check_pieces: str = ""

    @property
    def writes_reports(self) -> bool:
        """True if ``convcalc summary`` can write this format."""
        return bool(self.reports or self.sheets)

    @property
    def writes_checks(self) -> bool:
        """True if ``convcalc check`` can write this format."""
        return bool(self.checks or self.check_pieces or self.sheets)

    @property
    def writes_comparisons(self) -> bool:
        """True if ``convcalc diff`` can write this format."""
        return bool(self.comparison or self.sheets)


class Piece(Struct):
    """A piece of text. It is written to standard error if ``to_stderr`` is True, otherwise to the output."""

    text: str
    to_stderr: bool = False


def _plain_style() -> TextStyle:
    from convcalc.rendering.style import TextStyle

    return TextStyle()


def _ignore(note: str) -> None:
    pass


class FormatRequest(Struct):
    """The options for writing reports.

    - ``several`` is True if more than one model is written.
    - ``text_style`` is a function that returns the TextStyle. It is called only by formats that draw tables or pictures.
    - ``columns``, ``depth``, ``selection``, ``memory`` and ``insights`` are options of ``convcalc summary``.
    - ``keras`` are the options of the formats ``keras`` and ``keras2``.
    - ``note`` is a function that shows a message to the user. The message is not a part of the output.
    """

    several: bool = False
    text_style: Callable[[], TextStyle] = _plain_style
    columns: Sequence[str] | None = None
    depth: int = 0
    selection: Selection = EVERYTHING
    memory: bool = False
    insights: bool = False
    keras: Options | None = None
    note: Callable[[str], None] = _ignore


class ComparisonRequest(Struct):
    """The options for writing a comparison. ``everything`` is True if unchanged layers are written too."""

    everything: bool = False
    text_style: Callable[[], TextStyle] = _plain_style
