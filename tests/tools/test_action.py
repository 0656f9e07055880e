"""The GitHub action, its steps run as GitHub's runner runs them: bash with the runner's options, expressions filled in."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_check_formats import commands
from tests.tools.conftest import ROOT, git_in, own_environment

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
SPEC = "input: [28, 28, 1]\nlayers:\n  - Conv2D: {filters: 32, kernel_size: 3}\n  - Flatten\n  - Dense: 10\n"


def filled(text: str, context: Mapping[str, Any]) -> str:
    """The text with the value of each ``${{ a.b || c.d }}``."""

    def value(match: "re.Match[str]") -> str:
        for name in match[1].split("||"):
            found: Any = context
            for part in name.strip().split("."):
                found = (found or {}).get(part)
            if found:
                return str(found)
        return ""

    return re.sub(r"\$\{\{(.*?)\}\}", value, text)


class Job:
    """One use of the action in a repository."""

    def __init__(self, folder: Path, repository: Path, action: Path, **inputs: str) -> None:
        self.repository = repository
        self.summary = folder / "summary.md"
        self.summary.touch()
        self.output = folder / "output"
        self.environment = {**own_environment(folder), "GITHUB_STEP_SUMMARY": str(self.summary)}
        unknown = set(inputs) - set(ACTION["inputs"])
        assert not unknown
        self.context: dict[str, Any] = {
            "inputs": {**{name: entry["default"] for name, entry in ACTION["inputs"].items()}, **inputs},
            "github": {"action_path": str(action), "event": {}},
            "runner": {"temp": str(folder)},
            # What the pinned action before gives.
            "steps": {"python": {"outputs": {"python-path": sys.executable}}},
        }

    def run(self) -> tuple[int, str]:
        """Exit code and standard output of the steps, up to the first that fails."""
        printed = ""
        for step in ACTION["runs"]["steps"]:
            if "run" not in step:
                continue
            assert step["shell"] == "bash"
            self.output.write_text("")
            values = {name: filled(value, self.context) for name, value in step["env"].items()}
            script = self.output.with_suffix(".sh")
            script.write_text(step["run"])
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
                cwd=self.repository,
                env={**self.environment, **values, "GITHUB_OUTPUT": str(self.output)},
                capture_output=True,
                text=True,
                timeout=300,
            )
            printed += done.stdout
            if done.returncode:
                return done.returncode, printed + done.stderr
            outputs = dict(line.split("=", 1) for line in self.output.read_text().splitlines())
            self.context["steps"][step.get("id", "")] = {"outputs": outputs}
        return 0, printed


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A pull request: a model changes, one comes, one stays, one cannot be read any more; and the commit of its base."""
    folder = tmp_path_factory.mktemp("repository")
    git = git_in(folder, own_environment(folder))
    git("init", "--quiet", "--initial-branch=main")
    models = folder / "the models"
    models.mkdir()
    for name in ("changed", "same", "broken"):
        (models / f"{name}.yaml").write_text(SPEC)
    git("add", ".")
    git("commit", "--quiet", "-m", "base")
    base = git("rev-parse", "HEAD")
    (models / "changed.yaml").write_text(SPEC.replace("filters: 32", "filters: 64"))
    (models / "new.yaml").write_text(SPEC)
    (models / "broken.yaml").write_text(SPEC.replace("Flatten", "Flaten"))
    return folder, base


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the runner keeps what lasts as long as a job; the tests share the installation there."""
    return tmp_path_factory.mktemp("runner")


def tables(markdown: str) -> list[list[str]]:
    """The rows of every table, as the texts of their cells."""
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_a_pull_request(repository: tuple[Path, str], checkout: tuple[Path, str], place: Path) -> None:
    folder, base = repository
    models = "the models/*.yaml"
    job = Job(place, folder, checkout[0], models=models, args="--max-params\n 300K")
    job.context["github"]["event"] = {"pull_request": {"base": {"sha": base}}}
    code, printed = job.run()
    assert code == 2  # one cannot be read
    annotations = {properties["file"]: (level, message) for level, properties, message in annotated(printed)}
    assert set(annotations) == {"the models/changed.yaml", "the models/broken.yaml"}
    level, message = annotations["the models/changed.yaml"]
    assert level == "error" and "300,000" in message and "433,290" in message
    summary = job.summary.read_text()
    (changed,) = [row for row in tables(summary) if any("conv2d" in cell for cell in row)]
    assert any("320" in cell for cell in changed) and any("640" in cell for cell in changed)
    assert "changed.yaml" in summary and "same.yaml" not in summary and "new.yaml" not in summary


def annotated(printed: str) -> list[tuple[str, dict[str, str], str]]:
    return commands("\n".join(line for line in printed.splitlines() if line.startswith("::")))


def test_what_holds_is_silent(repository: tuple[Path, str], checkout: tuple[Path, str], place: Path) -> None:
    job = Job(
        place, repository[0], checkout[0], models="the models/same.yaml\nthe models/new.yaml", args="--max-params 300K"
    )
    code, printed = job.run()
    assert (code, annotated(printed)) == (0, [])
    assert job.summary.read_text() == ""


def test_a_check_that_fails(repository: tuple[Path, str], checkout: tuple[Path, str], place: Path) -> None:
    job = Job(place, repository[0], checkout[0], models="the models/same.yaml", args="--max-params 100")
    code, printed = job.run()
    assert code == 1
    ((_, properties, _),) = annotated(printed)
    assert properties["title"] == "over-budget"


def test_a_record(repository: tuple[Path, str], checkout: tuple[Path, str], place: Path) -> None:
    same, changed = "the models/same.yaml", "the models/changed.yaml"
    assert Job(place, repository[0], checkout[0], models=same, against=same).run()[0] == 0
    code, printed = Job(place, repository[0], checkout[0], models=changed, against=same).run()
    assert code == 1
    assert "conv2d" in annotated(printed)[0][2]


def test_no_input_is_run(repository: tuple[Path, str], checkout: tuple[Path, str], place: Path) -> None:
    hostile = "$(touch ran); touch ran; `touch ran` '\""
    inputs = {"models": hostile, "against": hostile, "args": hostile, "base": hostile}
    code, _ = Job(place, repository[0], checkout[0], **inputs).run()
    assert code != 0
    assert not list(repository[0].rglob("ran"))
    for option in ("--output=ran", "-oran"):
        code, _ = Job(place, repository[0], checkout[0], models=option, base="main").run()
        assert code == 2
        assert not list(repository[0].rglob("*ran"))


def test_a_shallow_checkout_fetches_its_base(
    repository: tuple[Path, str], checkout: tuple[Path, str], place: Path, tmp_path: Path
) -> None:
    origin, base = repository
    environment = own_environment(tmp_path)
    there = git_in(origin, environment)
    there("checkout", "--quiet", "-B", "change")
    there("commit", "--quiet", "--all", "-m", "change")
    try:
        git_in(tmp_path, environment)("clone", "--quiet", "--depth=1", "--branch=change", f"file://{origin}", "clone")
        job = Job(place, tmp_path / "clone", checkout[0], models="the models/changed.yaml", base="main")
        assert job.run()[0] == 0
        assert "conv2d" in job.summary.read_text()
    finally:
        there("checkout", "--quiet", "-B", "main", base)


def test_the_action_is_one() -> None:
    """By the schema of GitHub's actions that check-jsonschema has."""
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-actions",
        str(ROOT / "action.yml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_other_actions_are_pinned_and_no_expression_is_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+(\.\d+)*", step["uses"])
        else:
            assert "${{" not in step["run"]
            assert set(step["env"]) <= set(re.findall(r"\$\{?(\w+)", step["run"])), step["name"]


def test_each_input_is_used() -> None:
    text = (ROOT / "action.yml").read_text()
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
