"""One model of ``convcalc check``, held to everything that a run holds its models to: plain data in, plain data out, so that any
process can do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from convcalc.base import codes
from convcalc.base.problems import ConvcalcError, error, listed
from convcalc.base.structs import NamedTuple
from convcalc.cli import FAILED, FINE, WRONG
from convcalc.cli.reading import resized

if TYPE_CHECKING:
    from convcalc.analyse import Report
    from convcalc.checking.budget import Limit
    from convcalc.checking.check_model import Checked
    from convcalc.cli.project import Project
    from convcalc.rendering.grid import TextStyle

_ENDINGS = (".txt", ".json", ".yaml", ".keras", ".h5")  # of a model's record in a folder of records


class NewRecord(NamedTuple):
    """A model's record: where it stands, and what it should be."""

    place: Path
    text: str


class Piece(NamedTuple):
    """A part of what people are told of a model; ``aside`` is for standard error."""

    text: str
    aside: bool = False


class Outcome(NamedTuple):
    """What became of one model: what is to be said on standard error, the record to write, the exit code by this model, and what
    the format has of it: of ``table`` its pieces in their order, nothing where all is quiet.
    """

    said: tuple[str, ...]
    record: NewRecord | None
    code: int
    part: Any


@dataclass(frozen=True)
class Checks:
    """What every model of a run is held to, and how it is told: ``format`` and ``look`` are None where nothing is."""

    settings: Project
    against: str | None
    record: str | None
    ignore_names: bool
    allow_incomplete: bool
    project_limits: Mapping[str, Limit]
    limits: Mapping[str, Limit]
    inputs: tuple[str, ...]
    batch: int | None
    format: str | None
    look: TextStyle | None

    def of(self, name: str) -> Outcome:
        """What becomes of one model; one that cannot be read keeps no other from its check."""
        from convcalc.checking.check_model import Checked

        began = monotonic()
        said: list[str] = []
        record = None
        try:
            report = self._report(name)
            if self.format is not None:
                said += map(str, report.problems)
            found = self._checked(name, report)
            record = _new_record(report, self.record, name) if self.record else None
        except ConvcalcError as failed:
            found = Checked(name, None, failed.problems)
        code = WRONG if found.report is None else FINE if found.passed else FAILED
        return Outcome(tuple(said), record, code, self._part(replace(found, seconds=monotonic() - began)))

    def _report(self, name: str) -> Report:
        from convcalc.analyse import infer
        from convcalc.read import parse

        return infer(resized(parse(name), self.inputs, self.batch))

    def _checked(self, name: str, report: Report) -> Checked:
        """The nearer word counts: an option before the spec, the spec before the project."""
        from convcalc.checking.budget import spec_limits
        from convcalc.checking.check_model import checked
        from convcalc.snapshot.load import load_snapshot

        project = self.settings
        place = None if self.record else _in_folder(self.against, name) or project.record_of(name)
        limits = {**self.project_limits, **spec_limits(report.model), **self.limits}
        return checked(
            name,
            report,
            limits,
            load_snapshot(place) if place else None,
            self.ignore_names or project.ignore_names,
            self.allow_incomplete or project.allow_incomplete,
        )

    def _part(self, found: Checked) -> Any:
        if self.format is None or self.look is None:
            return None
        if self.format == "table":
            return tuple(_told(found, self.look))
        from convcalc.rendering.checks import CHECK_FORMATS

        return CHECK_FORMATS[self.format].part(found)


def _in_folder(record: str | None, model: str) -> str | None:
    """A record; that of the model's name where it is a folder of records."""
    if record is None or not Path(record).is_dir():
        return record
    places = [Path(record, Path(model).stem + ending) for ending in _ENDINGS]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise error(
            codes.NO_RECORD, f"{model}: no record of it in {record}: looked for {listed(p.name for p in places)}"
        )
    return str(found)


def _new_record(report: Report, record: str, name: str) -> NewRecord:
    """The record of a model; in a folder it has the model's own name."""
    from convcalc.snapshot.write import record_text

    place = Path(record)
    if place.is_dir():
        place = place / f"{Path(name).stem}.txt"
    return NewRecord(place, record_text(report, place.suffix))


def _told(found: Checked, look: TextStyle) -> Iterator[Piece]:
    """A line of what holds. Of what does not every problem, on standard error; of differences from a record the first, and a
    table of all of them.
    """
    from convcalc.base.text import number_text

    report, comparison = found.report, found.comparison
    if report is None:
        yield Piece(str(ConvcalcError(found.problems)), aside=True)
    elif found.passed:
        record = f", as in {comparison.before.source}" if comparison else ""
        params = number_text(report.totals.params, report.totals.incomplete.get("params"))
        text = f"{found.source}: {len(report.layers)} layers, {params} parameters: all expectations hold{record}\n"
        yield Piece(text)
    else:
        differences = [problem for problem in found.problems if problem.code == codes.RECORD_DIFFERS]
        for problem in [*(each for each in found.problems if each not in differences), *differences[:1]]:
            yield Piece(f"{'' if problem.mark else f'{found.source}: '}{problem}", aside=True)
        if comparison is not None and differences:
            from convcalc.rendering.diff import diff_sheet
            from convcalc.rendering.sheet import drawn

            yield Piece(drawn(diff_sheet(comparison), look))
