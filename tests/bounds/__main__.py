"""The command ``python -m tests.bounds [FOLDER …] [--only TEXT] [--worst N]``. Its exit code is 1 if a limit is missed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from tests.bounds import binaries, programs, texts
from tests.bounds.measure import (
    BYTES,
    LARGEST,
    MODEL_COMMANDS,
    RECORD_COMMANDS,
    SECONDS,
    SETTINGS_COMMANDS,
    Taken,
    measured,
)

# Each set: the name that the file gets, the commands, and the functions that make its files.
SETS: dict[str, tuple[str, tuple[str, ...], Mapping[str, texts.Made]]] = {
    "spec": ("x.yaml", MODEL_COMMANDS, texts.SPECS),
    "config": ("x.json", MODEL_COMMANDS, texts.CONFIGS),
    "json": ("x.json", MODEL_COMMANDS + RECORD_COMMANDS[:1], texts.OTHER_JSON),
    "record": ("x.txt", RECORD_COMMANDS, texts.RECORDS),
    "settings": ("pyproject.toml", SETTINGS_COMMANDS, texts.SETTINGS),
    "archive": ("x.keras", MODEL_COMMANDS, binaries.ARCHIVES),
    "hdf5": ("x.h5", MODEL_COMMANDS, binaries.HDF5),
    "saved model": ("saved_model.pb", MODEL_COMMANDS, binaries.SAVED_MODELS),
    "program": ("x.py", MODEL_COMMANDS, programs.PROGRAMS),
    "notebook": ("x.ipynb", MODEL_COMMANDS, programs.NOTEBOOKS),
}


def main() -> int:
    """Measures all files, and prints the worst."""
    parser = argparse.ArgumentParser(prog="python -m tests.bounds", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="folders whose files are read too")
    parser.add_argument("--only", default="", help="only generated files whose name has this text, e.g. 'hdf5: names'")
    parser.add_argument("--quick", action="store_true", help="only the first command for each file")
    parser.add_argument("--all", action="store_true", help="print each command when it has ended")
    parser.add_argument("--worst", type=int, default=15, help="how many of the worst are printed")
    options = parser.parse_args()
    taken: list[Taken] = []
    for each in chain(_generated(options.only, options.quick), _of_folders(options.folders)):
        taken.append(each)
        if options.all:
            print(each, flush=True)
        if each.problem:
            print(f"{each}\n    {each.problem} {each.error[-300:].strip()}", flush=True)
    count = options.worst
    print(f"\nThe slowest of {len(taken)} commands (limit: {SECONDS} s)")
    print(*sorted(taken, key=lambda each: -each.seconds)[:count], sep="\n")
    print(f"\nThe largest (limit: {BYTES >> 20} MB)")
    print(*sorted(taken, key=lambda each: -each.bytes)[:count], sep="\n")
    missed = sum(bool(each.problem) for each in taken)
    print(f"\n{len(taken)} commands, {missed} of them over a limit or with an internal error")
    return 1 if missed else 0


def _generated(only: str, quick: bool) -> Iterator[Taken]:
    for kind, (file, commands, files) in SETS.items():
        for name, made in files.items():
            if only not in f"{kind}: {name}":
                continue
            content = made()
            assert len(content) <= 1.3 * LARGEST, (kind, name, len(content))
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, file).write_bytes(content)
                del content
                for taken in measured(Path(folder), file, commands[:1] if quick else commands):
                    yield taken._replace(file=f"{kind}: {name}")


def _of_folders(folders: list[Path]) -> Iterator[Taken]:
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        with tempfile.TemporaryDirectory() as folder:
            yield from measured(Path(folder), str(path.resolve()), MODEL_COMMANDS)


if __name__ == "__main__":
    sys.exit(main())
