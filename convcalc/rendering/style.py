"""How text is drawn: its width, its characters and its colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from convcalc.rendering.ascii import to_ascii

Painter = Callable[[str, str], str]
"""``painter(text, style)`` returns the text with the escape codes of its style, or unchanged."""

# The codes (SGR) of the words in a style. The 16 colours of the terminal's own theme are readable on light and on dark.
_CODES = {
    "bold": "1",
    "dim": "2",
    "underline": "4",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
# Characters that take one column: ASCII, and the signs that convcalc prints. A pattern would take longer to compile.
_ONE_COLUMN = frozenset([*map(chr, range(32, 127)), *"×·−≥±→←└…│─┃■█░▁▂▃▄▅▆▇Δ"])


@dataclass(frozen=True)
class TextStyle:
    """How text is drawn.

    Attributes:
        width: The maximum width in columns of the terminal; None: no maximum.
        ascii: True if the text may contain only ASCII characters.
        paint: The function that applies styles; None if no styles are applied.
    """

    width: int | None = None
    ascii: bool = False
    paint: Painter | None = None

    def painted(self, text: str, style: str) -> str:
        """Returns the text in a style."""
        return self.paint(text, style) if self.paint and style and text else text

    def encoded(self, text: str) -> str:
        """Returns the text, converted to ASCII if ``ascii`` is True."""
        return to_ascii(text) if self.ascii else text


def coloured(text: str, style: str) -> str:
    """Returns the text with the escape codes of a style, such as ``bold red``."""
    return f"\x1b[{';'.join([_CODES[word] for word in style.split()])}m{text}\x1b[0m"


def width_of(text: str) -> int:
    """Returns the number of terminal columns that the text takes."""
    if text.isascii() or _ONE_COLUMN.issuperset(text):
        return len(text)
    from rich.cells import cell_len  # imported lazily: the import is slow, and few texts need it

    return cell_len(text)
