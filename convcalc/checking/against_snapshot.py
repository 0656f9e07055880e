"""Compares a model with its record and describes the differences as problems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.problems import Mark, Problem
from convcalc.checking.likely_culprits import likely_culprits
from convcalc.differences.compare import compare
from convcalc.differences.comparison import Change, Comparison, Pair
from convcalc.model import Model
from convcalc.snapshot.as_printed import snapshot_as_printed
from convcalc.snapshot.of_report import FLOPS, RECEPTIVE_FIELD, snapshot_of_report
from convcalc.snapshot.uncrop import uncrop
from convcalc.stored import REPORT, Cell, Row, Snapshot

_FIELD_WORDS = {
    "type": "class",
    "output_shape": "output shape",
    "params": "parameters",
    "trainable_params": "trainable parameters",
    "non_trainable_params": "non-trainable parameters",
    "macs": "MACs",
    "output_bytes": "output bytes",
    "connected_to": "connected to",
    "flops": "FLOPs",
    "frozen_weights": "frozen weights",
    "receptive_field": "receptive field",
    "output_dtypes": "output dtypes",
    "input_shapes": "input shapes",
    "output_shapes": "output shapes",
    "input_tensors": "input tensors",
    "output_tensors": "output tensors",
    "param_size": "size of the parameters",
    "trainable_size": "size of the trainable parameters",
    "non_trainable_size": "size of the non-trainable parameters",
}
# The values that can be unknown or a lower bound. In other fields, None means that the layer has no such value.
_COMPUTED = {
    *_FIELD_WORDS,
    "activation_bytes",
    "flops",
    "param_bytes",
    "peak_activation_bytes",
    "trainable_bytes",
    "weight_bytes",
}
_COMPUTED -= {"type", "connected_to"}
_INPUTS = ("input_shapes", "input_tensors")
_PORTS = (*_INPUTS, "output_tensors")
# A size in bytes is reported only if its number of parameters is the same.
_COUNT_OF_SIZE = {
    "param_size": "params",
    "trainable_size": "trainable_params",
    "non_trainable_size": "non_trainable_params",
}


def compare_with_snapshot(
    report: Study, recorded: Snapshot, ignore_names: bool = False, allow_incomplete: bool = False
) -> tuple[Comparison, tuple[Problem, ...]]:
    """Returns the differences between a record and a model: as data, and as problems.

    There is one problem for each layer and each total that differs. With ``allow_incomplete``, a value that is unknown or a lower
    bound differs only if it contradicts the other value.
    """
    current = snapshot_like(report, recorded)
    comparison = compare(uncrop(recorded, current), current, ignore_names)
    if allow_incomplete:
        pairs = tuple(replace(pair, changes=_contradictions(pair.changes)) for pair in comparison.pairs)
        comparison = replace(comparison, pairs=pairs, totals=_contradictions(comparison.totals))
    changed, computed, following = _layer_problems(report, comparison)
    ports, totals = _total_problems(report, comparison)
    return comparison, (*changed, *ports, *computed, *following, *totals)


def snapshot_like(report: Study, recorded: Snapshot) -> Snapshot:
    """Returns the snapshot of a report with the values that a record also has, in the form of the record."""
    if recorded.format != REPORT:
        return snapshot_as_printed(report, recorded)
    details = {field for row in recorded.rows for field in row.cells} & {FLOPS, RECEPTIVE_FIELD}
    return snapshot_of_report(report, details, recorded.convention)


def compare_before_snapshot(report: Study, recorded: Snapshot, ignore_names: bool = False) -> Comparison:
    """Returns the differences between a model and a record, where the model is the first of the two."""
    current = snapshot_like(report, recorded)
    return compare(current, uncrop(recorded, current), ignore_names)


def _contradictions(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Returns the changes without those whose values may be equal, because one of them is not fully known."""
    return tuple(change for change in changes if not _may_be_equal(change))


def _may_be_equal(change: Change) -> bool:
    if change.field not in _COMPUTED:
        return False
    before, after = change.before, change.after
    if before.value is None or after.value is None:
        return True
    if isinstance(before.value, str) and isinstance(after.value, str):  # sizes in bytes, rounded as Keras prints them
        return before.value.startswith("≥") or after.value.startswith("≥")
    if not isinstance(before.value, int) or not isinstance(after.value, int):
        return False
    if before.partial and after.partial:
        return True
    return (before.partial and before.value <= after.value) or (after.partial and after.value <= before.value)


