"""Writes ``packages.json``: how many files of each package are exact and partial.

``python -m tests.live.packages --folder FOLDER`` builds the files and keeps them in ``FOLDER``. Then
``python -m tests.regenerate.packages FOLDER`` compares the files again, and writes the results of these packages. The
results of other packages are kept. ``python -m tests.regenerate.docs`` makes ``docs/packages.md`` from the results.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from convcalc.read.third_party import FILES
from tests.live.packages.compare import Verdict, records, verdicts
from tests.paths import PACKAGE

RESULTS = Path(__file__).parent / "packages.json"
WORDS = ("exact", "partial", "wrong", "refused")

HEAD = """\
# Packages

```console
$ convcalc summary gemma_backbone.keras     # a model of keras_hub; keras_hub is not installed
```

convcalc reads the files of other packages without their code. This page shows how much it knows of them. The files were made with
the packages, and each report was compared with Keras's own numbers.

- A file is **exact** if every shape, every count and the total are known and equal Keras's.
- A file is **partial** if something is unknown, and everything that is known equals Keras's. From a `.keras` archive or an `.h5` file,
  the total number of parameters is exact also for a partial file.
- **wrong** and **refused** count the files with a number that differs from Keras's, and the files that convcalc cannot read.
- The next two columns are the share of layers with an unknown number or shape, and the share of parameters that are unknown.

"""
TAIL = """
## Layers and models that convcalc declares

Of these classes, convcalc knows the shapes, weights and costs. Declare further classes with `--custom`
([docs/plugins.md](plugins.md) describes the layers of installed packages).

"""
END = """
This page is generated from the results of the comparison (`tests/regenerate/packages.json`) and from the declarations in
`convcalc/read/third_party/`: `python -m tests.regenerate.docs`.
"""


def result(files: Iterable[Verdict]) -> dict[str, int]:
    """Returns the numbers of a package: how many files are exact, partial …, and how many rows and parameters are
    unknown.
    """
    every = list(files)
    counts = {word: sum(verdict.word == word for verdict in every) for word in WORDS}
    sums = ("rows", "rows_unknown", "params", "params_unknown")
    return counts | {name: sum(getattr(verdict, name) for verdict in every) for name in sums}


def results(folder: Path) -> dict[str, dict[str, int]]:
    """Returns the numbers of each package in a folder."""
    # The other folders have models of Keras 2 itself.
    packages = [path for path in sorted(folder.iterdir()) if " of Keras " not in path.name and records(path)]
    return {path.name: result(verdicts(path.name, path)) for path in packages}


def page() -> str:
    """Returns the page of the packages."""
    written: dict[str, dict[str, int]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    lines = [
        "| package | files | exact | partial | wrong | refused | rows unknown | parameters unknown |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, numbers in sorted(written.items(), key=lambda item: item[0].lower()):
        counts = [numbers[word] for word in WORDS]
        shares = [_share(numbers[f"{what}_unknown"], numbers[what]) for what in ("rows", "params")]
        lines.append(f"| {name} | {sum(counts):,} | {' | '.join(map(str, counts))} | {' | '.join(shares)} |")
    declared = [
        f"- {file.removesuffix('.yaml')}: {', '.join(f'`{name}`' for name in declared_in(file))}" for file in FILES
    ]
    return HEAD + "\n".join(lines) + "\n" + TAIL + "\n".join(declared) + "\n" + END


def declared_in(file: str) -> list[str]:
    """Returns the names of the classes that a file of convcalc declares, without their packages. A class that is
    registered under two names is listed once.
    """
    text = (PACKAGE / "read" / "third_party" / file).read_text(encoding="utf-8")
    names = re.findall(r"^  ([\w.>]+):", text, re.MULTILINE)
    return sorted({re.split("[.>]", name)[-1] for name in names})


def _share(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %" if total else "-"


def main(folder: str) -> None:
    written: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    written |= results(Path(folder))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in sorted(written.items()))
    RESULTS.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
