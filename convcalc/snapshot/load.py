"""Loads the snapshot in a file: a summary that Keras printed, a JSON report, or a model file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from convcalc.analyse.inference import infer
from convcalc.analyse.report import Report
from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Mark, Source, error, first_listed
from convcalc.read import model_in, open_source
from convcalc.read.container import parse_json
from convcalc.read.custom_layers import NO_CUSTOM_LAYERS, CustomLayers
from convcalc.read.detect import (
    JSON,
    JSON_CONFIG,
    JSON_REPORT,
    KERAS_TEXT,
    OpenFile,
    detect,
    find_summary_part,
    has_key,
)
from convcalc.read.json_limits import require_small
from convcalc.report_json.read import is_report
from convcalc.snapshot.of_json import snapshot_of_json
from convcalc.snapshot.of_keras_text import printed_snapshots
from convcalc.snapshot.of_report import snapshot_of_report
from convcalc.stored import Snapshot

_HEADER = re.compile(r"Layer \(type\).*")  # up to the end of the line, so that a search takes linear time
MAX_SUMMARY = 8_000_000  # the maximum length of a text with printed summaries
MAX_REPORTS = 1_000  # the maximum number of reports in one file
_EXPECTED = "a record is the text that model.summary() printed, a JSON report of convcalc, or a model file"


def load_snapshot(source: str, report: Report | None = None, custom: CustomLayers = NO_CUSTOM_LAYERS) -> Snapshot:
    """Returns the snapshot in a file; ``-`` reads standard input.

    If the file has several snapshots, returns the one for the model of ``report``. A model file is read with the
    declarations ``custom``. Raises :class:`ConvcalcError` if the file has no snapshot, or if several match.
    """
    with open_source(source) as (file, name):
        return _snapshot(detect(file, name)._replace(custom=custom), report)


def snapshot_in(text: str, name: str, report: Report | None = None) -> Snapshot:
    """Returns the snapshot in a text. Messages show ``name`` as the name of the file."""
    return _snapshot(detect(BytesIO(text.encode("utf-8", "replace")), name), report)


def _snapshot(content: OpenFile, report: Report | None) -> Snapshot:
    """Returns the snapshot in a JSON report or a printed summary, or the snapshot of the model in any other file."""
    if content.kind in (JSON, JSON_CONFIG, JSON_REPORT):
        values = _json_values(content.text)
        reports = [value for value in values if is_report(value)]
        if reports:
            snapshots = [snapshot_of_json(data, content.name) for data in reports]
            return _selected(snapshots, _model_files(reports), content.text, report)
        if len(values) != 1 or not isinstance(values[0], Mapping):
            raise _not_a_record(content.text)
    elif content.kind is KERAS_TEXT:
        if len(content.text.text) > MAX_SUMMARY:
            message = f"{content.name} has more than {MAX_SUMMARY:,} characters, too many for a printed summary"
            raise error(codes.TOO_LARGE, f"{message}; keep only the summary in it")
        if any(re.search(r"\bMACs\b", header[0]) for header in _HEADER.finditer(content.text.text)):
            message = f"{content.name} is a table of convcalc, which is not a record; write one with `convcalc check MODEL --record FILE`"
            raise error(codes.NOT_A_RECORD, message)
        snapshots = printed_snapshots(content.text)
        if snapshots:
            return _selected(snapshots, [""] * len(snapshots), content.text, report)
        if find_summary_part(content.text.text) or not has_key(content.text.text):
            raise _not_a_record(content.text)
    return snapshot_of_report(Study.of(infer(model_in(content))))


def _json_values(source: Source) -> Sequence[Any]:
    """Returns the values in a JSON text. The text is a JSON list, JSON Lines (one object on each line), or one value."""
    first, _, rest = source.text.lstrip().partition("\n")
    if first.startswith("{") and first.rstrip().endswith("}") and rest.strip():
        require_small(source.text, source.name)  # the values of all lines are in memory at once
        if source.text.count("\n") > 2 * MAX_REPORTS:
            raise error(codes.TOO_LARGE, f"{source.name} has more than {2 * MAX_REPORTS:,} lines of JSON")
        lines = [line for line in source.text.split("\n") if line.strip()]
        if all(line.startswith("{") and line.rstrip().endswith("}") for line in lines):
            return [parse_json(Source(source.name, line)) for line in lines]
    value = parse_json(source._replace(text=source.text.removeprefix("\ufeff")))
    return value if isinstance(value, list) else [value]


def _model_files(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    models = [report.get("model") for report in reports]
    return [str(model.get("source")) if isinstance(model, Mapping) else "" for model in models]


def _selected(
    snapshots: Sequence[Snapshot], model_files: Sequence[str], source: Source, report: Report | None
) -> Snapshot:
    """Returns the only snapshot, or the only one for the model of ``report``: from the same file, else with the same
    name.
    """
    if len(snapshots) == 1:
        return snapshots[0]
    model = report.model if report else None
    same_file = [snapshot for snapshot, file in zip(snapshots, model_files) if model and file and file == model.source]
    same_name = [snapshot for snapshot in snapshots if model and snapshot.model == model.name]
    for candidates in (same_file, same_name):
        if len(candidates) == 1:
            return candidates[0]
    names = first_listed([f"'{snapshot.model}'" for snapshot in snapshots])
    wanted = f"; {'several belong' if same_name else 'none belongs'} to '{model.name}'" if model else ""
    message = f"{source.name} contains {len(snapshots)} records: {names}{wanted}; keep only one"
    raise error(codes.NOT_A_RECORD, message)


def _not_a_record(source: Source) -> ConvcalcError:
    """Returns the error for a text without a snapshot. It marks the first line that looks like a part of a summary."""
    part = find_summary_part(source.text)
    if part is None:
        return error(codes.NOT_A_RECORD, f"{source.name} is not a record; {_EXPECTED}")
    line = source.text.count("\n", 0, part.start()) + 1
    message = f"{source.name} has only a part of a summary, without the lines around its table; {_EXPECTED}"
    return error(codes.NOT_A_RECORD, message, Mark(source, line, 1))
