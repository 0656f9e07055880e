"""Tests the results of checks in the formats that CI servers read."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from convcalc.base.codes import CODES
from convcalc.base.problems import Mark, Problem, Source
from convcalc.checking.check_model import CheckResult
from convcalc.differences.compare import diff
from convcalc.rendering.checks import check_line, check_sheets, checks_data, model_dict
from convcalc.rendering.formats import CHECK_FORMATS
from tests.helpers.check_results import BAD, GOOD, MODELS, checked, commands, hostile
from tests.helpers.check_text import check_text
from tests.helpers.codes_used import codes_used
from tests.helpers.command_line import run
from tests.paths import PACKAGE

# GitHub's workflow commands, parsed as GitHub's runner parses them.


def test_a_github_command_names_the_line_of_the_spec() -> None:
    ((level, properties, message),) = commands(check_text("github", [checked(GOOD), checked(BAD)]))
    assert level == "error"
    assert properties == {"file": "specs/a b,c:ü.yaml", "line": "3", "col": "51", "title": "expectation"}
    assert message == "'conv2d' has 320 params, not 321 as expected"


def test_a_problem_without_position_belongs_to_the_file() -> None:
    report = checked(GOOD).report
    result = [CheckResult(name, report, (Problem("record-differs", "is another"),)) for name in ("m.keras", "-")]
    (_, on_file, first), (_, on_nothing, second) = commands(check_text("github", result))
    assert on_file == {"file": "m.keras", "title": "record-differs"}
    assert on_nothing == {"title": "record-differs"}
    assert (first, second) == ("m.keras: is another", "-: is another")


def test_no_name_can_begin_a_github_command() -> None:
    text = check_text("github", [hostile()])
    assert [level for level, _, _ in commands(text)] == ["error", "warning"]
    assert "\x1b" not in text and "‮" not in text
    _, _, message = commands(text)[0]
    assert message.splitlines()[:2] == ["a%b,c:d", "::error file=x::y"]


# SARIF


def results(models: list[CheckResult]) -> list[dict]:
    (run,) = json.loads(check_text("sarif", models))["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run["results"]


def test_a_sarif_result_has_its_position() -> None:
    (result,) = results([checked(BAD)])
    assert result["ruleId"] == "expectation"
    assert result["level"] == "error"
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "specs/a%20b%2Cc%3A%C3%BC.yaml", "uriBaseId": "%SRCROOT%"}
    assert physical["region"] == {"startLine": 3, "startColumn": 51}
    assert location["logicalLocations"] == [{"name": "conv2d", "fullyQualifiedName": "conv2d", "kind": "element"}]


def test_a_file_has_a_path_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inside, outside = checked(BAD, str(tmp_path / "m/x.yaml")), checked(BAD, "/elsewhere/x.yaml")
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results([inside, outside])
    ]
    assert uris == ["m/x.yaml", "file:///elsewhere/x.yaml"]


def test_results_of_standard_input_have_no_file() -> None:
    marked = Problem("over-budget", "is too large", Mark(Source("<stdin>", GOOD), 1, 1))
    for problem in (Problem("over-budget", "is too large"), marked):
        models = [CheckResult("-", checked(GOOD).report, (problem,))]
        (result,) = results(models)
        assert "locations" not in result
        ((_, properties, _),) = commands(check_text("github", models))
        assert "file" not in properties


def fingerprints(text: str) -> list[str]:
    return [result["partialFingerprints"]["finding/v1"] for result in results([checked(text)])]


def test_a_fingerprint_survives_moved_lines_and_new_numbers() -> None:
    first = fingerprints(BAD)
    assert fingerprints("# A comment.\n\n" + BAD) == first
    assert fingerprints(BAD.replace("321", "400")) == first
    assert fingerprints(BAD.replace("params: 321", "macs: 1")) != first


def test_equal_findings_have_different_fingerprints() -> None:
    problem = Problem("over-budget", "is too large")
    two = results([CheckResult("m.yaml", checked(GOOD).report, (problem, problem))])
    assert len({result["partialFingerprints"]["finding/v1"] for result in two}) == 2


def test_no_message_is_a_link() -> None:
    for result in results([hostile()]):
        assert "[go](" not in result["message"]["text"]
        assert r"\[go\](http://x)" in result["message"]["text"]


def test_the_log_says_whether_all_files_were_read() -> None:
    def successful(models: list[CheckResult]) -> bool:
        return json.loads(check_text("sarif", models))["runs"][0]["invocations"][0]["executionSuccessful"]

    assert successful(MODELS[:2])
    assert not successful(MODELS)


# JUnit


def test_a_layer_with_expectations_is_a_junit_test() -> None:
    root = ElementTree.fromstring(check_text("junit", MODELS[:3]))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "time")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "time": "0.500",
    }
    good, bad, broken = root
    assert [(case.get("name"), len(case)) for case in good] == [("the model", 0), ("conv2d", 0)]
    failure = bad.find("testcase[@name='conv2d']/failure")
    assert failure is not None and failure.text is not None
    assert failure.get("message") == "'conv2d' has 320 params, not 321 as expected"
    assert failure.text.startswith("specs/a b,c:ü.yaml:3:51: error[expectation]: ")
    assert "^" in failure.text
    error = broken.find("testcase/error")
    assert error is not None and error.get("type") == "unknown-layer"


def test_a_warning_does_not_fail_a_junit_test() -> None:
    warning = Problem("recorded-shape", "is recorded", None, "a", "warning")
    root = ElementTree.fromstring(check_text("junit", [CheckResult("m", checked(GOOD).report, (warning,))]))
    assert root.get("failures") == "0"
    output = root.find("testsuite/testcase[@name='a']/system-out")
    assert output is not None and output.text == "warning[recorded-shape]: is recorded"


def test_several_problems_of_a_layer_are_one_failure() -> None:
    problems = (Problem("over-budget", "one"), Problem("over-budget", "two"))
    root = ElementTree.fromstring(check_text("junit", [CheckResult("m", checked(GOOD).report, problems)]))
    (failure,) = root.iter("failure")
    assert failure.get("message") == "one (and 1 more)"
    assert failure.text == "error[over-budget]: one\nerror[over-budget]: two"


def test_characters_that_xml_forbids_are_escaped() -> None:
    text = check_text("junit", [hostile()])
    text.encode("utf-8")
    (failure,) = ElementTree.fromstring(text).iter("failure")
    for part in (r"\x1b[31m\x00\ud800[go]", "]]></failure>"):
        assert part in failure.get("message", "")


# Tables and JSON


def test_a_row_shows_the_result_of_a_model() -> None:
    (sheet,) = check_sheets([check_line(result, plain=False) for result in MODELS[:3]], plain=False)
    assert [row[:5] for row in sheet.rows] == [
        ["passed", "good.yaml", "2", "320", "194,688"],
        ["failed", "specs/a b,c:ü.yaml", "2", "320", "194,688"],
        ["error", "broken.yaml", "?", "?", "?"],
    ]
    assert sheet.rows[1][5:] == ["1", "'conv2d' has 320 params, not 321 as expected"]
    assert sheet.notes == (" 3 checked, 1 passed, 2 failed",)
    assert len(sheet.fields) == len(sheet.columns) == len(sheet.rows[0])


def test_an_unknown_number_is_not_zero() -> None:
    result = checked(GOOD.replace("28, 28", "null, null").replace("\n  - Flatten", ""))
    (sheet,) = check_sheets([check_line(result, plain=False)], plain=False)
    assert sheet.rows[0][4] == "?"


def test_machine_formats_have_plain_numbers() -> None:
    models = [checked(GOOD), checked(GOOD.replace("28, 28", "null, null").replace("\n  - Flatten", "")), MODELS[2]]
    rows = list(csv.DictReader(io.StringIO(check_text("csv", models))))
    result = [(row["layers"], row["params"], row["macs"], row["incomplete"]) for row in rows]
    assert result == [("2", "320", "194688", ""), ("1", "320", "", "macs=unknown"), ("", "", "", "")]
    assert [row["status"] for row in rows] == ["passed", "passed", "error"]


def test_the_json_has_all_fields() -> None:
    data = json.loads(check_text("json", MODELS[:3]))
    assert data == checks_data([model_dict(result) for result in MODELS[:3]])
    assert data["schema_version"] == 1
    assert not data["passed"]
    good, bad, broken = data["models"]
    assert (good["passed"], good["status"], good["problems"]) == (True, "passed", [])
    assert good["totals"]["params"] == 320
    (problem,) = bad["problems"]
    assert (problem["code"], problem["layer"], problem["line"]) == ("expectation", "conv2d", 3)
    assert (broken["status"], broken["totals"], broken["layers"]) == ("error", None, None)
    lines = check_text("jsonl", MODELS[:3]).splitlines()
    assert [json.loads(line) for line in lines] == data["models"]


@pytest.mark.parametrize("name", CHECK_FORMATS)
def test_every_format_accepts_every_result(name: str) -> None:
    assert check_text(name, MODELS)
    check_text(name, [])


def test_the_json_of_a_model_with_a_record_has_the_comparison() -> None:
    before, after = (checked(GOOD.replace("32", filters)).report for filters in ("32", "16"))
    assert before is not None and after is not None
    model = model_dict(CheckResult("m.yaml", after, (), diff(before, after)))
    assert model["comparison"]["totals"]["params"]["before"] == 320
    assert model["comparison"]["layers"][0]["status"] == "changed"


# Descriptions of codes


@pytest.mark.slow
def test_each_code_is_described_and_used() -> None:
    used = set().union(*map(codes_used, PACKAGE.rglob("*.py")))
    assert used == set(CODES)


def test_each_description_is_a_sentence() -> None:
    for code, meaning in CODES.items():
        title, help_ = meaning.title, meaning.help
        assert title.endswith(".") and help_.endswith("."), code


# The command line


@pytest.mark.slow
def test_the_command_writes_each_format(tmp_path: Path) -> None:
    names = [tmp_path / f"{name}.yaml" for name in ("good", "bad", "broken")]
    for path, text in zip(names, (GOOD, BAD, GOOD.replace("Flatten", "Flaten"))):
        path.write_text(text)
    told = {name: run("check", *map(str, names), "--format", name) for name in CHECK_FORMATS}
    assert {done.returncode for done in told.values()} == {2}
    assert [level for level, _, _ in commands(told["github"].stdout)] == ["error", "error"]
    assert len(json.loads(told["sarif"].stdout)["runs"][0]["results"]) == 2
    assert [model["status"] for model in json.loads(told["json"].stdout)["models"]] == ["passed", "failed", "error"]
    root = ElementTree.fromstring(told["junit"].stdout.encode())
    assert (root.get("failures"), root.get("errors")) == ("1", "1")
    assert all(0 < float(suite.get("time", 0)) < 60 for suite in root)
