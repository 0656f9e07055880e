"""Tests that the hooks, inputs, options and settings on the page docs/ci.md exist, and that its tests pass."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from convcalc.cli import COMMANDS, cli
from convcalc.cli.project import project
from tests.paths import ROOT
from tests.regenerate.pages import CI_PAGE, run

pytestmark = pytest.mark.slow

TEXT = CI_PAGE.read_text(encoding="utf-8")


def blocks(language: str, page: str = TEXT) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page)


def yaml_named(beginning: str, page: str = TEXT) -> Any:
    """Returns the YAML block that follows a comment on the page."""
    (text,) = (text for text in blocks("yaml", page) if text.startswith(f"# {beginning}"))
    return yaml.safe_load(text)


def options(command: str) -> set[str]:
    result = cli.get_command(None, command)
    assert result is not None
    return {name for option in result.params for name in option.opts}


def test_junit_output_is_what_the_page_shows() -> None:
    (command,) = re.findall("`(convcalc.* junit)` writes", TEXT)
    (shown,) = blocks("xml")
    timeless = [re.sub(r' time="[0-9.]+"', "", text) for text in (shown, run(command))]
    assert timeless[1] == f"{timeless[0]}(exit code 1)\n"


def test_every_command_on_the_page_has_its_options() -> None:
    named = re.findall(r"\bconvcalc ([a-z]+)((?: [^\s`|]+)*)", TEXT)
    assert {command for command, _ in named} <= set(COMMANDS)
    for command, rest in named:
        for word in rest.split():
            if word.startswith("-"):
                assert word in options(command), f"convcalc {command} {word}"
    for word in re.findall(r"`(--[a-z-]+)", TEXT):
        assert any(word in options(command) for command in ("check", "summary")), word


def test_the_pre_commit_hooks_exist() -> None:
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    (repository,) = yaml_named(".pre-commit-config.yaml")["repos"]
    for hook in repository["hooks"]:
        assert hook["id"] in hooks
        assert {arg for arg in hook["args"] if arg.startswith("--")} <= options("check")
    assert hooks == set(re.findall(r"convcalc-check[a-z-]*", TEXT))


def test_the_inputs_of_the_action_exist() -> None:
    inputs = set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
    workflow = yaml_named(".github/workflows")
    (step,) = (step for step in workflow["jobs"]["models"]["steps"] if "/convcalc@" in step["uses"])
    used = set(step["with"])
    assert used <= inputs
    told = set(re.findall(r"`([a-z-]+)`", re.search(r"(?s)Other inputs:(.*?)\n\n", TEXT)[1]))
    assert inputs <= used | told
    assert set(re.findall(r"--[a-z-]+", step["with"]["args"])) <= options("check")


def test_other_yaml_blocks_are_valid() -> None:
    assert [type(yaml.safe_load(text)) for text in blocks("yaml")] == [dict, list, dict, dict]


def test_the_settings_are_valid(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(text)
    settings = project(tmp_path)
    assert list(settings.budget) == ["params"]
    assert [Path(name).name for name in settings.records.values()] == ["fashion_mnist.txt"]


def test_the_python_test_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = (code for code in blocks("python") if "assert_summary" in code)
    names: dict[str, Any] = {}
    exec(code, names)
    names["test_the_model_is_as_recorded"]()


def test_the_record_is_what_the_command_writes(tmp_path: Path) -> None:
    record = tmp_path / "fashion_mnist.txt"
    run(f"convcalc check specs/fashion_mnist.yaml --record {record}")
    assert record.read_text() == (ROOT / "specs" / "records" / "fashion_mnist.txt").read_text()
