"""Findings as SARIF 2.1.0, which GitHub's code scanning and other viewers read."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from convcalc.base.codes import Code, meaning
from convcalc.base.json_text import dumps
from convcalc.base.problems import Mark, Problem
from convcalc.base.structs import Struct
from convcalc.base.text import STDIN, visible
from convcalc.base.version import __version__
from convcalc.checking.check_model import CheckResult
from convcalc.rendering.output_format import OutputFormat

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# What a viewer would take for a link.
_LINK = re.compile(r"\[([^][]*)\]\(")
_NUMBERS = re.compile(r"[0-9][0-9,]*")


class Finding(Struct):
    """A result without what it has only among the others: the number of its rule, and its own among equals."""

    code: Code
    level: str
    message: str
    location: dict[str, Any]
    identity: str


class Findings(Struct):
    """What was found in one model; ``read`` says whether it could be read."""

    read: bool
    found: Sequence[Finding]


def findings(model: CheckResult) -> Findings:
    """What was found in a model."""
    return Findings(model.report is not None, [_finding(model, problem) for problem in model.problems])


def sarif(models: Sequence[Findings]) -> str:
    """The whole log: one run."""
    found = [finding for model in models for finding in model.found]
    codes = sorted({finding.code for finding in found})
    run = {
        "tool": {"driver": {"name": "convcalc", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "invocations": [{"executionSuccessful": all(model.read for model in models)}],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(found, codes)),
    }
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: Code) -> dict[str, Any]:
    means = meaning(code)
    return {"id": code, "shortDescription": {"text": means.title}, "help": {"text": means.help, "markdown": means.help}}


def _finding(model: CheckResult, problem: Problem) -> Finding:
    level = "warning" if problem.severity == "warning" else "error"
    message = _LINK.sub(r"\\[\1\\](", visible(problem.message))
    location = _location(model.source, problem.mark, problem.layer)
    return Finding(problem.code, level, message, location, _fingerprint(model, problem))


def _results(found: Iterable[Finding], codes: Sequence[Code]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for finding in found:
        seen[finding.identity] += 1
        yield {
            "ruleId": finding.code,
            "ruleIndex": codes.index(finding.code),
            "level": finding.level,
            "message": {"text": finding.message},
            **({"locations": [finding.location]} if finding.location else {}),
            # Equal findings are told apart by their number.
            "partialFingerprints": {"finding/v1": f"{finding.identity}:{seen[finding.identity]}"},
        }


def _location(source: str, mark: Mark | None, layer: str | None) -> dict[str, Any]:
    """Where a finding is: in the file, unless that is standard input, and in the model."""
    location: dict[str, Any] = {}
    file = mark.file if mark else source
    if file not in STDIN:
        location["physicalLocation"] = {"artifactLocation": _artifact(file)}
        if mark:
            region = {"startLine": mark.line, "startColumn": mark.column}
            location["physicalLocation"]["region"] = region
    if layer:
        name = layer.rpartition("/")[2]
        whole = {"name": visible(name), "fullyQualifiedName": visible(layer), "kind": "element"}
        location["logicalLocations"] = [whole]
    return location


def _artifact(file: str) -> dict[str, str]:
    """A file as a URI: one below the working directory as viewers look it up, in the repository."""
    path = PurePath(file)
    if path.is_absolute():
        here = Path.cwd()
        if not path.is_relative_to(here):
            return {"uri": path.as_uri()}
        path = path.relative_to(here)
    return {"uri": quote(path.as_posix(), errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}


def _fingerprint(model: CheckResult, problem: Problem) -> str:
    """What stays the same where lines move and numbers change."""
    parts = (PurePath(model.source).as_posix(), problem.code, problem.layer or "", _NUMBERS.sub("#", problem.message))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


FORMATS = (
    OutputFormat(
        "sarif",
        (".sarif",),
        machine=True,
        check_result="convcalc.rendering.sarif:findings",
        checks="convcalc.rendering.sarif:sarif",
    ),
)
