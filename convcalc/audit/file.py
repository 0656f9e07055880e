"""Audits a file: all of its parts, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO

from convcalc.audit.archive import audit_archive, finished
from convcalc.audit.config import audit_config, declared_names, leads_outside
from convcalc.audit.graph import audit_graph
from convcalc.audit.hdf5 import audit_hdf5, has_hdf5
from convcalc.audit.numpy_arrays import audit_numpy
from convcalc.audit.objects import WHOLE_FILE, objects
from convcalc.audit.rules import OUTSIDE_PATH, OWN_CODE, PROGRAM, TWO_MODELS, UNCHECKED, Finding
from convcalc.base import codes
from convcalc.base.lazy import resolve
from convcalc.base.problems import ConvcalcError
from convcalc.base.structs import Struct
from convcalc.read import open_source
from convcalc.read.ambiguity import HDF5_START, ZIP_STARTS, contradiction, has_archive_at_end
from convcalc.read.code_settings import names_code, split_target
from convcalc.read.container import open_file, parse_json
from convcalc.read.custom_layers import NO_CUSTOM_LAYERS, CustomLayers
from convcalc.read.detect import SHARDED_WEIGHTS, OpenFile, detect_content
from convcalc.read.keras_files.members import CONFIG_MEMBER, NUMPY_WEIGHTS, TASK, TASK_WEIGHTS, WEIGHTS_MEMBER

_MAX_SHARDS = 1_000


class Audit(Struct):
    """The result for one file.

    Attributes:
        source: the file's name.
        findings: all findings, in the order of the file.
        declared: the custom classes that are declared for convcalc, with the file of the declaration.
        is_keras: False if Keras did not write the file, e.g. for a spec.
        has_graph: True if the file has a TensorFlow graph.
    """

    source: str
    findings: Sequence[Finding]
    declared: dict[str, str]
    is_keras: bool = True
    has_graph: bool = False

    @property
    def risks(self) -> list[Finding]:
        """The findings except the custom classes that Keras needs the code of."""
        return [finding for finding in self.findings if finding.rule is not OWN_CODE]

    @property
    def needed(self) -> list[str]:
        """The custom classes and functions that Keras needs the code of, sorted."""
        return sorted({finding.message for finding in self.findings if finding.rule is OWN_CODE})


def audit_file(source: str | PathLike[str], custom: CustomLayers = NO_CUSTOM_LAYERS) -> Audit:
    """Audits a file, or the files of a model's folder.

    Raises :class:`ConvcalcError` if the file cannot be read or is not a model.
    """
    name = fspath(source)
    if names_code(name):
        with open_source(split_target(name)[0]) as (_, path):  # raises an error if the file does not exist
            message = "Python code: all of it runs when Python runs it; convcalc only reads it"
            return Audit(path, [Finding(PROGRAM, WHOLE_FILE, message)], {})
    with open_source(name) as (file, path):
        return audit_open_file(file, path, custom)._replace(source=name)


def audit_open_file(file: BinaryIO, path: str, custom: CustomLayers = NO_CUSTOM_LAYERS) -> Audit:
    """Audits an open file, as :func:`audit_file` does. The ending of ``path`` decides what Keras takes the file for."""
    findings: list[Finding] = []
    if reason := contradiction(file, path):
        findings.append(Finding(TWO_MODELS, WHOLE_FILE, reason))
    parts = _binary_parts(file, path, bool(reason))
    if parts:
        _extend(findings, parts, path)
        return Audit(path, findings, _declared(file, path, custom))
    opened = detect_content(file, path)
    config = resolve(opened.kind.config)(opened) if opened.kind.config else None
    findings += audit_config(config)
    findings += _other_parts(opened)
    is_keras = config is not None or opened.kind.has_graph or opened.kind is SHARDED_WEIGHTS or bool(findings)
    return Audit(path, findings, declared_names(config, custom), is_keras, opened.kind.has_graph)


def _binary_parts(file: BinaryIO, path: str, is_contradictory: bool) -> list[Iterator[Finding]]:
    """Returns the findings of the archive and the HDF5 data in a file. A file can have both."""
    start = file.read(8)
    parts = []
    if start.startswith(ZIP_STARTS) or (is_contradictory and has_archive_at_end(file)):
        parts.append(audit_archive(file, path, is_contradictory))
    if start == HDF5_START or (is_contradictory and has_hdf5(file)):
        parts.append(audit_hdf5(file, path))
    file.seek(0)
    return parts


def _extend(findings: list[Finding], parts: Iterable[Iterator[Finding]], path: str) -> None:
    """Adds the findings of all parts. A part that cannot be read to its end is a finding too.

    Raises :class:`ConvcalcError` if a part is damaged and nothing else was found.
    """
    failures: list[ConvcalcError] = []
    for part in parts:
        try:
            for finding in part:
                findings.append(finding)
        except ConvcalcError as failed:
            failures.append(failed)
    for failure in failures:
        problem = failure.problems[0]
        if not findings and problem.code != codes.TOO_LARGE:
            raise failure
        findings.append(Finding(UNCHECKED, WHOLE_FILE, problem.message.removeprefix(f"{path}: ")))


def _declared(file: BinaryIO, path: str, custom: CustomLayers) -> dict[str, str]:
    """Returns the custom classes in an archive or HDF5 file that are declared for convcalc."""
    if custom == NO_CUSTOM_LAYERS:
        return {}
    try:
        opened = detect_content(file, path)
        return declared_names(resolve(opened.kind.config)(opened), custom) if opened.kind.config else {}
    except ConvcalcError:  # the findings say what is wrong
        return {}


def _other_parts(opened: OpenFile) -> Iterator[Finding]:
    """Yields the findings of a graph, and of the weights beside a config or in several files."""
    path = Path(opened.name)
    if opened.kind.has_graph:
        yield from audit_graph(opened.file)
    elif opened.kind is SHARDED_WEIGHTS:
        yield from _shards(opened)
    elif path.name in (CONFIG_MEMBER, TASK):
        for name in (WEIGHTS_MEMBER, TASK_WEIGHTS):
            yield from _beside(path, name)
        yield from _beside(path, NUMPY_WEIGHTS)


def _shards(opened: OpenFile) -> Iterator[Finding]:
    """Yields the findings of the HDF5 files that a list of weights names."""
    data = parse_json(opened.text)
    names = {name for _, mapping in objects(data) for value in mapping.values() for name in _texts(value)}
    shards = sorted(name for name in names if name.endswith(".h5"))
    if len(shards) > _MAX_SHARDS:
        yield Finding(UNCHECKED, WHOLE_FILE, f"names more than {_MAX_SHARDS:,} files")
    for name in shards[:_MAX_SHARDS]:
        if leads_outside(name):
            yield Finding(OUTSIDE_PATH, "weight_map", f"the file {name!r} is outside of the folder")
        else:
            yield from _beside(Path(opened.name), name)


def _texts(value: Any) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _beside(described: Path, name: str) -> Iterator[Finding]:
    """Yields the findings of weights in the same folder; none if the file does not exist."""
    path = described.with_name(name)
    if path.is_file():
        with open_file(str(path)) as file:
            part = audit_numpy(file, name) if name == NUMPY_WEIGHTS else audit_hdf5(file, str(path))
            yield from finished(part, name)
