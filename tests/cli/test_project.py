"""Tests the settings of convcalc in a project's pyproject.toml."""

from pathlib import Path

import pytest

from convcalc.base.problems import ConvcalcError
from convcalc.cli.project import Project, project


def written(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def test_all_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
[tool.convcalc]
allow-incomplete = true
ignore-names = true
custom = ["layers.yaml", "more/layers.yaml"]
[tool.convcalc.budget]
params = "5M"
min_receptive_field = [64, 48]
[tool.convcalc.records]
"models/a.yaml" = "records/a.txt"
"""
    monkeypatch.chdir(written(tmp_path, text))
    result = project()
    assert result == Project(
        "pyproject.toml",
        True,
        True,
        {"params": "5M", "min_receptive_field": [64, 48]},
        {"models/a.yaml": "records/a.txt"},
        ("layers.yaml", "more/layers.yaml"),
    )
    assert result.record_of("models/../models/a.yaml") == "records/a.txt"
    assert result.record_of(str(tmp_path / "models" / "a.yaml")) == "records/a.txt"
    assert result.record_of("a.yaml") is None


def test_a_project_is_found_from_below_with_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, '[tool.convcalc.records]\n"a.yaml" = "a.txt"\n')
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    result = project()
    assert result.file == str(tmp_path / "pyproject.toml")
    assert result.record_of("../../a.yaml") == str(tmp_path / "a.txt")


@pytest.mark.parametrize(
    "text", ["", "[project]\nname = 'x'\n", "[tool.other]\na = 1\n", "tool = 3\n# convcalc\n", "not toml at all"]
)
def test_a_file_without_our_settings(tmp_path: Path, text: str) -> None:
    assert project(written(tmp_path, text)) == Project()


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("[tool.convcalc]\nbudgets = 1\n", (2, 1), "[tool.convcalc] has no key 'budgets'; did you mean 'budget'?"),
        (
            "[tool.convcalc.budget]\nparms = 1\n",
            (2, 1),
            "[tool.convcalc.budget] has no key 'parms'; did you mean 'params'?",
        ),
        ("[tool.convcalc]\nignore-names = 'x'\n", (2, 1), "'ignore-names' must be true or false, not 'x'"),
        ("[tool.convcalc]\n  budget = 3\n", (2, 3), "'budget' must be a table, [tool.convcalc.budget]"),
        ("[tool.convcalc]\ncustom = [3]\n", (2, 1), "'custom' must be the path of a file or a list of paths, not [3]"),
        ("[tool]\nconvcalc = 3\n", (2, 1), "'tool.convcalc' must be a table, [tool.convcalc]"),
        (
            "[tool.convcalc.records]\n'm.yaml' = 3\n",
            (2, 2),
            "the record of 'm.yaml' must be the path of a file, not 3",
        ),
    ],
)
def test_errors_have_their_position(tmp_path: Path, text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(ConvcalcError) as failed:
        project(written(tmp_path, text))
    (problem,) = failed.value.problems
    assert problem.message == message
    assert problem.mark is not None and (problem.mark.line, problem.mark.column) == place


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConvcalcError) as failed:
        project(written(tmp_path, "[tool.convcalc]\nx = 1\ny = 2\nignore-names = 0\n"))
    assert len(failed.value.problems) == 3


def test_invalid_toml_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(ConvcalcError, match=r"pyproject\.toml: .*line 1"):
        project(written(tmp_path, "[tool.convcalc\n"))
