"""Finds the changes in matched layers.

Either the layer itself was changed, or only its numbers differ, because its inputs were changed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence

from convcalc.base.structs import Struct
from convcalc.differences.align import Alignment, Link
from convcalc.differences.comparison import DETAILS, Change, Pair
from convcalc.differences.connections import tensor_origins
from convcalc.layers import lookup_builtin
from convcalc.layers.spelling import shortest_spelling
from convcalc.stored import Cell, Row

_OUTPUT_FIELDS = ("output_shape", "output_bytes", "receptive_field", "output_dtypes")
_STATED_FIELDS = ("name", "type", "trainable", "dtype")  # fields that a user sets; the other fields are computed


class Siblings(Struct):
    """The layers directly inside the same model, and the tensors that each layer reads."""

    rows: Sequence[Row]
    links: Sequence[tuple[Link, ...]]


class MatchedSiblings(Struct):
    """The siblings in both snapshots, and the matches between them.

    Attributes:
        before, after: The siblings in the old snapshot and in the new snapshot.
        alignment: The matched layers.
        parent: The pair of models that contain the siblings; None for siblings of depth 0.
        models: The siblings that contain layers, by their numbers in the old snapshot.
        hidden_names: True if the names of layers without a row are compared.
        other_ports: True if the inputs or outputs of the model differ.
        other_inputs: True if the shapes of the model's inputs may differ.
    """

    before: Siblings
    after: Siblings
    alignment: Alignment
    parent: Pair | None
    models: Container[int]
    hidden_names: bool
    other_ports: bool
    other_inputs: bool

    def in_order(self) -> Iterator[tuple[int | None, int | None]]:
        """Yields each layer's old and new number, in the order of the new snapshot.

        An added layer has the old number None. A removed layer has the new number None, and follows the layer that it
        followed in the old snapshot.
        """
        matches = self.alignment.matches
        partners = {right: left for left, right in matches.items()}
        removed: dict[int | None, list[int]] = {}  # the removed layers after each matched layer
        last_matched = None
        for left in range(len(self.before.rows)):
            if left in matches:
                last_matched = left
            else:
                removed.setdefault(last_matched, []).append(left)
        yield from ((left, None) for left in removed.get(None, ()))
        for right in range(len(self.after.rows)):
            yield partners.get(right), right
            if right in partners:
                yield from ((left, None) for left in removed.get(partners[right], ()))


def changed_pairs(siblings: MatchedSiblings, names: bool) -> dict[int, Pair]:
    """Returns a dict: old number of a layer → its pair with the changes. Names are compared only if ``names`` is True."""
    matches = siblings.alignment.matches
    rewired = _connection_changes(siblings)
    moved = _position_changes(siblings, bool(rewired) or siblings.other_ports)
    stated: dict[int, list[Change]] = {}
    computed: dict[int, list[Change]] = {}
    for left, right in matches.items():
        before, after = siblings.before.rows[left], siblings.after.rows[right]
        stated[left] = [*_stated_changes(before, after, names), *rewired.get(left, ()), *moved.get(left, ())]
        fields = [field for field in before.cells if field not in _STATED_FIELDS]
        computed[left] = list(_cell_changes(before, after, fields))
    affected = _affected_by_inputs(siblings, computed)
    pairs = {}
    for left, right in matches.items():
        before, after = siblings.before.rows[left], siblings.after.rows[right]
        follows = left in affected and not any(_is_own_change(change, siblings.parent) for change in stated[left])
        if before.arguments is None or after.arguments is None:
            follows = follows and _may_have_same_arguments(siblings, left, {change.field for change in computed[left]})
        known = before.arguments is not None and after.arguments is not None
        changes = _without_details(stated[left], computed[left], follows and known)
        pairs[left] = Pair(before, after, changes, follows)
    return pairs


def _without_details(stated: Sequence[Change], computed: Sequence[Change], implied: bool) -> tuple[Change, ...]:
    """Returns all changes, without details that follow from other changes.

    ``implied`` is True if the layer has the same arguments and other inputs: then all its details follow.
    """
    main = [change for change in (*stated, *computed) if change.field not in DETAILS]
    if implied or any(change.field != "name" for change in main):
        return tuple(main)
    return (*main, *(change for change in computed if change.field in DETAILS))


def _stated_changes(before: Row, after: Row, names: bool) -> Iterator[Change]:
    """Yields changes of the fields and arguments that a user sets. Arguments are compared only for equal types."""
    if names:
        yield from _cell_changes(before, after, ["name"])
    type_changes = list(_cell_changes(before, after, ["type"]))
    yield from type_changes
    if before.arguments is not None and after.arguments is not None and not type_changes:
        for name in dict.fromkeys((*before.arguments, *after.arguments)):
            old, new = _argument(before, name), _argument(after, name)
            if old != new:
                yield Change(f"argument {name}", old, new)
    if not type_changes:
        yield from _call_changes(before, after)
    yield from _cell_changes(before, after, ["trainable", "dtype"])


def _call_changes(before: Row, after: Row) -> Iterator[Change]:
    """Yields changes of the arguments of calls that are not tensors. Only calls of the same number are compared."""
    old_calls, new_calls = before.call_arguments, after.call_arguments
    if old_calls is None or new_calls is None or old_calls == new_calls:
        return
    for old, new in zip(old_calls, new_calls):
        for name in dict.fromkeys((*old, *new)):
            if old.get(name) != new.get(name):
                yield Change(f"argument {name}", Cell(old.get(name, "default")), Cell(new.get(name, "default")))


def _argument(row: Row, name: str) -> Cell:
    """Returns an argument's value, or its default if the row does not have the argument."""
    value = (row.arguments or {}).get(name)
    if value is not None:
        return Cell(value)
    definition = lookup_builtin(row.type)
    argument = definition.argument(name) if definition is not None else None
    if definition is None or argument is None or name not in definition.defaults:
        return Cell("default")
    return Cell(str(shortest_spelling(definition, argument, definition.defaults[name])))


