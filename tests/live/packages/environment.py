"""Installs Python environments and packages, each set of versions into its own folder."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Any

import tomllib

from tests.live.cases import FAMILIES, cases
from tests.live.judge import we_say
from tests.paths import ROOT

KERAS3 = Path(__file__).with_name("packages.toml")
KERAS2 = Path(__file__).parent.parent / "packages_keras2" / "packages.toml"
RECORD = KERAS2.with_name("record.py")
# Contains a folder for each set of versions. The file `done` in it lists the installed versions.
INSTALLED = Path(os.environ.get("CONVCALC_PACKAGES") or ROOT / ".venv-packages")


class Unavailable(Exception):
    """Raised if a Python or a package is not available. The text is the reason."""


def declared() -> dict[str, dict[str, Any]]:
    """Returns the runs that the two TOML files declare. A run builds the models of one package in one environment.

    A package for Keras 2 has a run for each of its environments, with the key ``environment``.
    """
    runs = {name: {**entry, "package": name} for name, entry in _read(KERAS3).items()}
    return runs | dict(_keras2_runs(_read(KERAS2)))


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _keras2_runs(table: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    environments = table.pop("environments")
    for name, entry in table.items():
        for place, options in entry.get("in", {}).items():
            run = {"install": [], **entry, **options, "package": name, "environment": environments[place]}
            yield f"{name} ({place})", run


def build(entry: Mapping[str, Any], folder: Path, quick: bool, resume: bool = False) -> str:
    """Builds the models of a run in a process of its own. Returns the error if the process stops early.

    With ``resume``, the models that the folder already has are not built again.
    """
    words = [str(folder), *(["quick"] if quick else [])]
    if "environment" not in entry:
        packages = installed(entry["install"], sys.executable)
        paths, command = [packages, ROOT], [sys.executable, "-W", "ignore", "-m", "tests.live.packages.record"]
        variables = {"KERAS_BACKEND": "tensorflow"}
    else:
        python, variables = interpreter(entry["environment"])
        packages = installed(entry["install"], python)
        # The script runs in old versions of Python, from 3.6, so it is not a module of the tests.
        paths, command = [packages], [python, "-W", "ignore", str(RECORD)]
        if quick:
            words[-1] = str(entry["quick"])
        if "cases" in entry:
            variables = {**variables, "CASES": str(_written_cases(entry["cases"], folder))}
    words += ["resume"] if resume else []
    variables = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1", **variables}
    variables["PYTHONPATH"] = os.pathsep.join(map(str, paths))
    ran = subprocess.run(
        [*command, entry["zoo"], *words], env={**os.environ, **variables}, capture_output=True, text=True
    )
    return (ran.stderr.strip().splitlines() or [str(ran.returncode)])[-1] if ran.returncode else ""


def _written_cases(count: int, folder: Path) -> Path:
    """Writes random layers with their arguments and inputs to a file. ``count`` is the number of cases of each family.

    A script without convcalc reads the file. Cases that Keras 3 refuses are left out: they have wrong arguments on
    purpose.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cases.json"
    random_cases = [
        (case.name, case.args, case.shapes, case.dtype, case.trainable)
        for family in FAMILIES
        for case in cases(family, 2, count)
        if case.shapes and not case.policy and not case.call and not isinstance(we_say(case), str)
    ]
    Random(0).shuffle(random_cases)  # the first cases should come from all families
    path.write_text(json.dumps(random_cases, default=str), encoding="utf-8")
    return path


def installed(versions: Sequence[str], python: str) -> Path:
    """Installs these versions without their dependencies, unless the same versions are already installed.

    Returns the folder of the packages.
    """
    folder = _folder([python, *versions] if python != sys.executable else versions)
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if versions:
            _pip(python, "--no-deps", "--upgrade", "--target", str(folder), *versions)
        (folder / "done").write_text("\n".join(versions) + "\n", encoding="utf-8")
    return folder


def interpreter(environment: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Returns the Python of an environment, and the environment variables for its processes.

    If the environment has ``install``, installs it with the first of its Pythons on this machine. Otherwise it is the current
    environment, which must have the package ``needs``.
    """
    variables = dict(environment.get("variables", {}))
    if "install" not in environment:
        if find_spec(environment["needs"]) is None:
            raise Unavailable(f"needs {environment['needs']}, which is not installed")
        return sys.executable, variables
    folder = _folder([*environment["python"], *environment["install"]])
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        rmtree(folder, ignore_errors=True)
        _run([_python(environment["python"]), "-m", "venv", str(folder)])
        _pip(str(python), "--upgrade", "pip", "setuptools<82")  # old packages import pkg_resources
        _pip(str(python), *environment["install"])
        (folder / "done").write_text("\n".join(environment["install"]) + "\n", encoding="utf-8")
    return str(python), variables


def _folder(words: Sequence[str]) -> Path:
    return INSTALLED / hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]


def _python(versions: Sequence[str]) -> str:
    """Returns the first of these versions of Python that is installed: ``python3.N`` on PATH, or a version of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for version in versions:
        for candidate in [f"python{version}", *map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))]:
            # a ``python3.N`` of pyenv may be a placeholder that does not run
            code = f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
            try:
                if subprocess.run([candidate, "-c", code], capture_output=True).returncode == 0:
                    return candidate
            except OSError:
                continue
    raise Unavailable(f"needs Python {' or '.join(versions)}, which is not installed")


def _pip(python: str, *words: str) -> None:
    _run([python, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", *words])


def _run(command: Sequence[str]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        errors = [line for line in ran.stderr.splitlines() if line.upper().startswith("ERROR")]
        raise Unavailable(f"cannot be installed: {(errors or ran.stderr.splitlines() or ['pip failed'])[-1][:300]}")
