"""Writes ``packages.json``: how many files of each package, and of each version of Keras, are exact and partial.

``python -m tests.live.packages --folder FOLDER`` builds the files and keeps them in ``FOLDER``. Then
``python -m tests.regenerate.packages FOLDER [RUN …]`` compares the files again, and writes the results of these runs
(default: all runs in the folder). The results of other runs are kept. ``python -m tests.regenerate.docs`` makes
``docs/packages.md`` from the results.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcalc.read.third_party import FILES
from tests.paths import PACKAGE

if TYPE_CHECKING:
    from tests.live.packages.table import Result

RESULTS = Path(__file__).parent / "packages.json"
WORDS = ("exact", "partial", "wrong", "refused")

HEAD = """\
# Packages

```sh
convcalc summary gemma_backbone.keras     # a model of keras_hub; keras_hub is not installed
```

convcalc reads the files of other packages without their code. This page shows how much it knows of them. The files were made with
the packages, and each report was compared with Keras's own numbers.

- A file is **exact** if every shape, every count and the total are known and equal Keras's.
- A file is **partial** if something is unknown, and everything that is known equals Keras's. From a `.keras` archive or an `.h5` file,
  the total number of parameters is exact also for a partial file.
- **wrong** and **refused** count the files with a number that differs from Keras's, and the files that convcalc cannot read.
- **totals** counts the files that store weights and for which the total is exact. `77/77` means all of them. Keras does not write
  all weights of a few models of custom classes; then the total is that of the written weights, and the file is partial.
- The last two columns are the share of layers with an unknown number or shape, and the share of parameters that are unknown.

"""
OLD = """
## Versions of Keras

The files are of models with Keras's own layers, and of a few models with custom classes. A number that differs from the version
that saved the file, but equals that of the installed Keras (3.15), is not wrong.

"""
UNBUILT = """
## Models that are missing

These models could not be built or saved with the installed versions:

- classification_models_3D 1.1.0 cannot be imported with tf.keras 2.15: `No module named 'keras.src.legacy'`
- kecam 1.4.3: with Keras 3.15, most models call functions of TensorFlow on symbolic tensors, which fails
- keras_hub, PARSeqCausalLM: cannot be built without a tokenizer
"""
TAIL = """
## Layers and models that convcalc declares

Of these classes, convcalc knows the shapes, weights and costs. Declare further classes with `--custom`
([Plugins](plugins.md) describes the layers of installed packages).

"""
END = """
This page is generated from the results of the comparison (`tests/regenerate/packages.json`) and from the declarations in
`convcalc/read/third_party/`: `python -m tests.regenerate.docs`.
"""


def summed(result: Result) -> dict[str, Any]:
    """Returns the numbers of a run, and its models that could not be built or saved."""
    sums = ("rows", "rows_unknown", "params", "params_unknown")
    totals = [verdict.total_is_exact for verdict in result.verdicts if verdict.total_is_exact is not None]
    return {
        "is_package": result.is_package,
        "models": result.models,
        **{word: sum(verdict.word == word for verdict in result.verdicts) for word in WORDS},
        "totals": len(totals),
        "totals_exact": sum(totals),
        **{name: sum(getattr(verdict, name) for verdict in result.verdicts) for name in sums},
        "unbuilt": [_short(text) for text in result.unbuilt if "_flat:" not in text],
    }


def _short(text: str) -> str:
    """Returns the first sentence of an error, without paths and colours."""
    text = re.sub(r"\x1b\[\d*m|\(?\S*/\S*\)?", "", text)
    return re.sub(r"\s+", " ", text).strip()[:140]


def results(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Returns the numbers of each run in a folder; of all runs if there are no names."""
    # These modules need Python 3.11. The page is also written by older ones.
    from tests.live.packages.environment import declared
    from tests.live.packages.table import built_and_compared

    runs = {name: run for name, run in declared().items() if (folder / name / "manifest.jsonl").exists()}
    chosen = {name: runs[name] for name in names} or runs
    return {name: summed(built_and_compared(name, run, folder / name, building=False)) for name, run in chosen.items()}


def page() -> str:
    """Returns the page of the packages."""
    written: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    packages = {name: numbers for name, numbers in written.items() if numbers["is_package"] and numbers["models"]}
    versions: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for name, numbers in written.items():
        version = re.fullmatch(r".* of Keras 2 \((.*)\)|keras (3.*)", name)
        if version is not None:
            versions[version[1] or f"Keras {version[2]}"].append(numbers)
    declared_classes = [
        f"- {file.removesuffix('.yaml')}: {', '.join(f'`{name}`' for name in declared_in(file))}" for file in FILES
    ]
    unbuilt = [
        f"- {name}, {text}"
        for name, numbers in written.items()
        for text in numbers["unbuilt"]
        if numbers["is_package"] and name != "kecam"
    ]
    return "".join(
        [
            HEAD,
            _table("package", packages),
            OLD,
            _table("version", {name: _added(parts) for name, parts in versions.items()}),
            *([UNBUILT, "\n".join(unbuilt), "\n"] if unbuilt else []),
            TAIL,
            "\n".join(declared_classes),
            "\n",
            END,
        ]
    )


def _table(what: str, lines: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns a table with one line for each package or version, and a last line with the sums."""
    head = f"| {what} | models | files | {' | '.join(WORDS)} | totals | rows unknown | parameters unknown |"
    written = [head, "|---|" + "---:|" * 9]
    for name, numbers in [*sorted(lines.items(), key=lambda item: _natural(item[0])), ("all", _added(lines.values()))]:
        counts = [numbers[word] for word in WORDS]
        shares = [_share(numbers[f"{part}_unknown"], numbers[part]) for part in ("rows", "params")]
        cells = [
            name,
            numbers["models"],
            sum(counts),
            *counts,
            f"{numbers['totals_exact']}/{numbers['totals']}",
            *shares,
        ]
        written.append(f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else cell for cell in cells)} |")
    return "\n".join(written) + "\n"


def _added(parts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for numbers in parts:
        for key, number in numbers.items():
            if isinstance(number, int) and key != "is_package":
                sums[key] += number
    return sums


def _natural(name: str) -> list[tuple[int, str]]:
    """Returns a sort key that puts 2.9 before 2.10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.lower())]


def declared_in(file: str) -> list[str]:
    """Returns the names of the classes that a file of convcalc declares, without their packages. A class that is
    registered under two names is listed once.
    """
    text = (PACKAGE / "read" / "third_party" / file).read_text(encoding="utf-8")
    _, _, declared = text.partition("custom:\n")  # blocks come before the layers
    names = re.findall(r"^  ([\w.>]+):", declared, re.MULTILINE)
    return sorted({re.split("[.>]", name)[-1] for name in names})


def _share(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %" if total else "-"


def main(folder: str, *names: str) -> None:
    written: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    written |= results(Path(folder), names)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in sorted(written.items()))
    RESULTS.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
