"""Findings as JUnit's XML, which CI servers show as tests.

A model is a suite. Each layer that is held to something is a test, so that viewers list what holds and what does not; what
concerns no layer, such as a budget, is the test of the model itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from convcalc.base.problems import Problem
from convcalc.base.structs import Struct
from convcalc.checking.check_model import CheckResult
from convcalc.rendering.output_format import OutputFormat

# What XML 1.0 has no way to write.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MODEL = "the model"


class Suite(Struct):
    """A model's suite, and how many seconds it took."""

    element: Element
    seconds: float


def junit(suites: Sequence[Suite]) -> str:
    """The whole document."""
    root = Element("testsuites", name="convcalc check")
    root.extend([suite.element for suite in suites])
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in root)))
    root.set("time", _seconds(sum(suite.seconds for suite in suites)))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def suite(model: CheckResult) -> Suite:
    """A model's suite, with its tests in the order of the layers."""
    suite = Element("testsuite", name=_legal(model.source))
    found: dict[str, list[Problem]] = {name: [] for name in (_MODEL, *_held(model))}
    for problem in model.problems:
        found.setdefault(problem.layer or _MODEL, []).append(problem)
    kind = "error" if model.report is None else "failure"
    wrong = 0
    for name, problems in found.items():
        wrong += _test(suite, model, name, problems, kind)
    suite.set("tests", str(len(found)))
    suite.set("failures", str(wrong if kind == "failure" else 0))
    suite.set("errors", str(wrong if kind == "error" else 0))
    suite.set("time", _seconds(model.seconds))
    return Suite(suite, model.seconds)


def _test(suite: Element, model: CheckResult, name: str, problems: Sequence[Problem], kind: str) -> bool:
    """One test; whether it fails. Warnings fail nothing: they are its output."""
    case = SubElement(suite, "testcase", classname=_legal(model.source), name=_legal(name), file=_legal(model.source))
    case.set("time", _seconds(model.seconds if name == _MODEL else 0))
    errors = [problem for problem in problems if problem.severity == "error"]
    warnings = [problem for problem in problems if problem.severity != "error"]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        said = SubElement(case, kind, type=errors[0].code, message=_legal(f"{errors[0].message}{more}"))
        said.text = _legal("\n".join(map(str, errors)))
    if warnings:
        SubElement(case, "system-out").text = _legal("\n".join(map(str, warnings)))
    return bool(errors)


def _held(model: CheckResult) -> Iterator[str]:
    """The layers that are held to a record, or to what their spec expects."""
    if model.comparison is not None:
        for pair in model.comparison.pairs:
            row = pair.after or pair.before
            if row is not None:
                yield row.path or row.name
    if model.report is not None:
        yield from (path for path, layer in model.report.model.walk() if layer.expect)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _legal(text: str) -> str:
    """The text with what XML cannot hold written out."""
    return _ILLEGAL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


FORMATS = (
    OutputFormat(
        "junit",
        (".xml",),
        machine=True,
        check_result="convcalc.rendering.junit:suite",
        checks="convcalc.rendering.junit:junit",
    ),
)