def _layer_problems(report: Study, comparison: Comparison) -> tuple[list[Problem], list[Problem], list[Problem]]:
    """Returns the problems of layers that differ from the record, in the order of the record, in three lists.

    The first list has the layers that were changed. The second has those of which only computed details differ, such as
    the receptive field. The last has those that differ only because their inputs changed.
    """
    marks = _Marks(report.model)
    problems: tuple[list[Problem], list[Problem], list[Problem]] = ([], [], [])
    for pair, previous in _with_previous(comparison.pairs):
        problem = _pair_problem(pair, previous, marks)
        if problem is not None:
            problems[2 if pair.follows else 1 if pair.only_details else 0].append(problem)
    return problems


def _with_previous(pairs: tuple[Pair, ...]) -> Iterator[tuple[Pair, Pair | None]]:
    """Yields (pair, previous). ``previous`` is the last earlier pair whose layer is in the record; None for the first."""
    previous = None
    for pair in pairs:
        yield pair, previous
        previous = pair if pair.before is not None else previous


def _pair_problem(pair: Pair, previous: Pair | None, marks: _Marks) -> Problem | None:
    before, after = pair.before, pair.after
    if after is None:
        return _missing_layer(before, previous, marks) if before is not None else None
    if before is None:
        message = f"{_layer_text(after)} is not in the record"
    elif pair.changes:
        message = f"{_layer_text(after)}: {'; '.join(map(_change_text, pair.changes))}"
    else:
        return None
    return Problem(codes.RECORD_DIFFERS, message, marks.of(after), after.path or after.name)


def _missing_layer(row: Row, previous: Pair | None, marks: _Marks) -> Problem:
    """Returns the problem of a layer that is in the record but not in the model.

    Its position is the line of the layer before it, because the missing layer has no line.
    """
    before = previous.before if previous is not None else None
    where = "is the first layer" if before is None else f"follows '{before.name}'"
    message = f"{_layer_text(row)} is missing; in the record it {where}"
    mark = marks.of(previous.after) if previous is not None else None
    return Problem(codes.RECORD_DIFFERS, message, mark, row.path or row.name)


def _layer_text(row: Row) -> str:
    type_ = f" ({_cell_text(row.cells['type'])})" if "type" in row.cells else ""
    return f"'{row.path or _cell_text(row.cells['name'])}'{type_}"


def _change_text(change: Change) -> str:
    quote = "'" if change.field == "name" else ""
    before, after = (f"{quote}{_cell_text(cell)}{quote}" for cell in (change.before, change.after))
    return f"{_FIELD_WORDS.get(change.field, change.field)} {after} in the model, {before} in the record"


def _cell_text(cell: Cell) -> str:
    if cell.value is None:
        return "unknown"
    return f"{cell.text}…" if cell.cropped and not cell.text.endswith("…") else cell.text


class _Marks:
    """Finds the source position of a layer by its path."""

    def __init__(self, model: Model) -> None:
        self._layers = dict(model.walk())

    def of(self, row: Row | None) -> Mark | None:
        """Returns the source position of a layer. A layer in a Pipeline, for example, has the position of the Pipeline."""
        path = row.path if row is not None else None
        while path and path not in self._layers:
            path = path.rpartition("/")[0]
        place = self._layers[path].place if path else None
        return place.mark() if place is not None else None


def _total_problems(report: Study, comparison: Comparison) -> tuple[list[Problem], list[Problem]]:
    """Returns the problems of inputs and outputs that differ, and those of totals.

    A size in bytes is left out if its number of parameters also differs. If no layer differs, the problem names the
    layers that probably cause the difference.
    """
    fields = {change.field for change in comparison.totals}
    layers_agree = all(pair.status == "same" for pair in comparison.pairs)
    ports, totals = list[Problem](), list[Problem]()
    for change in comparison.totals:
        if _COUNT_OF_SIZE.get(change.field) not in fields:
            hint = likely_culprits(report, change) if layers_agree else ""
            hint = "; --allow-incomplete accepts an unknown number" if _may_be_equal(change) else hint
            where, problems = ("the model", ports) if change.field in _PORTS else ("in total", totals)
            mark = _input_mark(report.model) if change.field in _INPUTS else None
            problems.append(Problem(codes.RECORD_DIFFERS, f"{where}: {_change_text(change)}{hint}", mark))
    return ports, totals


def _input_mark(model: Model) -> Mark | None:
    """Returns the position of the model's first input."""
    place = model.layer_of(model.inputs[0]).place if model.inputs else None
    return None if place is None else place.mark()
