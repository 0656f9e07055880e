"""Loads the models of the advisories with vulnerable versions of Keras and with the newest, and runs other scanners on them.

``python -m tests.live.advisories FOLDER`` installs what is missing into ``FOLDER`` (about 6 GB), and writes
``tests/regenerate/advisories.json``. Then ``python -m tests.regenerate.docs`` makes ``docs/audit.md``. The models are harmless: they
make a folder beside themselves, or read a file beside themselves. Each is loaded in a process of its own, with a limit on memory.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.audit.advisories import CASES, OLD, Files
from tests.regenerate.advisories import RESULTS

NEWEST = "3.15.1"
LOADER = Path(__file__).with_name("advisory_loader.py")
# The environments of Python with their packages. Other versions of Keras are put over the one with Keras 3.8.
ENVIRONMENTS = {
    "tf212": ("tensorflow-cpu==2.12.1",),
    "tf218": ("tensorflow-cpu==2.18.0", "keras==3.8.0", "torch==2.13.0+cpu"),
    "scan": ("modelaudit==0.2.54", "picklescan==1.0.5", "h5py"),
    "modelscan": ("modelscan[tensorflow,h5py]==0.8.8",),
}
SCANNERS = ("modelscan", "modelaudit", "picklescan")


def python(folder: Path, name: str) -> Path:
    """Returns the Python of an environment, which is created if it does not exist."""
    place = folder / f"venv-{name}"
    if not place.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([place / "bin" / "pip", "install", "-q", *ENVIRONMENTS[name]], check=True)
    return place / "bin" / "python"


def command(folder: Path, keras: str) -> tuple[Path, dict[str, str]]:
    """Returns the Python for a version of Keras, and the environment variables to run it with."""
    if keras == OLD:
        return python(folder, "tf212"), {}
    program = python(folder, "tf218")
    if keras == "3.8.0":
        return program, {}
    over = folder / f"keras-{keras}"
    if not over.exists():
        pip = [program, "-m", "pip", "install", "-q", "--no-deps", "--target", over, f"keras=={keras}"]
        subprocess.run(pip, check=True)
    return program, {"PYTHONPATH": str(over)}


def written(folder: Path) -> dict[str, Path]:
    """Writes all models, each in a folder with the files that it refers to. Returns the path of each model."""
    paths = {}
    for number, (name, case) in enumerate(CASES.items()):
        place = folder / f"model{number:02}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        Files(place).write()
        paths[name] = place / f"model{case.ending}"
        paths[name].write_bytes(case.build(Files(place)))
    return paths


def loaded(folder: Path, keras: str, paths: Iterable[Path]) -> dict[Path, str]:
    """Loads models with a version of Keras. Returns what happened, by model."""
    program, variables = command(folder, keras)
    done = subprocess.run(
        [program, LOADER, *paths], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"model"')]
    return {Path(line["model"]): line["what"] for line in lines}


def scanned(folder: Path, paths: Mapping[str, Path]) -> tuple[dict[str, set[str]], dict[str, str]]:
    """Runs the scanners. Returns the models in which each finds something, and the versions of the scanners."""
    models = folder / "scanned"
    shutil.rmtree(models, ignore_errors=True)
    models.mkdir()
    names = {}
    for number, (name, path) in enumerate(paths.items()):
        names[f"{number:02}{path.suffix}"] = name
        shutil.copy(path, models / f"{number:02}{path.suffix}")
    found: dict[str, set[str]] = defaultdict(set)
    python(folder, "modelscan")
    python(folder, "scan")
    report = folder / "modelscan.json"
    _run(folder, "modelscan", "modelscan", "-p", models, "-r", "json", "-o", report)
    for issue in json.loads(report.read_text())["issues"]:
        found["modelscan"].add(names[issue["source"].partition(":")[0]])
    for issue in json.loads(_run(folder, "scan", "modelaudit", "scan", models, "--format", "json"))["issues"]:
        file = Path(str(issue.get("location"))[len(f"{models}/") :]).parts[:1]
        file = file and (file[0].partition(" ")[0].partition(":")[0],)
        if file and file[0] in names and issue["severity"] in ("warning", "critical"):
            found["modelaudit"].add(names[file[0]])
    for file, name in names.items():
        if "Infected files: 1" in _run(folder, "scan", "picklescan", "-p", models / file):
            found["picklescan"].add(name)
    versions = {scanner: _version(folder, scanner) for scanner in SCANNERS}
    return found, versions


def _run(folder: Path, environment: str, program: str, *arguments: Any) -> str:
    place = folder / f"venv-{environment}" / "bin" / program
    done = subprocess.run([place, *arguments], capture_output=True, text=True, check=False)
    return done.stdout


def _version(folder: Path, scanner: str) -> str:
    place = folder / f"venv-{'modelscan' if scanner == 'modelscan' else 'scan'}" / "bin" / "python"
    text = f"from importlib.metadata import version; print(version({scanner!r}))"
    return subprocess.run([place, "-c", text], capture_output=True, text=True, check=True).stdout.strip()


def main(folder: Path) -> None:
    paths = written(folder / "models")
    versions: dict[str, list[str]] = defaultdict(list)
    for name, case in CASES.items():
        versions[case.keras].append(name)
    vulnerable: dict[str, str] = {}
    for keras, names in versions.items():
        outcomes = loaded(folder, keras, [paths[name] for name in names])
        vulnerable |= {name: outcomes[paths[name]] for name in names}
    paths = written(folder / "models")  # again without what the old versions made
    newest = loaded(folder, NEWEST, paths.values())
    found, scanners = scanned(folder, paths)
    lines = [
        json.dumps(
            {
                "name": name,
                "vulnerable": vulnerable[name],
                "newest": newest[paths[name]],
                **{scanner: name in found[scanner] for scanner in SCANNERS},
            }
        )
        for name in CASES
    ]
    head = json.dumps({"keras": NEWEST, **scanners})
    models = ",\n".join(lines)
    RESULTS.write_text(f'{{"versions": {head},\n"models": [\n{models}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
