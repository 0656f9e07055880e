"""Makes ``docs/audit.md`` from the table of risks and from ``advisories.json``, the results of ``tests.live.advisories``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from convcalc.audit.file import audit_file
from convcalc.audit.rules import RULES, SEVERITY
from convcalc.base.codes import meaning
from convcalc.rendering.audit import text_lines
from tests.audit.advisories import CASES, Case

RESULTS = Path(__file__).parent / "advisories.json"
EXAMPLE = "specs/files/with_code.json"  # relative: the page shows this name
_BAD = ("allocated", "imported", "ran at load", "ran when it was used", "read the file")

HEAD = """\
# Audit

```console
$ convcalc audit specs/files/with_code.json
{example}
(exit code 1)
```

Keras can run code when it loads a file. `convcalc audit` lists everything that some version of Keras would run or open, and runs and
opens none of it. It looks at all parts of a file: the config, every member of an archive, all groups and arrays of HDF5 data, the
configs of the optimizer, the loss and the metrics, and weights in NumPy's format.

| exit code | meaning |
|---|---|
| 0 | nothing was found, except custom classes |
| 1 | something was found (with `--strict`, also custom classes) |
| 2 | a file cannot be read |

`--format json` and `--format sarif` write the findings with their severity:

```sh
convcalc audit downloads/*.keras --format sarif -o audit.sarif
convcalc audit model.keras --strict
```

## Severities

| code | severity | meaning |
|---|---|---|
"""
RISKS = """
A custom class is no proof of harm: most models of packages have some. Keras needs their code, so `audit` names them, and exits with 0.

## What Keras does with each part

| a file contains | Keras (in some versions) | code | advisories |
|---|---|---|---|
"""
ENDINGS = """
## One file, one model

Keras decides by the ending: `.keras` is a zip archive, `.h5` and `.hdf5` are HDF5. Other programs decide by the first bytes. A file can
be both, so that a scanner sees another model than Keras loads. All commands refuse such files (`ambiguous-file`), and also files whose
content contradicts their ending, archives with two members of one name, and archives with other data before or after them.

## The public advisories

A harmless model of each advisory was built, and loaded with a version of Keras that is affected and with Keras {keras}. It makes a
folder, or reads a file with known values. The other columns say whether `convcalc audit` and three other scanners find it
(ModelScan {modelscan} with its extras for TensorFlow and h5py, modelaudit {modelaudit}, picklescan {picklescan}).

| advisory | the model | Keras | what happened | Keras {keras} | convcalc | ModelScan | modelaudit | picklescan |
|---|---|---|---|---|---|---|---|---|
"""
END = """
- CVE-2026-12479 could not be reproduced: Keras 3.14.0 makes the paths of the names of classes, not of the names of layers. `audit` reports
  such names all the same.
- CVE-2025-12060, CVE-2025-12638 and GHSA-hqp4-2352-xf5r concern archives that `keras.utils.get_file` unpacks. A file can call it only as
  in CVE-2025-8747. The model downloads a file that is no archive.
- A folder with an Orbax checkpoint, which Keras 3.14 and 3.15 load, is not read: the exit code is 2.
- CVE-2026-12481 concerns `Lambda.from_config` outside of `load_model`.
- Keras {keras} refuses each of these models, except the harmless one and that of CVE-2026-12479.
- picklescan looks for pickles only, and reads no config.

This page is generated from the table of risks (`convcalc/audit/rules.py`) and from the results of
`python -m tests.live.advisories FOLDER` (`tests/regenerate/advisories.json`): `python -m tests.regenerate.docs`.
"""


def page() -> str:
    """Returns the page of the audit."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    severities = [f"| `{code}` | {severity} | {meaning(code).title} |" for code, severity in SEVERITY.items()]
    risks = [
        f"| {rule.contains} | {rule.keras} | `{rule.risk}` | {', '.join(rule.advisories) or '-'} |"
        for rule in sorted(RULES, key=lambda rule: list(SEVERITY).index(rule.risk))
    ]
    models = [_line(result, CASES[result["name"]]) for result in results["models"]]
    return "".join(
        [
            HEAD.replace("{example}", "\n".join(text_lines(audit_file(EXAMPLE)))),
            "\n".join(severities),
            "\n",
            RISKS,
            "\n".join(risks),
            "\n",
            ENDINGS.format(**results["versions"]),
            "\n".join(models),
            "\n",
            END.format(**results["versions"]),
        ]
    )


def _line(result: dict[str, Any], case: Case) -> str:
    found = ", ".join(f"`{code}`" for code in dict.fromkeys(case.finds)) or "nothing"
    happened = f"**{result['vulnerable']}**" if result["vulnerable"] in _BAD else result["vulnerable"]
    scanners = ["found" if result[name] else "-" for name in ("modelscan", "modelaudit", "picklescan")]
    cells = [case.advisory, f"{case.does} (`{case.ending}`)", case.keras, happened, result["newest"], found, *scanners]
    return f"| {' | '.join(cells)} |"
