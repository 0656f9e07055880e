"""How the layers of a level are connected, told so that two models can be held against each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from convcalc.base.structs import NamedTuple
from convcalc.differences.align import Link
from convcalc.stored import Cell, Row

_TENSOR = re.compile(r"(.+)(\[\d+\]\[\d+\])", re.DOTALL)
_OUTSIDE = -1  # in place of a layer: what comes from outside of the level, or is not on record


class Origin(NamedTuple):
    """A tensor by who gives it: a layer that both models have (``model`` is empty), or one that only that model has."""

    model: str
    layer: int
    tensor: str


def links_of(rows: Sequence[Row]) -> list[tuple[Link, ...]]:
    """What each layer reads, among those that stand beside it. A record without connections is taken for a chain."""
    names = _Names(rows)
    found: list[tuple[Link, ...]] = []
    for number, row in enumerate(rows):
        if row.sources is None:
            found.append((Link(number - 1, "[0][0]"),) if number else ())
        else:
            found.append(tuple(names.link(source) for source in row.sources))
    return found


class _Names:
    """The layers by what is to be seen of their names."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._whole: dict[str, int] = {}
        self._cropped: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            if "name" in row.cells and row.cells["name"].cropped:
                self._cropped.setdefault(row.name.partition("…")[0], []).append(number)
            else:
                self._whole[row.name] = number
        self._lengths = {len(beginning) for beginning in self._cropped}

    def link(self, source: Cell) -> Link:
        """The layer that gives a tensor; none where that is not to be seen, or could be several."""
        match = _TENSOR.fullmatch(source.text)
        if match is None:
            return Link(_OUTSIDE, source.text)
        name, tensor = match[1], match[2]
        if name in self._whole:
            return Link(self._whole[name], tensor)
        near = [number for length in self._lengths for number in self._cropped.get(name[:length], ())]
        meant = [number for number in near if self._rows[number].cells["name"].agrees(Cell(name))]
        return Link(meant[0] if len(meant) == 1 else _OUTSIDE, tensor)


def origins(model: str, links: Sequence[Sequence[Link]], shared: Mapping[int, int]) -> list[list[Origin]]:
    """Where what each layer reads comes from. ``shared`` are the layers that both models have, with one number for both.

    A layer that only one model has is looked through where all that it reads comes from one tensor (an inserted layer, a block
    with a shortcut around it): what stands behind it reads that tensor in the other model.
    """
    through: dict[int, Origin] = {_OUTSIDE: Origin("", _OUTSIDE, "")}
    found = []
    for number, read in enumerate(links):
        own = [
            through[link.layer]
            if link.layer in through
            else Origin("", shared[link.layer], link.tensor)
            if link.layer in shared
            else Origin(model, link.layer, link.tensor)
            for link in read
        ]
        found.append(own)
        if number not in shared and len(set(own)) <= 1:
            through[number] = own[0] if own else through[_OUTSIDE]
    return found
