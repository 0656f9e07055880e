"""Installs packages from the registry, each set of versions into its own folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomllib

from tests.paths import ROOT

HERE = Path(__file__).parent
# Each set of packages has its own subfolder. The file `done` in it lists the installed versions.
INSTALLED = Path(os.environ.get("CONVCALC_PACKAGES") or ROOT / ".venv-packages")


def declared(name: str = "packages.toml") -> dict[str, dict[str, Any]]:
    """Returns the entries of a TOML file in this folder. Each entry describes a package."""
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def installed(versions: Sequence[str]) -> Path | str:
    """Installs these versions without their dependencies, unless the same versions are already installed.

    Returns the folder of the packages, or pip's error as a text.
    """
    folder = INSTALLED / hashlib.sha256("\n".join(versions).encode()).hexdigest()[:12]
    done = folder / "done"
    if done.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    if versions:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps", "--upgrade"]
        ran = subprocess.run([*command, "--target", str(folder), *versions], capture_output=True, text=True)
        if ran.returncode:
            errors = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")]
            return (errors or ["pip failed"])[-1][:300]
    done.write_text("\n".join(versions) + "\n", encoding="utf-8")
    return folder


def run(folder: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a module of the tests in a process in which the packages of the folder come first in the import path."""
    paths = [str(folder), str(ROOT)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment |= {"CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "tensorflow"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *arguments], env=environment, capture_output=True, text=True
    )
