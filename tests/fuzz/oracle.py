"""Conditions that every result must meet. :func:`judge` raises :class:`AssertionError` if a condition is not met."""

from __future__ import annotations

import json
import re
from typing import Any

from convcalc import Report, infer
from convcalc.analyse import LayerReport
from convcalc.analyse.explain import explain
from convcalc.base.numbers import plain
from convcalc.base.problems import ConvcalcError
from convcalc.base.text import visible
from convcalc.checking.against_snapshot import compare_with_snapshot
from convcalc.checking.insights import insights
from convcalc.layers import LayerDefinition
from convcalc.model import Model
from convcalc.ops import Operation
from convcalc.read import read
from convcalc.rendering import render
from convcalc.rendering.columns import FIELDS
from convcalc.rendering.explain import explanation_text
from convcalc.rendering.formats import REPORT_FORMATS
from convcalc.rendering.insights import insights_text
from convcalc.rendering.memory import memory_text
from convcalc.rendering.style import TextStyle
from convcalc.rendering.table import table
from convcalc.report_json.write import report_json
from convcalc.snapshot.load import snapshot_in
from convcalc.write import FORMATS
from convcalc.write.proof import without_stored_weights

LONGEST_MESSAGE = 5_000


def refused(failed: ConvcalcError) -> None:
    """Checks that an error has problems, and that each problem has a message that is not too long."""
    assert failed.problems
    for problem in failed.problems:
        assert problem.message
        assert len(str(problem)) < LONGEST_MESSAGE


def judge(model: Model) -> None:
    """Checks that a model has a consistent report, or is refused with a :class:`ConvcalcError`."""
    try:
        report = infer(model)
    except ConvcalcError as failed:
        refused(failed)
        return
    _data(report)
    _texts(report)
    _recorded(report)
    _written(report)


def _data(report: Report) -> None:
    """Checks that the JSON report is valid JSON, and that no count in the report is negative."""
    data = report.as_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert json.loads(report_json(report)) == data
    totals = data["totals"]
    assert all(value >= 0 for value in totals.values() if isinstance(value, int))
    for row in data["layers"]:
        assert all(value >= 0 for value in row.values() if isinstance(value, int)), row
    for labelled in (totals, *data["layers"]):
        unknown = {key for key, value in labelled.items() if value is None} & {"params", "macs", "trainable_params"}
        assert unknown <= set(labelled["incomplete"]), "an unknown number is not listed as incomplete"


def _texts(report: Report) -> None:
    """Checks that every format can be printed, and that no text contains control characters for a terminal."""
    style = TextStyle()
    texts = [table(report, style, list(FIELDS), 9), memory_text(report, style), insights_text(insights(report), style)]
    texts += [explanation_text(explain(report, str(number + 1)), style) for number in range(min(2, len(report.layers)))]
    for format in REPORT_FORMATS:
        try:
            texts.append(render(report, format))
        except ConvcalcError as failed:  # Keras cannot print this report
            assert format in ("keras", "keras2"), failed
            refused(failed)
    for text in texts:
        assert all(line == visible(line) for line in re.split("\r?\n", text))


def _recorded(report: Report) -> None:
    """Checks that a model agrees with a snapshot of the same model."""
    record = snapshot_in(report_json(report), "own.json", report)
    comparison, problems = compare_with_snapshot(report, record)
    assert not problems, problems
    assert not comparison.totals


def _written(report: Report) -> None:
    """Checks that the written config is read back as the same model, and that the written spec and code are valid."""
    config = _text(report, ".json")
    if config is not None:
        _read_back(report, infer(read(config.encode(), "written.json")))
    spec = _text(report, ".yaml")
    if spec is not None:
        infer(read(spec.encode(), "written.yaml"))
    code = _text(report, ".py")
    if code is not None:
        compile(code.encode(), "written.py", "exec")


def _text(report: Report, ending: str) -> str | None:
    """Returns the text of the model in a format; None if it cannot be written."""
    try:
        return FORMATS[ending](report)
    except ConvcalcError as failed:
        assert [problem.code for problem in failed.problems] == ["cannot-write"], failed
        return None


def _read_back(report: Report, again: Report) -> None:
    """Checks that ``again``, the report of the written config, equals the report of the model."""
    own_code = any(isinstance(row.definition, LayerDefinition) and row.definition.is_custom for row in report.layers)
    if report.problems or own_code:  # a config does not store the rules of custom layers
        return
    assert {problem.code for problem in again.problems} <= {"unknown-layer"}, again.problems
    # A config stores no weights, so ``again`` must equal the report without stored weights.
    without_weights = without_stored_weights(report)
    assert _rows(again) == _rows(without_weights)
    assert again.totals == without_weights.totals


def _class_name(row: LayerReport) -> str:
    """Returns the class of a layer or operation. For an operation of Keras 2, returns the class of the corresponding
    operation of Keras 3.
    """
    return row.definition.name if isinstance(row.definition, Operation) else row.class_name


def _rows(report: Report) -> list[Any]:
    return [
        (row.path, _class_name(row), row.output_shapes, row.params, row.trainable_params, plain(row.macs), row.dtype)
        for row in report.layers
    ]
