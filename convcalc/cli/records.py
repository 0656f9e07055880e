"""Accepts records (printed summaries and JSON reports) where a command needs a model, if the record says enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Problem

if TYPE_CHECKING:
    from convcalc.differences.comparison import Comparison
    from convcalc.model import Model
    from convcalc.stored import Snapshot


def is_record(failed: ConvcalcError, source: str) -> bool:
    """Returns True if a model could not be read because its file is a record. Standard input can be read only once."""
    return failed.problems[0].code == codes.RECORD_GIVEN and source != "-"


def model_or_record(source: str, read: Callable[[], Model]) -> Model:
    """Returns what ``read`` returns. If the file is a record, returns a model with the numbers of the record."""
    try:
        return read()
    except ConvcalcError as failed:
        if not is_record(failed, source):
            raise
    from convcalc.snapshot.as_model import model_of_snapshot
    from convcalc.snapshot.load import load_snapshot

    model = model_of_snapshot(load_snapshot(source))
    message = (
        f"{source} is a record, not a model: only the names, output shapes and parameters that it states are known"
    )
    return model._replace(problems=(Problem(codes.RECORD_GIVEN, message, severity="warning"),))


def model_or_snapshot(source: str, read: Callable[[], Model]) -> Model | Snapshot:
    """Returns what ``read`` returns. If the file is a record, returns its snapshot."""
    try:
        return read()
    except ConvcalcError as failed:
        if not is_record(failed, source):
            raise
    from convcalc.snapshot.load import load_snapshot

    return load_snapshot(source)


def compare_snapshots(before: Snapshot, after: Snapshot, ignore_names: bool) -> Comparison:
    """Returns the differences between two records."""
    from convcalc.differences.compare import compare
    from convcalc.snapshot.uncrop import uncrop

    return compare(uncrop(before, after), after, ignore_names)
