"""What a notebook shows of our objects. How is for the renderers to say, which stand far above the objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar


class NotebookDisplay:
    """An object that a notebook shows as HTML; ``as_html`` is filled in by :mod:`convcalc.rendering`."""

    __slots__ = ()
    as_html: ClassVar[Callable[[object], str] | None] = None

    def _repr_html_(self) -> str | None:
        return None if NotebookDisplay.as_html is None else NotebookDisplay.as_html(self)
