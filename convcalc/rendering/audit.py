"""Writes the results of ``convcalc audit`` as text, JSON or SARIF."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from convcalc.audit.file import Audit
from convcalc.audit.rules import HIGH, LOW, MEDIUM, OWN_CODE, Finding
from convcalc.base.json_text import dumps
from convcalc.base.problems import Problem, listed
from convcalc.base.text import visible

FORMATS = ("text", "json", "sarif")
_LEVELS = {HIGH: "error", MEDIUM: "warning", LOW: "note"}


def text_lines(audit: Audit) -> Iterator[str]:
    """Yields the lines for one file: its findings, the classes that Keras needs, or that there is nothing to fear."""
    for finding in audit.risks:
        yield visible(f"{audit.source}: {finding.path}: {finding.risk}: {finding.message}")
    if audit.needed:
        yield visible(
            f"{audit.source}: to load the file, Keras needs custom_objects with {listed(audit.needed, 'and')}"
        )
    for name, source in audit.declared.items():
        yield visible(f"{audit.source}: {name} is declared in {source} for convcalc, not for Keras")
    if not audit.risks:
        why = "the file contains no code and refers to no other file" if audit.is_keras else "a spec contains no code"
        yield visible(f"{audit.source}: nothing would run or be opened: {why}")


def json_text(audits: Sequence[Audit], problems: Sequence[tuple[str, Problem]]) -> str:
    """Returns the results of all files as JSON."""
    files: list[dict[str, Any]] = [
        {
            "file": visible(audit.source),
            "findings": [_json_finding(finding) for finding in audit.findings],
            "needs_code": audit.needed,
        }
        for audit in audits
    ]
    files += [
        {"file": visible(file), "error": {"code": problem.code, "message": problem.message}}
        for file, problem in problems
    ]
    return dumps({"audit_version": 1, "files": files})


def _json_finding(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "code": finding.risk,
        "path": finding.path,
        "message": _message(finding),
        "advisories": list(finding.rule.advisories),
    }


def _message(finding: Finding) -> str:
    return f"{finding.message}: a custom class or function" if finding.rule is OWN_CODE else finding.message


def sarif_text(audits: Sequence[Audit], problems: Sequence[tuple[str, Problem]]) -> str:
    """Returns the results of all files as a SARIF log."""
    from convcalc.rendering import sarif

    models = [
        sarif.Findings(True, [_sarif_finding(audit.source, finding) for finding in audit.findings]) for audit in audits
    ]
    models += [
        sarif.Findings(
            False, [sarif.Finding(problem.code, "error", visible(problem.message), sarif.location(file), file)]
        )
        for file, problem in problems
    ]
    return sarif.sarif(models)


def _sarif_finding(source: str, finding: Finding) -> Any:
    from convcalc.rendering import sarif

    place = sarif.location(source)
    place["logicalLocations"] = [{"fullyQualifiedName": visible(finding.path), "kind": "element"}]
    parts = (PurePath(source).as_posix(), finding.risk, finding.path, finding.message)
    identity = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    message = visible(f"{finding.path}: {_message(finding)}")
    return sarif.Finding(finding.risk, _LEVELS[finding.severity], message, place, identity)
