"""A stored snapshot of a model, from a file of any kind: Keras's printed summary, a JSON report, or a model file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from convcalc.analyse.inference import infer
from convcalc.analyse.report import Report
from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Mark, Source, error, listed
from convcalc.read import model_in, opened
from convcalc.read.container import config_of
from convcalc.read.detect import (
    JSON,
    JSON_CONFIG,
    JSON_REPORT,
    KERAS_TEXT,
    OpenFile,
    detect,
    has_key,
    may_be_part_of_a_summary,
)
from convcalc.snapshot.of_json import is_report, snapshot_of_json
from convcalc.snapshot.of_keras_text import printed_snapshots
from convcalc.snapshot.of_report import snapshot_of_report
from convcalc.stored import Snapshot

_EXPECTED = "a record is the text that model.summary() printed, a JSON report of convcalc, or a model's file"
_MOST_NAMED = 6


def load_snapshot(source: str, report: Report | None = None) -> Snapshot:
    """Returns the snapshot in a file; ``-`` reads standard input. If it holds several, returns that of the ``report``'s model.

    Raises :class:`ConvcalcError` for a file that holds none.
    """
    with opened(source) as (file, name):
        return _snapshot(detect(file, name), report)


def snapshot_in(text: str, name: str, report: Report | None = None) -> Snapshot:
    """Returns the snapshot in a text; ``name`` is for messages."""
    return _snapshot(detect(BytesIO(text.encode("utf-8", "replace")), name), report)


def _snapshot(content: OpenFile, report: Report | None) -> Snapshot:
    """The files that are not models are read here; every other kind is a model."""
    if content.kind in (JSON, JSON_CONFIG, JSON_REPORT):
        values = _json_values(content.text)
        reports = [value for value in values if is_report(value)]
        if reports:
            snapshots = [snapshot_of_json(data, content.name) for data in reports]
            return _selected(snapshots, _sources(reports), content.text, report)
        if len(values) != 1 or not isinstance(values[0], Mapping):
            raise _not_a_record(content.text)
    elif content.kind is KERAS_TEXT:
        snapshots = printed_snapshots(content.text)
        if snapshots:
            return _selected(snapshots, [""] * len(snapshots), content.text, report)
        if may_be_part_of_a_summary(content.text.text) or not has_key(content.text.text):
            raise _not_a_record(content.text)
    return snapshot_of_report(Study.of(infer(model_in(content))))


def _json_values(source: Source) -> Sequence[Any]:
    """The values in a JSON text: the elements of a list, one value on each line, or a single value."""
    lines = [line for line in source.text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.startswith("{") and line.rstrip().endswith("}") for line in lines):
        return [config_of(Source(source.name, line)) for line in lines]
    value = config_of(source._replace(text=source.text.removeprefix("\ufeff")))
    return value if isinstance(value, list) else [value]


def _sources(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    models = [report.get("model") for report in reports]
    return [str(model.get("source")) if isinstance(model, Mapping) else "" for model in models]


def _selected(records: Sequence[Snapshot], sources: Sequence[str], source: Source, report: Report | None) -> Snapshot:
    """The only record, or the only one of the report's file or of its model's name."""
    if len(records) == 1:
        return records[0]
    model = report.model if report else None
    of_file = [record for record, file in zip(records, sources) if model and file and file == model.source]
    of_name = [record for record in records if model and record.model == model.name]
    for found in (of_file, of_name):
        if len(found) == 1:
            return found[0]
    names = [f"'{record.model}'" for record in records[:_MOST_NAMED]]
    more = [f"{len(records) - _MOST_NAMED} more"] if len(records) > _MOST_NAMED else []
    wanted = f"; of '{model.name}' there is {'more than one' if of_name else 'none'}" if model else ""
    message = (
        f"{source.name} holds {len(records)} records, of {listed([*names, *more], 'and')}{wanted}: leave one in it"
    )
    raise error(codes.NOT_A_RECORD, message)


def _not_a_record(source: Source) -> ConvcalcError:
    """The error for a text that is none of it; what looks like a part of a summary is pointed at."""
    part = may_be_part_of_a_summary(source.text)
    if part is None:
        return error(codes.NOT_A_RECORD, f"{source.name} is no record: {_EXPECTED}")
    line = source.text.count("\n", 0, part.start()) + 1
    message = f"{source.name} has only a part of a summary, without the lines around its table; {_EXPECTED}"
    return error(codes.NOT_A_RECORD, message, Mark(source, line, 1))
