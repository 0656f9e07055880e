"""Which layer of one model is which of another, of layers that stand side by side in both.

First by names that someone gave. Then by place: what stands alike on all that is alike before it, or has all that is alike
behind it, is the same layer. Then, between those, by the longest common run of equal structure; what is left there pairs
with what is most like it. So neither a new name nor an inserted layer shifts the others. Every step takes time about in
proportion to the rows and the differences.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from convcalc.base.structs import NamedTuple
from convcalc.differences.myers import matching_positions

LARGEST_TABLE = 2500  # cells of a table of likenesses: a gap of 50 × 50 layers

Found: TypeAlias = "dict[int, int]"  # numbers of layers before, and of the same layers after


class Link(NamedTuple):
    """A tensor that a layer reads: which layer gives it (-1 for one that is not among them), and which of its tensors it is."""

    layer: int
    tensor: str


class LayerSignature(NamedTuple):
    """A layer among those beside it. ``name`` is empty where names do not count; ``own`` is its structure as a text and
    ``parts`` the same in parts, ``links`` are what it reads among the others.
    """

    name: str
    given: bool  # whether someone gave the name, rather than Keras
    type: str
    own: str
    parts: frozenset[str]
    links: tuple[Link, ...]


Level: TypeAlias = "Sequence[LayerSignature]"


class Aligned(NamedTuple):
    """The layers that are the same, and which of them (by their numbers before) stand in another order."""

    found: Found
    moved: frozenset[int]


def align(before: Level, after: Level) -> Aligned:
    """The layers of two levels that are the same. Both ways round the answer is the same one."""
    if _order(after) < _order(before):
        aligned = align(after, before)
        moved = frozenset(aligned.found[number] for number in aligned.moved)
        return Aligned({two: one for one, two in aligned.found.items()}, moved)
    found = _by_name(before, after)
    # A name of someone's and one of Keras's are hardly the same layer: those pair only where nothing better is there.
    for keys in (_given_and_own, _own):
        one, two = keys(before), keys(after)
        for readers in (False, True):
            if len(found) < len(before):  # which is the shorter one
                _by_place(before, after, one, two, found, readers)
        for left, right in _gaps(before, after, found):
            pairs = matching_positions([one[number] for number in left], [two[number] for number in right])
            found.update((left[i], right[j]) for i, j in pairs)
    for left, right in _gaps(before, after, found):
        found.update(_closest(before, after, left, right))
    _moved_by_name(before, after, found)
    return Aligned(found, frozenset(found.keys() - {one for one, _ in _in_order(found)}))


def _order(level: Level) -> tuple[int, Level]:
    """By which of two levels comes first, whichever is before and whichever after."""
    return len(level), [each._replace(parts=frozenset()) for each in level]


def _own(level: Level) -> list[str]:
    return [each.own for each in level]


def _given_and_own(level: Level) -> list[str]:
    return [f"{each.given} {each.own}" for each in level]


def _by_name(before: Level, after: Level) -> Found:
    named = {each.name: number for number, each in enumerate(after) if each.given}
    return {number: named[each.name] for number, each in enumerate(before) if each.given and each.name in named}


def _by_place(before: Level, after: Level, one: Sequence[str], two: Sequence[str], found: Found, readers: bool) -> None:
    """Pair the layers that are alike in themselves and in all that they read, back to the inputs; or, for ``readers``, in
    all that read them, down to the outputs.
    """
    ids: dict[object, int] = {}
    partners = {second: first for first, second in found.items()}
    places: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, (level, keys) in enumerate(((before, one), (after, two))):
        known = found if side == 0 else partners
        seen: list[int] = [-1] * len(level)
        links = _readers(level) if readers else [each.links for each in level]
        for number in reversed(range(len(level))) if readers else range(len(level)):
            if number in known:
                key: object = number if side == 0 else partners[number]
            else:
                around = [(seen[link.layer], link.tensor) for link in links[number] if link.layer >= 0]
                key = keys[number], tuple(sorted(around) if readers else around)
            seen[number] = ids.setdefault(key, len(ids))
            if number not in known:
                places[seen[number]][side].append(number)
    for left, right in places.values():
        found.update(zip(left, right))


def _readers(level: Level) -> list[list[Link]]:
    """For each layer those that read it, and as which of their inputs."""
    readers: list[list[Link]] = [[] for _ in level]
    for number, each in enumerate(level):
        for position, link in enumerate(each.links):
            if link.layer >= 0:
                readers[link.layer].append(Link(number, f"{position} {link.tensor}"))
    return readers


def _in_order(found: Found) -> list[tuple[int, int]]:
    """The most pairs that stand in the same order on both sides."""
    ends: list[int] = []  # of the runs of each length, the least number after that one ends with
    runs: list[tuple[int, int]] = []  # the pairs that these end with
    previous: dict[tuple[int, int], tuple[int, int] | None] = {}
    for pair in sorted(found.items()):
        length = bisect_left(ends, pair[1])
        previous[pair] = runs[length - 1] if length else None
        ends[length : length + 1], runs[length : length + 1] = [pair[1]], [pair]
    chosen = []
    at = runs[-1] if runs else None
    while at is not None:
        chosen.append(at)
        at = previous[at]
    return chosen[::-1]


def _gaps(before: Level, after: Level, found: Found) -> Iterator[tuple[list[int], list[int]]]:
    """The layers without a partner, between each two pairs that stand in order."""
    taken = set(found.values())
    start, begin = 0, 0
    for one, two in [*_in_order(found), (len(before), len(after))]:
        left = [number for number in range(start, one) if number not in found]
        right = [number for number in range(begin, two) if number not in taken]
        if left and right:
            yield left, right
        start, begin = one + 1, two + 1


def _closest(before: Level, after: Level, left: Sequence[int], right: Sequence[int]) -> Found:
    """The pairs of one type, in order, that are most like each other in sum."""
    if len(left) * len(right) > LARGEST_TABLE:
        pairs = matching_positions([before[number].type for number in left], [after[number].type for number in right])
        return {left[i]: right[j] for i, j in pairs}
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            alike = _likeness(before[left[i]], after[right[j]])
            best[i][j] = max(best[i + 1][j], best[i][j + 1], alike + best[i + 1][j + 1] if alike else 0.0)
    found: Found = {}
    i = j = 0
    while i < len(left) and j < len(right):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            found[left[i]] = right[j]
            i, j = i + 1, j + 1
    return found


def _likeness(one: LayerSignature, two: LayerSignature) -> float:
    """Zero for other types; else the more, the more is the same."""
    if one.type != two.type:
        return 0.0
    shared = len(one.parts & two.parts) / (len(one.parts | two.parts) or 1)
    return 1 + shared + (0.5 if one.name == two.name else 0.0)


def _moved_by_name(before: Level, after: Level, found: Found) -> None:
    """Pair what is left on either side under one name with one structure: it stands elsewhere."""
    taken = set(found.values())
    left = {(each.name, each.own): number for number, each in enumerate(after) if number not in taken and each.name}
    for number, each in enumerate(before):
        if number not in found and (each.name, each.own) in left:
            found[number] = left[each.name, each.own]
