"""Reads convcalc's SARIF and JUnit files with the libraries for these formats (``pip install '.[tools]'``)."""

from pathlib import Path

from tests.helpers.check_results import BAD, GOOD, MODELS, checked
from tests.helpers.check_text import check_text


def test_sarif_is_read() -> None:
    from sarif_pydantic import Sarif

    log = Sarif.model_validate_json(check_text("sarif", MODELS))
    (run,) = log.runs
    assert run.tool.driver.name == "convcalc"
    assert run.results is not None and run.tool.driver.rules is not None
    assert len(run.results) == sum(len(model.problems) for model in MODELS)
    assert {result.rule_id for result in run.results} == {rule.id for rule in run.tool.driver.rules}
    (first,) = (result for result in run.results if result.rule_id == "expectation")
    location = first.locations[0].physical_location
    assert location is not None and location.region is not None
    assert (location.region.start_line, location.region.start_column) == (3, 51)


def test_junit_is_read(tmp_path: Path) -> None:
    from junitparser import Error, Failure, JUnitXml

    path = tmp_path / "report.xml"
    path.write_text(check_text("junit", MODELS), encoding="utf-8")
    suites = list(JUnitXml.fromfile(str(path)))
    assert [(suite.tests, suite.failures, suite.errors) for suite in suites[:3]] == [(2, 0, 0), (2, 1, 0), (1, 0, 1)]
    results = [[type(result) for case in suite for result in case.result] for suite in suites[:3]]
    assert results == [[], [Failure], [Error]]
    assert [case.name for case in suites[0]] == ["the model", "conv2d"]


def test_a_run_without_findings_is_read() -> None:
    from sarif_pydantic import Sarif

    log = Sarif.model_validate_json(check_text("sarif", [checked(GOOD)]))
    assert log.runs[0].results == []
    assert Sarif.model_validate_json(check_text("sarif", [checked(BAD)])).runs[0].results
