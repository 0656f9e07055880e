"""Two records held against each other, layer by layer: what both have on record, and only that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from convcalc.analyse.study import Study
from convcalc.base.keras_names import is_automatic
from convcalc.base.structs import NamedTuple
from convcalc.differences.align import LayerSignature, Link, align
from convcalc.differences.changes import Level, Side, paired
from convcalc.differences.comparison import Comparison, Pair
from convcalc.differences.connections import links_of
from convcalc.snapshot.of_report import snapshot_of_report
from convcalc.stored import Row, Snapshot


def compare(before: Snapshot, after: Snapshot, ignore_names: bool = False) -> Comparison:
    """What differs between two records; with ``ignore_names`` the names of layers do not count."""
    one, two = _Tree(before.rows), _Tree(after.rows)
    pairs = tuple(_level(one, two, None, None, None, _Keys.of((*before.rows, *after.rows), ignore_names)))
    comparison = Comparison(before, after, pairs, ())
    totals = tuple(each for each in comparison.shared_totals if not each.before.agrees(each.after))
    return replace(comparison, totals=totals)


def diff(before: Study, after: Study, ignore_names: bool = False) -> Comparison:
    """What differs between two models."""
    return compare(snapshot_of_report(before), snapshot_of_report(after), ignore_names)


class _Tree:
    """The rows of a record, and which stand inside of which."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._children: dict[int | None, list[int]] = {}
        around: list[int] = []
        for number, row in enumerate(rows):
            del around[row.depth :]
            self._children.setdefault(around[-1] if around else None, []).append(number)
            around.append(number)

    def children(self, number: int | None) -> Sequence[int]:
        """The numbers of the rows inside of one, those deeper inside left out; of None, of the outermost ones."""
        return self._children.get(number, ())

    def inside(self, number: int) -> Iterator[Row]:
        """The rows inside of one, at any depth."""
        for child in self.children(number):
            yield self.rows[child]
            yield from self.inside(child)


class _Keys(NamedTuple):
    """What layers are told apart by. Of names and types as much counts as is to be seen in every row; None is all of it."""

    names: bool
    arguments: bool
    name_length: int | None
    type_length: int | None

    @classmethod
    def of(cls, rows: Sequence[Row], ignore_names: bool) -> _Keys:
        """What all of the rows have on record."""
        told = all(row.arguments is not None for row in rows)
        return cls(not ignore_names, told, _shown("name", rows), _shown("type", rows))

    def standings(self, tree: _Tree, numbers: Sequence[int], side: Side) -> list[LayerSignature]:
        """The layers as alignment sees them."""
        return [self._standing(tree, number, read) for number, read in zip(numbers, side.links)]

    def _standing(self, tree: _Tree, number: int, links: tuple[Link, ...]) -> LayerSignature:
        row = tree.rows[number]
        name = row.name[: self.name_length] if self.names else ""
        kind = row.type[: self.type_length]
        told = {f"{field}={row.cells[field].text}" for field in ("output_shape", "params") if field in row.cells}
        own = {f"{key}={value}" for key, value in (row.arguments or {}).items()} if self.arguments else told
        parts = [kind, *sorted(own), *(f"({each.type[: self.type_length]})" for each in tree.inside(number))]
        given = bool(name) and not is_automatic(row.name, row.type)
        return LayerSignature(name, given, kind, " ".join(parts), frozenset(own | told), links)


def _shown(field: str, rows: Sequence[Row]) -> int | None:
    cells = [row.cells[field] for row in rows if field in row.cells]
    return min((len(cell.text.partition("…")[0]) for cell in cells if cell.cropped), default=None)


def _level(
    one: _Tree, two: _Tree, before: int | None, after: int | None, around: Pair | None, keys: _Keys
) -> Iterator[Pair]:
    """The pairs of the layers inside of a pair (of the outermost ones for None), each followed by those inside of it."""
    lefts, rights = one.children(before), two.children(after)
    if not lefts and not rights:
        return
    sides = _side(one, lefts), _side(two, rights)
    aligned = align(keys.standings(one, lefts, sides[0]), keys.standings(two, rights, sides[1]))
    models = {number for number, left in enumerate(lefts) if one.children(left)}
    level = Level(*sides, aligned, around, models)
    pairs = paired(level, keys.names)
    for left, right in level.ordered():
        if left is not None and right is not None:
            yield pairs[left]
            yield from _level(one, two, lefts[left], rights[right], pairs[left], keys)
        elif left is not None:
            yield from (Pair(row, None) for row in (one.rows[lefts[left]], *one.inside(lefts[left])))
        elif right is not None:
            yield from (Pair(None, row) for row in (two.rows[rights[right]], *two.inside(rights[right])))


def _side(tree: _Tree, numbers: Sequence[int]) -> Side:
    rows = [tree.rows[number] for number in numbers]
    return Side(rows, links_of(rows))
