"""The format ``github`` of checks: workflow commands, which GitHub shows as annotations in a pull request.

"Workflow commands for GitHub Actions" in GitHub's documentation describes the commands and how to escape them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convcalc.base.problems import Problem, file_of
from convcalc.base.text import STDIN, visible
from convcalc.checking.check_model import CheckResult
from convcalc.rendering.output_format import OutputFormat


def commands(result: CheckResult) -> str:
    """Returns one workflow command for each problem of a model."""
    return "".join(f"{_command(result, problem)}\n" for problem in result.problems)


def _command(result: CheckResult, problem: Problem) -> str:
    mark = problem.mark
    file = mark.path if mark else file_of(result.source)
    location: dict[str, object] = {} if file in STDIN else {"file": file}
    if mark and not mark.cell:
        location |= {"line": mark.line, "col": mark.column}
    text = problem.message if mark else f"{result.source}: {problem.message}"
    if mark and mark.cell:
        text = f"{mark.cell}: {text}"
    level = "warning" if problem.severity == "warning" else "error"
    return f"::{level} {_properties({**location, 'title': problem.code})}::{_escaped(text)}"


def _properties(properties: Mapping[str, object]) -> str:
    pairs = ((name, _escaped(str(value))) for name, value in properties.items())
    return ",".join(f"{name}={value.replace(':', '%3A').replace(',', '%2C')}" for name, value in pairs)


def _escaped(text: str) -> str:
    """Returns the text on one line, because a second line could begin another command."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "%0A".join(visible(line).replace("%", "%25") for line in lines)


def joined_commands(models: Sequence[str]) -> str:
    """Returns the workflow commands of all models. The models of a program can share a problem, which appears once."""
    return "".join(dict.fromkeys(line for text in models for line in text.splitlines(keepends=True)))


FORMATS = (
    OutputFormat(
        "github",
        machine=True,
        check_result="convcalc.rendering.github:commands",
        checks="convcalc.rendering.github:joined_commands",
    ),
)
