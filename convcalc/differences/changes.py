"""What differs in layers that are the same: what is their own, and what follows from what they read."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence

from convcalc.base.structs import NamedTuple
from convcalc.differences.align import Aligned, Link
from convcalc.differences.comparison import Change, Pair
from convcalc.differences.connections import origins
from convcalc.layers import lookup_builtin
from convcalc.stored import Cell, Row
from convcalc.write.arguments import short

_OUTPUTS = ("output_shape", "output_bytes")
_GIVEN = ("name", "type", "trainable", "dtype")  # the cells that are not worked out


class Side(NamedTuple):
    """The layers that stand side by side in one of the records, and what each of them reads."""

    rows: Sequence[Row]
    links: Sequence[tuple[Link, ...]]


class Level(NamedTuple):
    """Layers that stand side by side before and after, and which are the same. ``around`` is the pair that they are inside of,
    ``models`` are those (by their numbers before) that have layers inside of them.
    """

    before: Side
    after: Side
    aligned: Aligned
    around: Pair | None
    models: Container[int]

    def ordered(self) -> Iterator[tuple[int | None, int | None]]:
        """The numbers of all layers, in the order after; what was removed stands behind what it stood behind."""
        partners = {right: left for left, right in self.aligned.found.items()}
        removed: dict[int | None, list[int]] = {}
        last = None
        for left in range(len(self.before.rows)):
            if left in self.aligned.found:
                last = left
            else:
                removed.setdefault(last, []).append(left)
        yield from ((left, None) for left in removed.get(None, ()))
        for right in range(len(self.after.rows)):
            yield partners.get(right), right
            if right in partners:
                yield from ((left, None) for left in removed.get(partners[right], ()))


def paired(level: Level, names: bool) -> dict[int, Pair]:
    """The layers that are the same, by their numbers before; ``names`` says that a name counts."""
    found = level.aligned.found
    rewired = _rewired(level)
    moved = _moved(level, bool(rewired))
    own: dict[int, list[Change]] = {}
    worked_out: dict[int, list[Change]] = {}
    for left, right in found.items():
        before, after = level.before.rows[left], level.after.rows[right]
        own[left] = [*_given(before, after, names), *rewired.get(left, ()), *moved.get(left, ())]
        worked_out[left] = list(_cells(before, after, [field for field in before.cells if field not in _GIVEN]))
    reached = _reached(level, worked_out)
    pairs = {}
    for left, right in found.items():
        before, after = level.before.rows[left], level.after.rows[right]
        follows = left in reached and not any(_is_own(change, level.around) for change in own[left])
        if before.arguments is None or after.arguments is None:
            follows = follows and _does_alike(level, left, {change.field for change in worked_out[left]})
        pairs[left] = Pair(before, after, (*own[left], *worked_out[left]), follows)
    return pairs


def _given(before: Row, after: Row, names: bool) -> Iterator[Change]:
    """What someone wrote: the arguments only of one type, as those of two do not compare."""
    if names:
        yield from _cells(before, after, ["name"])
    types = list(_cells(before, after, ["type"]))
    yield from types
    if before.arguments is not None and after.arguments is not None and not types:
        for name in dict.fromkeys((*before.arguments, *after.arguments)):
            one, two = _argument(before, name), _argument(after, name)
            if one != two:
                yield Change(f"argument {name}", one, two)
    yield from _cells(before, after, ["trainable", "dtype"])


def _argument(row: Row, name: str) -> Cell:
    """An argument's value; that by default where none is on record."""
    given = (row.arguments or {}).get(name)
    if given is not None:
        return Cell(given)
    kind = lookup_builtin(row.type)
    argument = kind.argument(name) if kind is not None else None
    if kind is None or argument is None or name not in kind.defaults:
        return Cell("default")
    return Cell(str(short(kind, argument, kind.defaults[name])))


def _cells(before: Row, after: Row, fields: Sequence[str]) -> Iterator[Change]:
    """The fields that both have on record, and that do not agree."""
    if before.cells == after.cells:
        return
    for field in fields:
        one, two = before.cells.get(field), after.cells.get(field)
        if one is not None and two is not None and not one.agrees(two):
            yield Change(field, one, two)


