"""Runs the real pre-commit in a scratch repository.

Needs ``pip install pre-commit``; pre-commit installs convcalc from this checkout with pip.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from convcalc import infer, render
from convcalc.read import read
from tests.paths import ROOT
from tests.tools.conftest import git_in, own_environment

GOOD = "budget: {params: 400}\ninput: [28, 28, 1]\nlayers:\n  - Conv2D: {filters: 32, kernel_size: 3}\n"
RECORDS = '[tool.convcalc.records]\n"specs/model.yaml" = "specs/model.txt"\n'


class Repository:
    """A repository whose commits run the hook."""

    def __init__(self, folder: Path, hook: str, checkout: tuple[Path, str], cache: Path) -> None:
        self.folder = folder / "repository"
        self.environment = {**own_environment(folder), "PRE_COMMIT_HOME": str(cache)}
        (self.folder / "specs").mkdir(parents=True)
        self.git = git_in(self.folder, self.environment)
        self.git("init", "--quiet", "--initial-branch=main")
        place, commit = checkout
        config = {"repos": [{"repo": str(place), "rev": commit, "hooks": [{"id": hook}]}]}
        self.write(".pre-commit-config.yaml", yaml.safe_dump(config))
        subprocess.run(
            [sys.executable, "-m", "pre_commit", "install"],
            cwd=self.folder,
            env=self.environment,
            check=True,
            timeout=60,
        )

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def commit(self) -> tuple[int, str]:
        """Commits all files. Returns the exit code and the output."""
        self.git("add", ".")
        done = subprocess.run(
            ["git", "commit", "-m", "A commit"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder in which pre-commit keeps its installations."""
    return tmp_path_factory.mktemp("cache")


def test_a_commit_of_changed_models_is_checked(tmp_path: Path, checkout: tuple[Path, str], cache: Path) -> None:
    repository = Repository(tmp_path, "convcalc-check", checkout, cache)
    repository.write("specs/model.yaml", GOOD)
    repository.write("other.yaml", "- no: model")
    code, output = repository.commit()
    assert code == 0, output
    assert "Passed" in output

    repository.write("specs/model.yaml", GOOD.replace("32", "64"))
    code, output = repository.commit()
    assert code == 1
    assert (
        "specs/model.yaml:1:9: error[over-budget]: the model has 640 params, 240 more than the budget of 400" in output
    )

    repository.write("specs/model.yaml", GOOD.replace("Conv2D", "Conv2E"))
    code, output = repository.commit()
    assert code == 1
    assert "specs/model.yaml:4:5: error[unknown-layer]" in output
    assert "Traceback" not in output

    repository.write("specs/model.yaml", GOOD)
    repository.write("other.yaml", "- no: model either")
    code, output = repository.commit()
    assert code == 0, output
    assert "Skipped" in output
    assert repository.git("log", "--format=%s").splitlines() == ["A commit"] * 2


def test_every_record_is_checked_at_any_change(tmp_path: Path, checkout: tuple[Path, str], cache: Path) -> None:
    repository = Repository(tmp_path, "convcalc-check-all", checkout, cache)
    repository.write("pyproject.toml", RECORDS)
    repository.write("specs/model.yaml", GOOD)
    repository.write("specs/model.txt", render(infer(read(GOOD.encode(), "model.yaml")), "keras"))
    code, output = repository.commit()
    assert code == 0, output

    repository.write("specs/model.txt", (repository.folder / "specs/model.txt").read_text().replace("26, 26", "26, 27"))
    code, output = repository.commit()
    assert code == 1
    assert "error[record-differs]" in output and "conv2d" in output


def test_pre_commit_accepts_the_hooks() -> None:
    root = ROOT
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(root / ".pre-commit-hooks.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