def _cell_changes(before: Row, after: Row, fields: Sequence[str]) -> Iterator[Change]:
    """Yields the changes of the fields that both rows have."""
    if before.cells == after.cells:
        return
    for field in fields:
        old, new = before.cells.get(field), after.cells.get(field)
        if old is not None and new is not None and not old.agrees(new):
            yield Change(field, old, new)


def _connection_changes(siblings: MatchedSiblings) -> dict[int, list[Change]]:
    """Returns a dict: old number of a layer → change of the tensors that the layer reads."""
    matches = siblings.alignment.matches
    old_origins = tensor_origins("before", siblings.before.links, {left: left for left in matches})
    new_origins = tensor_origins("after", siblings.after.links, {right: left for left, right in matches.items()})
    changes = {}
    for left, right in matches.items():
        old, new = siblings.before.rows[left].sources, siblings.after.rows[right].sources
        if old is None or new is None:
            continue
        uncertain = _uncertain_inputs(siblings.before, left) | _uncertain_inputs(siblings.after, right)
        unknown = set[int]()
        if siblings.hidden_names:
            unknown = _unknown_inputs(siblings.before, left) & _unknown_inputs(siblings.after, right)
        same = (
            (i not in unknown and old_origin == new_origin) or (i in uncertain and old[i].agrees(new[i]))
            for i, (old_origin, new_origin) in enumerate(zip(old_origins[left], new_origins[right]))
        )
        if len(old) != len(new) or not all(same):
            changes[left] = [Change("connected_to", _joined(old), _joined(new))]
    return changes


def _uncertain_inputs(siblings: Siblings, number: int) -> set[int]:
    """Returns the positions of inputs whose layer is uncertain, because its name is cropped or it has no row.

    Such inputs are compared by their printed texts, such as ``conv2d[0][0]``.
    """
    sources = siblings.rows[number].sources or ()
    return _unknown_inputs(siblings, number) | {i for i, source in enumerate(sources) if source.cropped}


def _unknown_inputs(siblings: Siblings, number: int) -> set[int]:
    """Returns the positions of inputs from layers without a row, e.g. from layers outside the printed range."""
    return {i for i, link in enumerate(siblings.links[number]) if link.layer < 0}


