"""Converts random programs to JSON and to Python. Keras loads the JSON and runs the Python, and shows the same summary.

``CONVCALC_PROGRAMS``, ``CONVCALC_SEED`` and ``CONVCALC_STYLE`` are those of ``test_code_programs.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from convcalc.analyse import Report, infer
from convcalc.base.problems import ConvcalcError
from convcalc.read.code.file import read_program
from convcalc.write import classes_to_supply, require_graph, require_writable
from tests.generators.code_programs import STYLES
from tests.live.test_code_programs import COUNT, GROUPS, ONLY, SEED
from tests.live.test_files import different
from tests.live.written import executed, loaded

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore::UserWarning")]

SUMMARY: list[tuple[int, dict[str, Any]]] = [(160, {}), (160, {"expand_nested": True, "show_trainable": True})]


def convertible(text: str) -> Report | None:
    """Returns the report of a program. None if convcalc refuses to convert its model, such as one with custom layers."""
    try:
        model = read_program(text, "program.py", target="model")
        require_graph(model)
        report = infer(model)
        require_writable(report)
    except ConvcalcError:
        return None
    return report


def own(report: Report) -> bool:
    """Returns True for a model of a class of the program, which only a config can name."""
    return any(inner.own_class is not None for _, inner in report.model.models())


@pytest.mark.parametrize("group", range(GROUPS))
def test_converted_programs(group: int, tell: Callable[[str], Any]) -> None:
    results: Counter[str] = Counter()
    failed: list[str] = []
    styles = [ONLY] if ONLY else sorted(STYLES)
    for number in range(group, COUNT, GROUPS):
        name = styles[number % len(styles)]
        text = STYLES[name](Random(f"{SEED} {number}"))
        report = convertible(text)
        results["refused" if report is None else "converted"] += 1
        if report is None:
            continue
        formats = [("JSON", loaded)] * (not classes_to_supply(report)) + [("Python", executed)] * (not own(report))
        for format, build in formats:
            try:
                found = different(report, build(report), SUMMARY)
            except Exception as error:
                found = f"{type(error).__name__}: {str(error)[:300]}"
            if found:
                failed.append(f"{name}, CONVCALC_SEED={SEED}, number {number}, as {format}: {found}\n{text}")
    tell(f"programs of group {group}: {dict(results)}, {len(failed)} disagreements")
    assert not failed, "\n\n".join(failed)
    assert results["converted"] >= 3
