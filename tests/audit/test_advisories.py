"""Each harmless model of an advisory is found, with the right code, and no other command is fooled by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convcalc.audit.file import audit_file
from convcalc.audit.rules import RULES
from convcalc.base.codes import CODES
from convcalc.base.problems import ConvcalcError
from convcalc.read import parse
from tests.audit.advisories import CASES, Files
from tests.regenerate.advisories import RESULTS

SLOW = "a link behind 20,500 groups"


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name == SLOW)) for name in CASES])
def test_each_model_is_found(name: str, tmp_path: Path) -> None:
    case, files = CASES[name], Files(tmp_path)
    path = tmp_path / f"model{case.ending}"
    path.write_bytes(case.build(files))
    assert sorted(finding.risk for finding in audit_file(path).findings) == sorted(case.finds)
    assert list(tmp_path.iterdir()) == [path]  # nothing was made: no code ran


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "ambiguous-file" in case.finds])
def test_a_file_that_is_two_models_is_refused(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = tmp_path / f"model{case.ending}"
    path.write_bytes(case.build(Files(tmp_path)))
    with pytest.raises(ConvcalcError, match=r"error\[ambiguous-file\]"):
        parse(path)


def test_each_advisory_of_the_table_has_a_model() -> None:
    built = {advisory for case in CASES.values() for advisory in case.advisory.split(", ")} - {"-"}
    assert {advisory for rule in RULES for advisory in rule.advisories} == built


def test_each_risk_is_explained() -> None:
    assert {rule.risk for rule in RULES} <= set(CODES)


def test_keras_refuses_all_models_of_the_page_but_two() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))["models"]
    assert [result["name"] for result in results] == list(CASES), "run: python -m tests.live.advisories FOLDER"
    assert {result["name"] for result in results if result["newest"] != "refused"} == {"harmless", "a name with .."}
