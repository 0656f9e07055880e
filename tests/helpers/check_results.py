"""Results of checks as test data. Also has a parser for workflow commands that behaves like GitHub's own parser."""

from __future__ import annotations

import re

from convcalc import infer
from convcalc.base.problems import ConvcalcError, Mark, Problem, Source
from convcalc.checking.check_model import CheckResult
from convcalc.checking.expectations import check_expectations
from convcalc.read.spec.spec import read_spec

GOOD = "input: [28, 28, 1]\nlayers:\n  - Conv2D: {filters: 32, kernel_size: 3, expect: {params: 320}}\n  - Flatten\n"


BAD = GOOD.replace("320", "321")


HOSTILE = "a%b,c:d\n::error file=x::y\r\n]]></failure>\x1b[31m\x00\ud800[go](http://x) ‮"


def checked(text: str, source: str = "specs/a b,c:ü.yaml") -> CheckResult:
    try:
        report = infer(read_spec(Source(source, text)))
    except ConvcalcError as failed:
        return CheckResult(source, None, failed.problems)
    return CheckResult(source, report, check_expectations(report), seconds=0.25)


def hostile() -> CheckResult:
    # "\udcff" is how Python represents a byte that is not UTF-8; a file name may contain such a byte
    file = HOSTILE.replace("\ud800", "\udcff")
    problem = Problem("over-budget", HOSTILE, Mark(Source(file, "x"), 1, 1), HOSTILE)
    warning = Problem("recorded-shape", HOSTILE, None, HOSTILE, "warning")
    return CheckResult(file, checked(GOOD).report, (problem, warning))


MODELS = [
    checked(GOOD, "good.yaml"),
    checked(BAD),
    checked("input: [4]\nlayers: [{Dens: 3}]", "broken.yaml"),
    hostile(),
]


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    result = []
    for line in text.splitlines():
        match = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
        assert match is not None, line
        pairs = dict(part.split("=", 1) for part in match[2].split(","))
        result.append((match[1], {name: unescaped(value) for name, value in pairs.items()}, unescaped(match[3])))
    return result


def unescaped(text: str) -> str:
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text
