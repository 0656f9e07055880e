"""Tests the GitHub action.

The tests run its steps as GitHub's runner does: in bash with the same options, and with expressions replaced by their
values.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.helpers.check_results import commands
from tests.tools.conftest import ROOT, git_in, own_environment

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = ACTION["runs"]["steps"]
DEFAULTS = {name: entry["default"] for name, entry in ACTION["inputs"].items()}
SPEC = "input: [28, 28, 1]\nlayers:\n  - Conv2D: {filters: 32, kernel_size: 3}\n  - Flatten\n  - Dense: 10\n"


def filled(text: str, context: Mapping[str, Any]) -> str:
    """Replaces each ``${{ a.b || c.d }}`` in a text by its value."""

    def value(match: "re.Match[str]") -> str:
        for name in match[1].split("||"):
            result: Any = context
            for part in name.strip().split("."):
                result = (result or {}).get(part)
            if result:
                return str(result)
        return ""

    return re.sub(r"\$\{\{(.*?)\}\}", value, text)


class Runner:
    """The state of a job: the files of the runner, and the outputs of earlier steps."""

    def __init__(self, folder: Path, action: Path) -> None:
        self.folder = folder
        # The tests do not run the action's first step, because this step uses another action. The output of this step:
        self.outputs: dict[str, dict[str, str]] = {"python": {"python-path": sys.executable}}
        self.action = action

    def step(
        self, step: Mapping[str, Any], repository: Path, inputs: Mapping[str, str], event: Mapping[str, Any]
    ) -> tuple[int, str]:
        """Runs one step. Returns its exit code and its output."""
        context = {
            "inputs": inputs,
            "github": {"action_path": str(self.action), "event": event},
            "runner": {"temp": str(self.folder)},
            "steps": {name: {"outputs": outputs} for name, outputs in self.outputs.items()},
        }
        output, script = self.folder / "output", self.folder / "step.sh"
        output.write_text("")
        script.write_text(step["run"])
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md")}
        values = {name: filled(value, context) for name, value in step["env"].items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=repository,
            env={**own_environment(self.folder), **files, **values},
            capture_output=True,
            text=True,
            timeout=300,
        )
        self.outputs[step.get("id", "")] = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return done.returncode, done.stdout + ("" if done.returncode == 0 else done.stderr)


@pytest.fixture(scope="module")
def runner(checkout: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Returns a runner on which the action's own step has installed convcalc."""
    runner = Runner(tmp_path_factory.mktemp("runner"), checkout[0])
    (install,) = (step for step in STEPS if step.get("id") == "install")
    code, printed = runner.step(install, runner.folder, DEFAULTS, {})
    assert code == 0, printed
    return runner


class Used(NamedTuple):
    """The results of one run of the action."""

    code: int
    printed: str
    summary: str


@pytest.fixture
def use(runner: Runner, repository: tuple[Path, str]) -> Callable[..., Used]:
    """Returns a function that runs the action with inputs in a repository. The steps run until one fails."""

    def use(where: Path = repository[0], event: Mapping[str, Any] | None = None, **inputs: str) -> Used:
        assert set(inputs) <= set(DEFAULTS)
        summary = runner.folder / "summary.md"
        summary.write_text("")
        code, printed = 0, ""
        for step in STEPS:
            if code == 0 and "run" in step and step.get("id") not in runner.outputs:
                code, more = runner.step(step, where, {**DEFAULTS, **inputs}, event or {})
                printed += more
        runner.outputs.pop("", None)
        return Used(code, printed, summary.read_text())

    return use


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Returns a repository with a pull request, and the commit on which the pull request is based.

    The pull request has a changed, a new, an unchanged and a broken model.
    """
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


def tables(markdown: str) -> list[list[str]]:
    """Returns the rows of every table. A row is a list of texts."""
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def annotated(printed: str) -> list[tuple[str, dict[str, str], str]]:
    return commands("\n".join(line for line in printed.splitlines() if line.startswith("::")))


def test_a_pull_request(use: Callable[..., Used], repository: tuple[Path, str]) -> None:
    event = {"pull_request": {"base": {"sha": repository[1]}}}
    used = use(event=event, models="the models/*.yaml", args="--max-params\n 300K")
    assert used.code == 2  # one model cannot be read
    annotations = {properties["file"]: (level, message) for level, properties, message in annotated(used.printed)}
    assert set(annotations) == {"the models/changed.yaml", "the models/broken.yaml"}
    level, message = annotations["the models/changed.yaml"]
    assert level == "error" and "300,000" in message and "433,290" in message
    (changed,) = [row for row in tables(used.summary) if any("conv2d" in cell for cell in row)]
    assert any("320" in cell for cell in changed) and any("640" in cell for cell in changed)
    assert "changed.yaml" in used.summary
    assert "same.yaml" not in used.summary and "new.yaml" not in used.summary


def test_a_check_that_passes_prints_nothing(use: Callable[..., Used]) -> None:
    used = use(models="the models/same.yaml\nthe models/new.yaml", args="--max-params 300K")
    assert (used.code, annotated(used.printed), used.summary) == (0, [], "")


def test_a_check_that_fails(use: Callable[..., Used]) -> None:
    used = use(models="the models/same.yaml", args="--max-params 100")
    assert used.code == 1
    ((_, properties, _),) = annotated(used.printed)
    assert properties["title"] == "over-budget"


def test_a_record(use: Callable[..., Used]) -> None:
    same, changed = "the models/same.yaml", "the models/changed.yaml"
    assert use(models=same, against=same).code == 0
    used = use(models=changed, against=same)
    assert used.code == 1
    assert "conv2d" in annotated(used.printed)[0][2]


def test_no_input_is_run(use: Callable[..., Used], repository: tuple[Path, str]) -> None:
    hostile = "$(touch ran); touch ran; `touch ran` '\""
    for name in ("models", "against", "args", "base"):
        inputs = {"models": "the models/same.yaml", name: hostile}
        assert use(**inputs).code != 0
        assert not list(repository[0].rglob("ran"))
    for option in ("--output=ran", "-oran"):
        assert use(models=option, base="main").code == 2
        assert not list(repository[0].rglob("*ran"))


def test_a_shallow_checkout_fetches_its_base(
    use: Callable[..., Used], repository: tuple[Path, str], tmp_path: Path
) -> None:
    origin, _ = repository
    environment = own_environment(tmp_path)
    there, clone = git_in(origin, environment), tmp_path / "clone"
    there("checkout", "--quiet", "-b", "change")
    there("commit", "--quiet", "--all", "-m", "change")
    try:
        git_in(tmp_path, environment)(
            "clone", "--quiet", "--depth=1", "--branch=change", f"file://{origin}", str(clone)
        )
        used = use(clone, models="the models/changed.yaml", base="main")
        assert used.code == 0
        assert "conv2d" in used.summary
    finally:
        there("symbolic-ref", "HEAD", "refs/heads/main")


def test_the_action_matches_its_schema() -> None:
    """The action agrees with the schema for GitHub Actions. check-jsonschema contains this schema."""
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


def test_actions_are_pinned_and_scripts_have_no_expressions() -> None:
    for step in STEPS:
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+(\.\d+)*", step["uses"])
        else:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"]
            assert set(step["env"]) <= set(re.findall(r"\$\{?(\w+)", step["run"])), step["name"]


def test_each_input_is_used() -> None:
    text = (ROOT / "action.yml").read_text()
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(DEFAULTS)