def _rewired(level: Level) -> dict[int, list[Change]]:
    """What reads other tensors than before."""
    found = level.aligned.found
    one = origins("before", level.before.links, {left: left for left in found})
    two = origins("after", level.after.links, {right: left for left, right in found.items()})
    changed = {}
    for left, right in found.items():
        before, after = level.before.rows[left].sources, level.after.rows[right].sources
        if before is None or after is None or one[left] == two[right]:
            continue
        unclear = _unclear(level.before, left) | _unclear(level.after, right)
        same = (
            a == b or (i in unclear and before[i].agrees(after[i]))
            for i, (a, b) in enumerate(zip(one[left], two[right]))
        )
        if len(before) != len(after) or not all(same):
            changed[left] = [Change("connected_to", _listed(before), _listed(after))]
    return changed


def _unclear(side: Side, number: int) -> set[int]:
    """Which of the tensors that a layer reads are not clear from what is to be seen: there the texts are compared."""
    sources = side.rows[number].sources or ()
    links = side.links[number]
    return {i for i, source in enumerate(sources) if source.cropped or links[i].layer < 0}


def _listed(sources: Sequence[Cell]) -> Cell:
    return Cell(", ".join(source.text for source in sources) or "-", any(source.cropped for source in sources))


def _moved(level: Level, rewired: bool) -> dict[int, list[Change]]:
    """What stands elsewhere.

    Where connections are on record they tell the graph, and the order in which its layers are listed follows from that: then it
    counts only where nothing else differs.
    """
    found, one, two = level.aligned.found, level.before.rows, level.after.rows
    other = rewired or len(found) < len(one) or len(found) < len(two)
    if other and all(row.sources is not None for row in (*one, *two)):
        return {}
    return {left: [Change("position", Cell(left + 1), Cell(found[left] + 1))] for left in level.aligned.moved}


def _is_own(change: Change, around: Pair | None) -> bool:
    """Whether a change is a layer's own; it is not that a layer is frozen with the model around it, or has a new name."""
    if change.field == "trainable":
        return not _freezes(around) and "-" not in (change.before.text, change.after.text)
    return change.field != "name"


def _freezes(around: Pair | None) -> bool:
    return around is not None and any(change.field == "trainable" for change in around.changes)


def _reached(level: Level, worked_out: Mapping[int, Sequence[Change]]) -> set[int]:
    """The layers whose numbers differ, and which read something that differs, have layers inside that may, or are frozen with
    the model around them.
    """
    found = level.aligned.found
    partners = {right: left for left, right in found.items()}
    handing_on = {left for left, changes in worked_out.items() if any(each.field in _OUTPUTS for each in changes)}
    frozen = {"trainable_params"} if _freezes(level.around) else set()
    reached = set()
    for left, right in found.items():
        before = [link.layer for link in level.before.links[left] if link.layer >= 0]
        after = [link.layer for link in level.after.links[right] if link.layer >= 0]
        alone = any(each not in found for each in before) or any(each not in partners for each in after)
        from_outside = level.around is not None and not before
        told = alone or from_outside or left in level.models or not handing_on.isdisjoint(before)
        if worked_out[left] and (told or {each.field for each in worked_out[left]} <= frozen):
            reached.add(left)
    return reached


def _does_alike(level: Level, left: int, fields: Container[str]) -> bool:
    """Whether a layer may do what it did, where its arguments are not on record.

    With the shape that it gives and its parameters both other, its arguments may be: then it is not said to follow, unless it gives
    the shape that it reads, before and after, and its parameters grew as its channels did (as of BatchNormalization).
    """
    if "output_shape" not in fields or "params" not in fields:
        return True
    right = level.aligned.found[left]
    ratios = []
    for side, number in ((level.before, left), (level.after, right)):
        row = side.rows[number]
        shape, params = row.cells["output_shape"].text, row.cells["params"].value
        read = [side.rows[link.layer].cells.get("output_shape") for link in side.links[number] if link.layer >= 0]
        sizes = re.findall(r"\d+", shape)
        if {cell and cell.text for cell in read} != {shape} or not sizes or not isinstance(params, int):
            return False
        ratios.append(params / max(int(sizes[-1]), 1))
    return ratios[0] == ratios[1]
