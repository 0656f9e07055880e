"""The readers of files that are records: printed summaries and JSON reports. They raise the error for a missing model."""

from __future__ import annotations

from typing import NoReturn

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error
from convcalc.model import Model
from convcalc.read.detect import OpenFile, find_summary_part
from convcalc.read.foreign_files import foreign_text
from convcalc.read.spec.spec import read_spec_file


def read_report(opened: OpenFile) -> NoReturn:
    """Raises the error for a JSON report, which is a record and not a model."""
    raise record_error(opened.name, "a JSON report of convcalc")


def read_printed(opened: OpenFile) -> Model:
    """Raises the error for a printed summary, which is a record. Other texts are read as a spec."""
    foreign = foreign_text(opened.text)
    if foreign is not None:
        raise foreign
    if find_summary_part(opened.text.text):
        raise record_error(opened.name, "a printed summary")
    return read_spec_file(opened)


def record_error(name: str, what: str) -> ConvcalcError:
    """Returns the error for a record where a model is needed."""
    message = f"{name} is {what}, not a model: it lacks what this command needs"
    return error(codes.RECORD_GIVEN, f"{message}; compare it with `convcalc check MODEL --against {name}`")
