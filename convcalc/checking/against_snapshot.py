"""A report held against a record: what differs, told layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.problems import Mark, Problem
from convcalc.checking.likely_culprits import likely_culprits
from convcalc.differences.compare import compare
from convcalc.differences.comparison import Change, Comparison, Pair
from convcalc.model import Model
from convcalc.snapshot.as_printed import snapshot_as_printed
from convcalc.snapshot.of_report import snapshot_of_report
from convcalc.snapshot.uncrop import uncrop
from convcalc.stored import Cell, Row, Snapshot

DIFFERS = codes.RECORD_DIFFERS  # the code of each problem here
_WORDS = {
    "type": "class",
    "output_shape": "output shape",
    "params": "parameters",
    "trainable_params": "trainable parameters",
    "non_trainable_params": "parameters that do not train",
    "macs": "MACs",
    "output_bytes": "bytes of the output",
    "connected_to": "connected to",
    "output_shapes": "output shapes",
    "param_size": "size of the parameters",
    "trainable_size": "size of what trains",
    "non_trainable_size": "size of what does not train",
}
# The totals that one line of a summary tells.
_SIZES = {"param_size": "params", "trainable_size": "trainable_params", "non_trainable_size": "non_trainable_params"}


def compare_with_snapshot(
    report: Study, record: Snapshot, ignore_names: bool = False
) -> tuple[Comparison, tuple[Problem, ...]]:
    """What differs between a record and a model: as data, and as one problem a layer and a total."""
    ours = snapshot_of_report(report) if record.format == "report" else snapshot_as_printed(report, record)
    comparison = compare(uncrop(record, ours), ours, ignore_names)
    return comparison, (*_of_layers(report, comparison), *_of_totals(report, comparison))


def _of_layers(report: Study, comparison: Comparison) -> Iterator[Problem]:
    """The layers that differ in the order of the record, and behind them those whose numbers only follow."""
    marks = _Marks(report.model)
    found = [(pair.follows, _of_pair(pair, before, marks)) for pair, before in _with_before(comparison.pairs)]
    for last in (False, True):
        yield from (problem for follows, problem in found if problem is not None and follows == last)


def _with_before(pairs: tuple[Pair, ...]) -> Iterator[tuple[Pair, Pair | None]]:
    """Each pair, and the last one before it that stands in the record."""
    last = None
    for pair in pairs:
        yield pair, last
        last = pair if pair.before is not None else last


def _of_pair(pair: Pair, last: Pair | None, marks: _Marks) -> Problem | None:
    before, after = pair.before, pair.after
    if after is None:
        return _lacking(before, last, marks) if before is not None else None
    if before is None:
        said = f"the record has no layer {_called(after)} here"
    elif pair.changes:
        said = f"{_called(after)}: {'; '.join(map(_change, pair.changes))}"
    else:
        return None
    return Problem(DIFFERS, said, marks.of(after), after.path or after.name)


def _lacking(row: Row, last: Pair | None, marks: _Marks) -> Problem:
    """A layer that only the record has: it is missed at the one that it stands behind."""
    where = f"behind '{last.before.name}'" if last is not None and last.before is not None else "first"
    said = f"the model lacks the record's layer {_called(row)}, which stands {where}"
    return Problem(DIFFERS, said, marks.of(last.after) if last is not None else None, row.path or row.name)


def _called(row: Row) -> str:
    type_ = f" ({_text(row.cells['type'])})" if "type" in row.cells else ""
    return f"'{row.path or _text(row.cells['name'])}'{type_}"


def _change(change: Change) -> str:
    quote = "'" if change.field == "name" else ""
    before, after = (f"{quote}{_text(cell)}{quote}" for cell in (change.before, change.after))
    return f"{_WORDS.get(change.field, change.field)} {after} here, {before} in the record"


def _text(cell: Cell) -> str:
    if cell.value is None:
        return "unknown"
    return f"{cell.text}…" if cell.cropped and not cell.text.endswith("…") else cell.text


class _Marks:
    """Where the layers of a model were written, by their paths."""

    def __init__(self, model: Model) -> None:
        self._layers = dict(model.walk())

    def of(self, row: Row | None) -> Mark | None:
        """The mark of a row's layer; of one that a layer lists, that layer's."""
        path = row.path if row is not None else None
        while path and path not in self._layers:
            path = path.rpartition("/")[0]
        place = self._layers[path].place if path else None
        return place.mark() if place is not None else None


def _of_totals(report: Study, comparison: Comparison) -> Iterator[Problem]:
    """One problem a total, or a line of a summary; where no layer differs, with the layers that it may come from."""
    fields = {change.field for change in comparison.totals}
    layers_agree = all(pair.status == "same" for pair in comparison.pairs)
    for change in comparison.totals:
        if _SIZES.get(change.field) not in fields:
            hint = likely_culprits(report, change) if layers_agree else ""
            yield Problem(DIFFERS, f"in total: {_change(change)}{hint}")
