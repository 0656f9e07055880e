"""Fuzzing of whole commands: ``python -m tests.fuzz.children TARGET|all --seconds N``.

Each case runs in its own process with limits. So a case that hangs, takes too much memory or ends by a signal is a find, as
an internal error is. The limits are those that ``SECURITY.md`` promises. The first inputs come from the tests;
``--seeds FOLDER`` adds real files, such as models that Keras saved.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

from tests.bounds.measure import MODEL_COMMANDS, RECORD_COMMANDS, SETTINGS_COMMANDS, Taken, measured
from tests.fuzz import seeds, structure
from tests.helpers import saved_models


class Target(NamedTuple):
    """A kind of file: the name of the file in a case, its commands, first inputs and mutations.

    ``endings`` are the endings of real files that ``--seeds`` adds.
    """

    file: str
    commands: tuple[str, ...]
    seeds: Callable[[], Sequence[bytes]]
    mutate: Callable[[bytes, Random], bytes]
    endings: tuple[str, ...]


def _saved_models() -> Sequence[bytes]:
    config = {"class_name": "Dense", "config": {"name": "d", "units": 3}}
    children = {"variables": 2, "keras_api": 3, "trainable_variables": 2}
    return [
        saved_models.saved_model(
            [
                saved_models.plain_object({"a": 1, **children}, json.dumps({"class_name": "Sequential"})),
                saved_models.plain_object(children, json.dumps(config)),
                saved_models.plain_object({"0": 4, "1": 5}),
                saved_models.plain_object({"layers": 6}),
                saved_models.variable("dense/kernel", [3, 4]),
                saved_models.variable("dense/bias", [4]),
                saved_models.plain_object({"0": 1}),
            ]
        )
    ]


def _notebooks() -> Sequence[bytes]:
    def cell(code: bytes) -> dict[str, object]:
        return {"cell_type": "code", "source": code.decode(), "metadata": {}, "outputs": []}

    programs = seeds.programs()
    return [json.dumps({"cells": [cell(code), cell(programs[0])], "nbformat": 4}).encode() for code in programs]


def _settings() -> Sequence[bytes]:
    return [
        b'[tool.convcalc]\nallow-incomplete = true\n[tool.convcalc.budget]\nparams = "5M"\nmin_receptive_field = [64, 48]\n',
        b'[tool.convcalc.records]\n"base.yaml" = "records/a.txt"\n',
    ]


TARGETS = {
    "archive": Target("x.keras", MODEL_COMMANDS, seeds.archives, structure.archive, (".keras",)),
    "hdf5": Target("x.h5", MODEL_COMMANDS, seeds.hdf5s, structure.hdf5, (".h5", ".hdf5")),
    "saved-model": Target("saved_model.pb", MODEL_COMMANDS, _saved_models, structure.message, (".pb",)),
    "config": Target("x.json", MODEL_COMMANDS, seeds.configs, structure.text, (".json",)),
    "spec": Target("x.yaml", MODEL_COMMANDS, seeds.specs, structure.text, (".yaml",)),
    "record": Target("x.txt", RECORD_COMMANDS, seeds.records, structure.text, (".txt",)),
    "settings": Target("pyproject.toml", SETTINGS_COMMANDS, _settings, structure.lines, (".toml",)),
    "program": Target("x.py", MODEL_COMMANDS, seeds.programs, structure.code, (".py",)),
    "notebook": Target("x.ipynb", MODEL_COMMANDS, _notebooks, structure.notebook, (".ipynb",)),
}


class Fuzzer:
    """Runs cases of the targets, and keeps the finds."""

    def __init__(self, folders: Sequence[Path], finds: Path, seed: int) -> None:
        self.folders, self.finds, self.random = folders, finds, Random(seed)
        self.cases = 0
        self.worst_seconds = self.worst_bytes = 0.0
        self.found: set[str] = set()

    @cache  # noqa: B019 - there is one fuzzer in a process
    def first(self, name: str) -> Sequence[bytes]:
        """Returns the first inputs of a target: those of the tests, and real files of at most 3 MB."""
        target = TARGETS[name]
        real = [path for folder in self.folders for path in sorted(folder.rglob("*")) if path.suffix in target.endings]
        return [
            *target.seeds(),
            *(path.read_bytes() for path in real if path.is_file() and path.stat().st_size < 3_000_000),
        ]

    def case(self, name: str) -> None:
        """Runs one command on one mutated file."""
        target, random = TARGETS[name], self.random
        data = random.choice(self.first(name))
        for _ in range(random.choice((1, 1, 2, 4))):
            data = target.mutate(data, random)[: structure.MOST]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, target.file).write_bytes(data)
            for taken in measured(Path(folder), target.file, (random.choice(target.commands),)):
                self.cases += 1
                self.worst_seconds = max(self.worst_seconds, taken.seconds)
                self.worst_bytes = max(self.worst_bytes, taken.bytes)
                if taken.problem:
                    self._keep(name, target.file, data, taken)

    def _keep(self, name: str, file: str, data: bytes, taken: Taken) -> None:
        """Keeps one case for each problem of a target with the same message."""
        what = f"{name}: {taken.problem}: {taken.error.splitlines()[-1][-200:] if taken.error.strip() else ''}"
        if what in self.found:
            return
        self.found.add(what)
        path = self.finds / f"{name}-{sha256(data).hexdigest()[:12]}{Path(file).suffix}"
        path.write_bytes(data)
        path.with_name(f"{path.name}.txt").write_text(
            f"{taken}\n{taken.problem}\n{taken.error[-3_000:]}", encoding="utf-8"
        )
        print(f"{path}\n    {taken}\n    {what}", flush=True)


def main() -> int:
    """Fuzzes the targets in turn. The exit code is 1 if there are finds."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.children", description=__doc__)
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--seconds", type=int, default=60, help="in all, shared by the targets")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other cases")
    parser.add_argument(
        "--seeds", type=Path, nargs="*", default=[], help="folders with real files, which are mutated too"
    )
    parser.add_argument("--work", type=Path, default=Path(".fuzz"), help="where finds are kept")
    options = parser.parse_args()
    finds = options.work / "finds"
    finds.mkdir(parents=True, exist_ok=True)
    fuzzer = Fuzzer(options.seeds, finds, options.seed)
    names = list(TARGETS) if options.target == "all" else [options.target]
    end = monotonic() + options.seconds
    while monotonic() < end:
        for name in names:
            fuzzer.case(name)
    print(
        f"{fuzzer.cases:,} cases, {len(fuzzer.found)} finds; the slowest took {fuzzer.worst_seconds:.1f} s, "
        f"the largest {fuzzer.worst_bytes / 2**20:.0f} MB beyond the start"
    )
    return 1 if fuzzer.found else 0


if __name__ == "__main__":
    sys.exit(main())
