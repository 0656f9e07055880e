"""The format ``sarif`` of checks: SARIF 2.1.0, which GitHub's code scanning and other viewers read."""

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
from convcalc.base.problems import Mark, Problem, file_of
from convcalc.base.structs import Struct
from convcalc.base.text import STDIN, visible
from convcalc.base.version import __version__
from convcalc.checking.check_model import CheckResult
from convcalc.rendering.output_format import OutputFormat

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# The beginning of a text that viewers would show as a link.
_LINK = re.compile(r"\[([^][]*)\]\(")
_NUMBERS = re.compile(r"[0-9][0-9,]*")


class Finding(Struct):
    """A problem as data, without the numbers that depend on other models.

    :func:`_results` adds them: the index of the rule, and a number that distinguishes equal findings.
    """

    code: Code
    level: str
    message: str
    location: dict[str, Any]
    identity: str


class Findings(Struct):
    """The findings for one model. ``read`` is True if the file of the model could be read."""

    read: bool
    items: Sequence[Finding]


def findings(result: CheckResult) -> Findings:
    """Returns the findings for one model."""
    return Findings(not result.is_unread, [_finding(result, problem) for problem in result.problems])


def sarif(models: Sequence[Findings]) -> str:
    """Returns the complete SARIF log. The log has one run."""
    all_findings = list(_each_once(models))
    codes = sorted({finding.code for finding in all_findings})
    run = {
        "tool": {"driver": {"name": "convcalc", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "invocations": [{"executionSuccessful": all(model.read for model in models)}],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(all_findings, codes)),
    }
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _each_once(models: Sequence[Findings]) -> Iterator[Finding]:
    """Yields the findings of all models. The models of a program can share a finding, which is yielded once."""
    shown: list[tuple[Code, str, dict[str, Any]]] = []
    for model in models:
        known = list(shown)
        for finding in model.items:
            content = (finding.code, finding.message, finding.location)
            if content not in known:
                shown.append(content)
                yield finding


def _rule(code: Code) -> dict[str, Any]:
    explained = meaning(code)
    return {
        "id": code,
        "shortDescription": {"text": explained.title},
        "help": {"text": explained.help, "markdown": explained.help},
    }


def _finding(result: CheckResult, problem: Problem) -> Finding:
    level = "warning" if problem.severity == "warning" else "error"
    message = _LINK.sub(r"\\[\1\\](", visible(_text(problem)))
    place = location(result.source, problem.mark, problem.layer)
    return Finding(problem.code, level, message, place, _fingerprint(result, problem))


def _text(problem: Problem) -> str:
    """Returns the message of a problem. For a notebook, begins with the position in the cell: ``cell3:8:5: …``.

    A SARIF location cannot contain this position, because the lines of a cell differ from those of the .ipynb file.
    """
    cell = problem.mark.cell if problem.mark else ""
    return f"{cell}: {problem.message}" if cell else problem.message


def _results(items: Iterable[Finding], codes: Sequence[Code]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for finding in items:
        seen[finding.identity] += 1
        yield {
            "ruleId": finding.code,
            "ruleIndex": codes.index(finding.code),
            "level": finding.level,
            "message": {"text": finding.message},
            **({"locations": [finding.location]} if finding.location else {}),
            # Findings with equal identities get different numbers at the end.
            "partialFingerprints": {"finding/v1": f"{finding.identity}:{seen[finding.identity]}"},
        }


def location(source: str, mark: Mark | None = None, layer: str | None = None) -> dict[str, Any]:
    """Returns the location of a finding: the position in the file, and the layer. Standard input has no position."""
    place: dict[str, Any] = {}
    file = mark.path if mark else file_of(source)
    if file not in STDIN:
        place["physicalLocation"] = {"artifactLocation": _artifact(file)}
        if mark and not mark.cell:
            region = {"startLine": mark.line, "startColumn": mark.column}
            place["physicalLocation"]["region"] = region
    if layer:
        name = layer.rpartition("/")[2]
        logical = {"name": visible(name), "fullyQualifiedName": visible(layer), "kind": "element"}
        place["logicalLocations"] = [logical]
    return place


def _artifact(file: str) -> dict[str, str]:
    """Returns the URI of a file.

    The URI of a file below the working directory is relative, so that viewers find the file in the repository.
    """
    path = PurePath(file)
    if path.is_absolute():
        working_directory = Path.cwd()
        if not path.is_relative_to(working_directory):
            return {"uri": path.as_uri()}
        path = path.relative_to(working_directory)
    return {"uri": quote(path.as_posix(), errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}


def _fingerprint(result: CheckResult, problem: Problem) -> str:
    """Returns a hash that identifies a problem. The hash does not depend on line numbers, or on numbers in the message."""
    parts = (PurePath(result.source).as_posix(), problem.code, problem.layer or "", _NUMBERS.sub("#", problem.message))
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
