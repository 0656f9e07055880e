"""Records from files and texts, told by their content: Keras's printed summaries, JSON reports, other models."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from convcalc.analyse.inference import infer
from convcalc.analyse.report import Report
from convcalc.analyse.study import Study
from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, Mark, Source, error, listed
from convcalc.model import Model
from convcalc.read import model_in, opened, read
from convcalc.read.container import HDF5, config_of, is_archive
from convcalc.read.spec.nodes import MAX_BYTES, decode
from convcalc.snapshot.of_json import is_report, snapshot_of_json
from convcalc.snapshot.of_keras_text import printed_snapshots
from convcalc.snapshot.of_report import snapshot_of_report
from convcalc.stored import Snapshot

_EXPECTED = "a record is the text that model.summary() printed, a JSON report of convcalc, or a model's file"
_SPEC = re.compile(r"(?m)^layers\s*:")
_KEY = re.compile(r"(?m)^[\"']?\w+[\"']?\s*:(\s|$)")
_LEFT_OF_A_SUMMARY = re.compile(r"(?m)^\W*Model: \"|Layer \(type\)|\bparams: [\d,]+|\[\d+\]\[\d+\]")
_MOST_NAMED = 6


def load_snapshot(source: str, report: Report | None = None) -> Snapshot:
    """The record in a file; ``-`` reads standard input. Where it holds several, that of the ``report``'s model is meant.

    Raises :class:`ConvcalcError` for a file that holds none.
    """
    with opened(source) as (file, name):
        start = file.read(8)
        file.seek(0)
        if is_archive(start) or start.startswith(HDF5):
            return _of_model(model_in(file, name))
        text = decode(file.read(MAX_BYTES + 1), name).text
    return snapshot_in(text, name, report)


def snapshot_in(text: str, name: str, report: Report | None = None) -> Snapshot:
    """The record that a text holds; ``name`` is for messages."""
    source = Source(name, text)
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        values = _json(source)
        reports = [value for value in values if is_report(value)]
        if reports:
            return _meant([snapshot_of_json(each, name) for each in reports], _sources(reports), source, report)
        if len(values) != 1 or not isinstance(values[0], Mapping):
            raise _nothing(source)
    elif not _SPEC.search(text):
        found = printed_snapshots(source)
        if found:
            return _meant(found, [""] * len(found), source, report)
        if not _KEY.search(text) or _LEFT_OF_A_SUMMARY.search(text):
            raise _nothing(source)
    return _of_model(read(text.encode("utf-8", "replace"), name))


def _of_model(model: Model) -> Snapshot:
    return snapshot_of_report(Study.of(infer(model)))


def _json(source: Source) -> Sequence[Any]:
    """The values of a JSON text: those of a list, one a line, or one alone."""
    lines = [line for line in source.text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.startswith("{") and line.rstrip().endswith("}") for line in lines):
        return [config_of(Source(source.name, line)) for line in lines]
    value = config_of(source._replace(text=source.text.removeprefix("\ufeff")))
    return value if isinstance(value, list) else [value]


def _sources(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    models = [report.get("model") for report in reports]
    return [str(model.get("source")) if isinstance(model, Mapping) else "" for model in models]


def _meant(records: Sequence[Snapshot], sources: Sequence[str], source: Source, report: Report | None) -> Snapshot:
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


def _nothing(source: Source) -> ConvcalcError:
    """The error for a text that is none of it; what looks like a part of a summary is pointed at."""
    part = _LEFT_OF_A_SUMMARY.search(source.text)
    if part is None:
        return error(codes.NOT_A_RECORD, f"{source.name} is no record: {_EXPECTED}")
    line = source.text.count("\n", 0, part.start()) + 1
    message = f"{source.name} has only a part of a summary, without the lines around its table; {_EXPECTED}"
    return error(codes.NOT_A_RECORD, message, Mark(source, line, 1))
