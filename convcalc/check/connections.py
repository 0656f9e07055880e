"""How the layers of a level are connected, told so that two models can be held against each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from convcalc.check.align import Link
from convcalc.check.record import Row

_TENSOR = re.compile(r"(.+)(\[\d+\]\[\d+\])", re.DOTALL)
_OUTSIDE = -1  # in place of a layer: what comes from outside of the level, or is not on record


class Origin(NamedTuple):
    """A tensor by who gives it: a layer that both models have (``model`` is empty), or one that only that model has."""

    model: str
    layer: int
    tensor: str


def links_of(rows: Sequence[Row]) -> list[tuple[Link, ...]]:
    """What each layer reads, among those that stand beside it. A record without connections is taken for a chain."""
    names = {row.name: number for number, row in enumerate(rows)}
    found: list[tuple[Link, ...]] = []
    for number, row in enumerate(rows):
        if row.sources is None:
            found.append((Link(number - 1, "[0][0]"),) if number else ())
            continue
        links = []
        for source in row.sources:
            match = _TENSOR.fullmatch(source.text)
            links.append(Link(names.get(match[1], _OUTSIDE), match[2]) if match else Link(_OUTSIDE, source.text))
        found.append(tuple(links))
    return found


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
