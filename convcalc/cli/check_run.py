"""Checks one model for ``convcalc check``.

The settings and the result are plain data that can be sent between processes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error, listed
from convcalc.base.structs import Struct
from convcalc.cli import CHECK_FAILED, OK, USAGE_ERROR
from convcalc.cli.custom_files import custom_layers
from convcalc.cli.inputs import Inputs, warnings_of
from convcalc.cli.records import model_or_record
from convcalc.rendering.formats import CHECK_FORMATS, check_payload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convcalc.analyse import Study
    from convcalc.checking.budget import Limit
    from convcalc.checking.check_model import CheckResult
    from convcalc.cli.project import Project
    from convcalc.rendering.style import TextStyle

_RECORD_ENDINGS = (".txt", ".json", ".yaml", ".keras", ".h5")  # a folder is searched for a record in this order


# Errors of code that convcalc cannot read. Any other error in code means that Keras rejects the code.
_UNREADABLE = (codes.PYTHON_SYNTAX, codes.SEVERAL_MODELS, codes.NO_MODEL_IN_CODE, codes.TOO_MUCH_WORK)


class NewRecord(Struct):
    """A record to write: its path and its text."""

    path: Path
    text: str


class Outcome(Struct):
    """The result of the check of one model.

    - ``messages`` are the lines for standard error.
    - ``new_record`` is the record to write; None if there is none.
    - ``code`` is the exit code for this model.
    - ``payload`` is what the output contains about this model; None with ``--quiet``.
    """

    messages: tuple[str, ...]
    new_record: NewRecord | None
    code: int
    payload: Any


@dataclass(frozen=True)
class CheckRun:
    """The settings of a run of ``convcalc check``, which are the same for every model.

    With ``--quiet``, ``format`` and ``text_style`` are None. ``parts`` has names such as
    ``model.py:build``, if the user gave only ``model.py``.
    """

    settings: Project
    against: str | None
    record: str | None
    ignore_names: bool
    allow_incomplete: bool
    project_limits: Mapping[str, Limit]
    limits: Mapping[str, Limit]
    inputs: Inputs
    format: str | None
    text_style: TextStyle | None
    parts: frozenset[str] = frozenset()

    def check(self, name: str) -> Outcome:
        """Checks one model.

        If the file cannot be read, returns a failure and raises no exception, so that the other models are still
        checked.
        """
        from convcalc.checking.check_model import CheckResult

        began = monotonic()
        messages: list[str] = []
        new_record = None
        try:
            report = self._report(name)
            if self.format is not None:
                messages += warnings_of(report.problems)
            result = self._result(name, report)
            new_record = _new_record(report, self.record, name) if self.record else None
        except ConvcalcError as failed:
            result = CheckResult(name, None, failed.problems, has_fault=_is_fault(name, failed))
        misused = result.is_unread or result.has_wrong_expectation
        code = USAGE_ERROR if misused else OK if result.passed else CHECK_FAILED
        payload = self._payload(replace(result, seconds=monotonic() - began))
        return Outcome(tuple(messages), new_record, code, payload)

    def _report(self, name: str) -> Study:
        from convcalc.analyse import Study, infer

        return Study.of(infer(model_or_record(name, lambda: self.inputs.model(name, name in self.parts))))

    def _result(self, name: str, report: Study) -> CheckResult:
        from convcalc.checking.budget import effective_limits
        from convcalc.checking.check_model import check_model
        from convcalc.snapshot.load import load_snapshot

        project = self.settings
        record = None if self.record else _record_in_folder(self.against, name) or project.record_of(name)
        return check_model(
            name,
            report,
            effective_limits(report.model, self.project_limits, self.limits),
            load_snapshot(record, custom=custom_layers(self.inputs.custom)) if record else None,
            self.ignore_names or project.ignore_names,
            self.allow_incomplete or project.allow_incomplete,
        )

    def _payload(self, result: CheckResult) -> Any:
        if self.format is None or self.text_style is None:
            return None
        return check_payload(CHECK_FORMATS[self.format], result, self.text_style)


def _record_in_folder(record: str | None, model: str) -> str | None:
    """Returns the path of the model's record.

    If ``record`` is a folder, the record of ``model.yaml`` is the file ``model.txt``, ``model.json`` … in this folder.
    """
    if record is None or not Path(record).is_dir():
        return record
    paths = [Path(record, record_stem(model) + ending) for ending in _RECORD_ENDINGS]
    existing = next((path for path in paths if path.is_file()), None)
    if existing is None:
        names = listed(path.name for path in paths)
        raise error(
            codes.NO_RECORD,
            f"{model}: the folder {record} has no record of this model; expected {names}; --record writes it",
        )
    return str(existing)


def record_stem(model: str) -> str:
    """Returns the name of a model's record in a folder: ``model`` for ``model.yaml``, ``train-build`` for ``train.py:build``."""
    from convcalc.read.code_settings import split_target

    path, target = split_target(model)
    words = [Path(path).stem, *re.findall(r"\w+", target)]
    return "-".join(words)


def _is_fault(name: str, failed: ConvcalcError) -> bool:
    """Returns True if the model could not be built because Keras rejects its code."""
    from convcalc.read.code_settings import names_code

    return names_code(name) and any(
        problem.mark is not None and problem.code not in _UNREADABLE for problem in failed.problems
    )


def _new_record(report: Study, record: str, name: str) -> NewRecord:
    """Returns the record to write. If ``record`` is a folder, the record of ``model.yaml`` is ``model.txt`` in this
    folder.
    """
    from convcalc.snapshot.write import snapshot_text

    path = Path(record)
    if path.is_dir():
        path = path / f"{record_stem(name)}.txt"
    return NewRecord(path, snapshot_text(report, path.suffix))
