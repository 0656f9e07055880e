"""``convcalc init``: a first spec, the examples, and the files for CI."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from convcalc.cli.init import WORKFLOW
from tests.helpers.command_line import run
from tests.paths import SPECS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_spec_is_valid_and_meets_its_budget() -> None:
    assert run("init").returncode == 0
    assert run("check", "model.yaml").returncode == 0
    assert "convcalc.schema.json" in Path("model.yaml").read_text().splitlines()[0]
    assert Path("convcalc.schema.json").exists()


@pytest.mark.parametrize("name", ["lenet5", "unet", "bert_base"])
def test_an_example_is_copied_with_its_comments(name: str) -> None:
    assert run("init", name, "-o", "mine.yaml").returncode == 0
    assert Path("mine.yaml").read_text().partition("\n")[2] == (SPECS / f"{name}.yaml").read_text()


def test_every_example_is_listed() -> None:
    lines = run("init", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(path.stem for path in SPECS.glob("*.yaml"))
    assert all(len(line.split()) >= 2 for line in lines)


def test_files_that_exist_are_kept() -> None:
    Path("model.yaml").write_text("mine")
    result = run("init")
    assert result.returncode == 2
    assert "model.yaml exists already" in result.stderr
    assert Path("model.yaml").read_text() == "mine"
    assert not Path("convcalc.schema.json").exists()


def test_the_command_in_the_workflow_passes() -> None:
    assert run("init", "resnet8", "--ci").returncode == 0
    steps = yaml.safe_load(Path(WORKFLOW).read_text())["jobs"]["models"]["steps"]
    (command,) = (step["run"] for step in steps if step.get("run", "").startswith("convcalc"))
    assert run(*shlex.split(command)[1:]).returncode == 0
    spec = Path("resnet8.yaml")
    spec.write_text(re.sub("Dense: .*", "Dense: 7", spec.read_text()))
    assert run(*shlex.split(command)[1:]).returncode == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("init lenet", "there is no example 'lenet'; did you mean 'lenet5'?"),
        ("init nosuch", "there is no example 'nosuch'; convcalc init --list shows the names"),
        ("init -o model.json", "model.json: the ending of a spec must be .yaml or .yml"),
    ],
)
def test_wrong_words_have_a_cure(words: str, message: str) -> None:
    result = run(*words.split())
    assert result.returncode == 2
    assert message in result.stderr
