"""Fixtures of this folder: a repository with the files of this checkout, and an environment for git.

This module also marks every test in this folder as a test that needs external programs.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.paths import ROOT

# Files that are needed to build a package, and files that other tools look for in a repository.
PARTS = ("convcalc", "specs", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "action.yml")
Git = Callable[..., str]


def git_in(folder: Path, environment: Mapping[str, str]) -> Git:
    """Returns a function that runs git in this folder and returns its output."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    return git


def own_environment(home: Path) -> dict[str, str]:
    """Returns an environment with a separate home and a user who can commit.

    Variables that affect Python's imports are removed.
    """
    user = {f"GIT_{who}_{what}": "tester@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON", "VIRTUAL_ENV"))}
    return {**kept, **user, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tools" in item.path.parts:
            item.add_marker(pytest.mark.tools)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Returns a repository with the current files of this checkout, and its commit."""
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    git = git_in(folder, own_environment(home))
    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "-m", "As it is now")
    return folder, git("rev-parse", "HEAD")
