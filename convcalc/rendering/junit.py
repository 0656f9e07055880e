"""The format ``junit`` of checks: JUnit's XML, which CI servers show as tests.

A model is a test suite. Each layer that is checked is a test, so that viewers list the passed and the failed layers. A
problem without a layer, such as an exceeded budget, belongs to a test of the model itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from convcalc.base.problems import Problem, file_of
from convcalc.base.structs import Struct
from convcalc.checking.check_model import CheckResult
from convcalc.rendering.output_format import OutputFormat

# Characters that XML 1.0 cannot contain.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MODEL = "the model"


class Suite(Struct):
    """A model's test suite, and the duration of its check in seconds."""

    element: Element
    seconds: float


def junit(suites: Sequence[Suite]) -> str:
    """Returns the complete XML document."""
    root = Element("testsuites", name="convcalc check")
    root.extend([suite.element for suite in suites])
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in root)))
    root.set("time", _seconds(sum(suite.seconds for suite in suites)))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def suite(result: CheckResult) -> Suite:
    """Returns the test suite of a model. Its tests are in the order of the layers."""
    suite = Element("testsuite", name=_legal(result.source))
    problems_of: dict[str, list[Problem]] = {name: [] for name in (_MODEL, *_checked_layers(result))}
    for problem in result.problems:
        problems_of.setdefault(problem.layer or _MODEL, []).append(problem)
    outcome = "error" if result.is_unread else "failure"
    failed = 0
    for name, problems in problems_of.items():
        failed += _test(suite, result, name, problems, outcome)
    suite.set("tests", str(len(problems_of)))
    suite.set("failures", str(failed if outcome == "failure" else 0))
    suite.set("errors", str(failed if outcome == "error" else 0))
    suite.set("time", _seconds(result.seconds))
    return Suite(suite, result.seconds)


def _test(suite: Element, result: CheckResult, name: str, problems: Sequence[Problem], outcome: str) -> bool:
    """Adds a test to the suite.

    Returns True if the test fails. Warnings do not make a test fail; they are the output of the test.
    """
    case = SubElement(
        suite, "testcase", classname=_legal(result.source), name=_legal(name), file=_legal(file_of(result.source))
    )
    case.set("time", _seconds(result.seconds if name == _MODEL else 0))
    errors = [problem for problem in problems if problem.severity == "error"]
    warnings = [problem for problem in problems if problem.severity != "error"]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        element = SubElement(case, outcome, type=errors[0].code, message=_legal(f"{errors[0].message}{more}"))
        element.text = _legal("\n".join(map(str, errors)))
    if warnings:
        SubElement(case, "system-out").text = _legal("\n".join(map(str, warnings)))
    return bool(errors)


def _checked_layers(result: CheckResult) -> Iterator[str]:
    """Yields the paths of the layers that are checked: compared with a record, or with expectations in the spec."""
    if result.comparison is not None:
        for pair in result.comparison.pairs:
            row = pair.after or pair.before
            if row is not None:
                yield row.path or row.name
    if result.report is not None:
        yield from (path for path, layer in result.report.model.walk() if layer.expect)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _legal(text: str) -> str:
    """Returns the text. Characters that XML cannot contain are escaped."""
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
