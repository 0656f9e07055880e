"""Compares two snapshots layer by layer. Only values that both snapshots have are compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from convcalc.analyse.study import Study
from convcalc.base.keras_names import is_automatic
from convcalc.base.structs import Struct
from convcalc.differences.align import LayerSignature, Link, align
from convcalc.differences.comparison import Change, Comparison, Pair
from convcalc.differences.connections import links_of
from convcalc.differences.layer_changes import MatchedSiblings, Siblings, changed_pairs
from convcalc.differences.port_changes import port_changes
from convcalc.snapshot.of_report import snapshot_of_report
from convcalc.stored import REPORT, Ports, Row, Snapshot


def compare(before: Snapshot, after: Snapshot, ignore_names: bool = False) -> Comparison:
    """Returns the differences between two snapshots. With ``ignore_names``, the names of layers are not compared."""
    trees = _Tree(before.rows), _Tree(after.rows)
    printed = before.format != REPORT or after.format != REPORT
    identity = _Identity.of((*before.rows, *after.rows), ignore_names, printed)
    inputs = [snapshot.totals.get("input_shapes") for snapshot in (before, after)]
    other_inputs = None not in inputs and inputs[0] != inputs[1]
    inside = _inside(*trees, None, None, None, identity, (before.ports, after.ports), other_inputs)
    comparison = Comparison(before, after, tuple(inside.pairs), ())
    totals = tuple(total for total in comparison.shared_totals if not total.before.agrees(total.after))
    return replace(comparison, totals=(*totals, *inside.ports))


def diff(before: Study, after: Study, ignore_names: bool = False) -> Comparison:
    """Returns the differences between two models. With ``ignore_names``, the names of layers are not compared."""
    return compare(snapshot_of_report(before), snapshot_of_report(after), ignore_names)


class _Tree:
    """The rows of a snapshot as a tree: the rows of a nested model's layers are inside its row."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._children: dict[int | None, list[int]] = {}
        parents: list[int] = []
        for number, row in enumerate(rows):
            del parents[row.depth :]
            self._children.setdefault(parents[-1] if parents else None, []).append(number)
            parents.append(number)

    def children(self, number: int | None) -> Sequence[int]:
        """Returns the numbers of the rows directly inside a row. For None, returns the numbers of the rows of depth 0."""
        return self._children.get(number, ())

    def descendants(self, number: int) -> Iterator[Row]:
        """Yields all rows inside a row, at any depth."""
        for child in self.children(number):
            yield self.rows[child]
            yield from self.descendants(child)


class _Identity(Struct):
    """The values that identify a layer.

    Attributes:
        names: True if names are used.
        arguments: True if arguments are used, because all rows have them. Otherwise output shapes and parameters are
            used.
        name_length: The number of characters that are visible in every name; None if no name is cropped.
        type_length: The number of characters that are visible in every type; None if no type is cropped.
        hidden_names: True for a printed summary, which may leave out rows (``layer_range``): names of layers without a
            row are compared. In other snapshots, only a Sequential's input has no row, and its name does not matter.
    """

    names: bool
    arguments: bool
    name_length: int | None
    type_length: int | None
    hidden_names: bool

    @classmethod
    def of(cls, rows: Sequence[Row], ignore_names: bool, printed: bool) -> _Identity:
        """Returns which values can identify the layers of these rows."""
        arguments = all(row.arguments is not None for row in rows)
        lengths = _visible_length("name", rows), _visible_length("type", rows)
        return cls(not ignore_names, arguments, *lengths, printed and not ignore_names)

    def signatures(self, tree: _Tree, numbers: Sequence[int], siblings: Siblings) -> list[LayerSignature]:
        """Returns the signatures of sibling layers."""
        return [self._signature(tree, number, links) for number, links in zip(numbers, siblings.links)]

    def _signature(self, tree: _Tree, number: int, links: tuple[Link, ...]) -> LayerSignature:
        row = tree.rows[number]
        name = row.name[: self.name_length] if self.names else ""
        type_ = row.type[: self.type_length]
        computed = {f"{field}={row.cells[field].text}" for field in ("output_shape", "params") if field in row.cells}
        values = {f"{key}={value}" for key, value in (row.arguments or {}).items()} if self.arguments else computed
        inner_types = (f"({inner.type[: self.type_length]})" for inner in tree.descendants(number))
        structure = " ".join([type_, *sorted(values), *inner_types])
        named_by_user = bool(name) and not is_automatic(row.name, row.type)
        return LayerSignature(name, named_by_user, type_, structure, frozenset(values | computed), links)


def _visible_length(field: str, rows: Sequence[Row]) -> int | None:
    """Returns how many characters are visible in every text of a field; None if no text is cropped."""
    cells = [row.cells[field] for row in rows if field in row.cells]
    return min((len(cell.text.partition("…")[0]) for cell in cells if cell.cropped), default=None)


class _Inside(Struct):
    """The differences inside a model: its pairs of layers at any depth, and the changes of its inputs and outputs."""

    pairs: Sequence[Pair]
    ports: Sequence[Change]


def _inside(
    before: _Tree,
    after: _Tree,
    left: int | None,
    right: int | None,
    parent: Pair | None,
    identity: _Identity,
    ports: tuple[Ports | None, Ports | None],
    other_inputs: bool = True,
) -> _Inside:
    """Returns the differences inside the rows ``left`` and ``right``. None stands for the whole model.

    ``other_inputs`` is False if the inputs of the model have equal shapes.
    """
    lefts, rights = before.children(left), after.children(right)
    if not lefts and not rights:
        return _Inside((), ())
    left_siblings, right_siblings = _siblings(before, lefts), _siblings(after, rights)
    alignment = align(
        identity.signatures(before, lefts, left_siblings), identity.signatures(after, rights, right_siblings)
    )
    models = {number for number, child in enumerate(lefts) if before.children(child)}
    hidden_names = identity.hidden_names and left is None and right is None
    moved = tuple(port_changes(left_siblings, right_siblings, alignment.matches, *ports))
    matched = MatchedSiblings(
        left_siblings, right_siblings, alignment, parent, models, hidden_names, bool(moved), other_inputs
    )
    changed = changed_pairs(matched, identity.names)
    pairs: list[Pair] = []
    for i, j in matched.in_order():
        if i is not None and j is not None:
            rows = before.rows[lefts[i]], after.rows[rights[j]]
            inner = _inside(before, after, lefts[i], rights[j], changed[i], identity, (rows[0].ports, rows[1].ports))
            pairs += [_with_port_changes(changed[i], inner.ports), *inner.pairs]
        elif i is not None:
            pairs += [Pair(row, None) for row in (before.rows[lefts[i]], *before.descendants(lefts[i]))]
        elif j is not None:
            pairs += [Pair(None, row) for row in (after.rows[rights[j]], *after.descendants(rights[j]))]
    return _Inside(pairs, moved)


def _with_port_changes(pair: Pair, changes: Sequence[Change]) -> Pair:
    return replace(pair, changes=(*pair.changes, *changes), follows=False) if changes else pair


def _siblings(tree: _Tree, numbers: Sequence[int]) -> Siblings:
    rows = [tree.rows[number] for number in numbers]
    return Siblings(rows, links_of(rows))
