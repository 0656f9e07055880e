"""Checks a changed model against five records of the original.

A record can show a change if the record of the changed model would be another. Then the check must fail at the right
layer, and otherwise it must pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from convcalc import infer
from convcalc.analyse.study import Study
from convcalc.base.problems import ConvcalcError, Problem
from convcalc.checking.against_snapshot import compare_with_snapshot
from convcalc.keras_text.options import Options
from convcalc.keras_text.print2 import keras2_text
from convcalc.keras_text.print3 import keras_text
from convcalc.read import read
from convcalc.report_json.write import report_data
from convcalc.snapshot.load import snapshot_in
from convcalc.stored import Snapshot
from convcalc.write.spec import spec_yaml
from tests.generators.model_mutations import Mutation, verdict
from tests.model_changes.changes import Changed

CONFIG, JSON, SPEC, KERAS, KERAS2 = RECORDS = ("config", "json", "spec", "keras", "keras2")
OPTIONS = Options(240, 240, None, True, True)


class Verdict(NamedTuple):
    """Whether a record can show a change, and what is wrong with the result of the check; empty if nothing is."""

    record: str
    shows: bool
    wrong: str = ""


def study(config: Any) -> Study:
    """Returns the study of a config."""
    return Study.of(infer(read(json.dumps(config).encode(), "model.json")))


class Judge:
    """The records of a model."""

    def __init__(self, config: Any) -> None:
        self.report = study(config)
        self.texts: dict[str, Any] = {}
        self.snapshots: dict[str, Snapshot] = {}
        for record, write in _WRITERS.items():
            try:
                self.texts[record] = write(self.report)
            except ConvcalcError:
                continue  # for example, a spec has no Keras objects of some kinds
            text = json.dumps(config) if record == CONFIG else self.texts[record]
            self.snapshots[record] = snapshot_in(text, f"record of {record}")

    def classed(self, change: Changed) -> Changed:
        """Returns the change; ``trainable`` of a layer without weights is no change of the model."""
        params = [row.params for row in self.report.layers if row.name in change.layers]
        if change.kind != "trainable" or params != [0]:
            return change
        return change._replace(kind="trainable of a layer without weights", real=False)

    def verdicts(self, change: Changed, changed: Study) -> Iterator[Verdict]:
        """Yields the verdict of each record that the model has."""
        for record in self.snapshots:
            check = self._text if record in (KERAS, KERAS2) else self._data
            result = check(record, change, changed)
            if result is not None:
                yield result

    def _data(self, record: str, change: Changed, changed: Study) -> Verdict | None:
        try:
            shows = change.real if record == CONFIG else _WRITERS[record](changed) != self.texts[record]
        except ConvcalcError:
            return None
        problems = compare_with_snapshot(changed, self.snapshots[record])[1]
        return Verdict(record, shows and change.real, self._wrong(shows and change.real, problems, change, changed))

    def _text(self, record: str, change: Changed, changed: Study) -> Verdict | None:
        text = self.texts[record]
        if not change.layers:  # a change of the model itself, which has no layer
            shows = _WRITERS[record](changed) != text
            problems = compare_with_snapshot(changed, self.snapshots[record])[1]
            return Verdict(record, shows, "" if shows == bool(problems) else "is accepted or reported")
        layer = min(change.layers, key=len)
        paths = [row.path for report in (changed, self.report) for row in report.layers if row.name == layer]
        layer = paths[0] if paths else layer
        judged = verdict(self.report, record, text, OPTIONS, Mutation(change.kind, layer, changed))
        return None if judged is None else Verdict(record, judged.shows, judged.wrong)

    def _wrong(self, shows: bool, problems: tuple[Problem, ...], change: Changed, changed: Study) -> str:
        """Returns what is wrong with the problems: none, too many, or first a problem of another layer."""
        if not shows:
            return f"is reported: {problems[0].message}" if problems else ""
        if not problems:
            return "is accepted"
        before, after = ({row.name for row in report.layers} for report in (self.report, changed))
        # What no output depends on any more is no part of the model.
        right = change.layers | (before - after)
        layer = problems[0].layer
        if not change.layers:
            return ""  # the order of outputs also decides the order of layers
        if layer is None:
            return "" if not right & (before | after) else f"first: {problems[0].message}"
        return "" if layer.rpartition("/")[2] in right else f"first at '{layer}': {problems[0].message}"


def _json_record(report: Study) -> str:
    return json.dumps(report_data(report))


def _without_source(report: Study) -> str:
    return spec_yaml(report)


def _keras(report: Study) -> str:
    return keras_text(report, OPTIONS)


def _keras2(report: Study) -> str:
    return keras2_text(report, OPTIONS)


_WRITERS: dict[str, Callable[[Study], str]] = {
    CONFIG: lambda report: "",
    JSON: _json_record,
    SPEC: _without_source,
    KERAS: _keras,
    KERAS2: _keras2,
}