def _joined(sources: Sequence[Cell]) -> Cell:
    return Cell(", ".join(source.text for source in sources) or "-", any(source.cropped for source in sources))


def _position_changes(siblings: MatchedSiblings, rewired: bool) -> dict[int, list[Change]]:
    """Returns the new positions of moved layers, by their old numbers.

    If all connections are known, the order of layers has no effect. Then a move is reported only if it is the only
    change: no layer was added, removed or connected differently.
    """
    matches, before, after = siblings.alignment.matches, siblings.before.rows, siblings.after.rows
    other_changes = rewired or len(matches) < len(before) or len(matches) < len(after)
    if other_changes and all(row.sources is not None for row in (*before, *after)):
        return {}
    return {left: [Change("position", Cell(left + 1), Cell(matches[left] + 1))] for left in siblings.alignment.moved}


def _is_own_change(change: Change, parent: Pair | None) -> bool:
    """Returns True if a user changed the layer itself, False if another change may be the cause.

    False for a new name. False for ``trainable`` if the parent was frozen or unfrozen, or if the layer has no weights
    ("-") in one of the snapshots.
    """
    if change.field == "trainable":
        return not _changes_trainable(parent) and "-" not in (change.before.text, change.after.text)
    return change.field != "name"


def _changes_trainable(parent: Pair | None) -> bool:
    return parent is not None and any(change.field == "trainable" for change in parent.changes)


def _affected_by_inputs(siblings: MatchedSiblings, computed: Mapping[int, Sequence[Change]]) -> set[int]:
    """Returns the layers whose computed values may differ because of another layer. There are four reasons:

    - An input of the layer differs.
    - The layer reads an input of the model, which may have another shape.
    - The layer contains layers.
    - The parent of the layer was frozen or unfrozen.
    """
    matches = siblings.alignment.matches
    partners = {right: left for left, right in matches.items()}
    changed_outputs = {
        left for left, changes in computed.items() if any(change.field in _OUTPUT_FIELDS for change in changes)
    }
    by_freezing = {"trainable_params", "frozen_weights"} if _changes_trainable(siblings.parent) else set()
    affected = set()
    for left, right in matches.items():
        before = [link.layer for link in siblings.before.links[left] if link.layer >= 0]
        after = [link.layer for link in siblings.after.links[right] if link.layer >= 0]
        unmatched_input = any(layer not in matches for layer in before) or any(layer not in partners for layer in after)
        reads_nothing = not siblings.before.rows[left].sources and not siblings.after.rows[right].sources
        outside_input = siblings.other_inputs and not ((before and after) or reads_nothing)
        changed_input = not changed_outputs.isdisjoint(
            (*before, *(partners[layer] for layer in after if layer in partners))
        )
        has_reason = unmatched_input or outside_input or left in siblings.models or changed_input
        if computed[left] and (has_reason or {change.field for change in computed[left]} <= by_freezing):
            affected.add(left)
    return affected


def _may_have_same_arguments(siblings: MatchedSiblings, left: int, changed_fields: Container[str]) -> bool:
    """Returns True if a layer may have the same arguments in both snapshots, although they are not recorded.

    If the output shape and the parameters changed, the arguments probably changed too. Exceptions are layers such as
    BatchNormalization, whose output shape and parameters follow from the input.
    """
    if "output_shape" not in changed_fields or "params" not in changed_fields:
        return True
    right = siblings.alignment.matches[left]
    params_per_channel = []
    for side, number in ((siblings.before, left), (siblings.after, right)):
        row = side.rows[number]
        shape, params = row.cells["output_shape"].text, row.cells["params"].value
        inputs = [side.rows[link.layer].cells.get("output_shape") for link in side.links[number] if link.layer >= 0]
        sizes = re.findall(r"\d+", shape)
        if {cell and cell.text for cell in inputs} != {shape} or not sizes or not isinstance(params, int):
            return False
        params_per_channel.append(params / max(int(sizes[-1]), 1))
    return params_per_channel[0] == params_per_channel[1]
