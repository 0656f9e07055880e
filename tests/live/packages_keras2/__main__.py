"""The command: ``python -m tests.live.packages_keras2 PYTHON FOLDER [MODULE [FUNCTION]]``.

``PYTHON`` is the interpreter of an environment with a version of Keras 2. It builds models, and writes the models and
Keras's numbers to ``FOLDER``. ``MODULE`` is a module in ``zoo/`` (default: ``plain``), and ``FUNCTION`` is its function
that yields the models (default: ``models``).

Then convcalc reads the files in the current environment, and its reports are compared with Keras's numbers. With
``--no-build`` in place of ``PYTHON``, no model is built: only the files that are already in ``FOLDER`` are compared.

The environment variable ``KERAS2`` is the name of Keras's module: ``keras``, ``tf_keras`` or ``tensorflow.keras``
(default).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.live.packages.compare import records, verdicts
from tests.live.packages.table import Result, table

RECORD = Path(__file__).parent / "record.py"


def built_and_compared(python: str, folder: Path, module: str, function: str, quick: bool = False) -> Result:
    """Builds the models of a function with another interpreter, and compares convcalc's numbers with Keras's."""
    command = [python, "-W", "ignore", str(RECORD), module, function, str(folder), *(["quick"] if quick else [])]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    if ran.returncode:
        return Result(function, unbuilt=[f"the builder stopped: {(ran.stderr.strip().splitlines() or ['?'])[-1]}"])
    return compared(folder, function)


def compared(folder: Path, package: str) -> Result:
    """Compares convcalc's reports on the files in a folder with the records in the same folder."""
    result = Result(package, verdicts=list(verdicts(package, folder)))
    failed = [record for record in records(folder) if "error" in record]
    result.unbuilt = [f"{record['name']}: {record['error']}" for record in failed]
    result.models = {package: len(records(folder)) - len(failed)}
    return result


def main(python: str, folder: str, module: str = "plain", function: str = "models") -> int:
    if python == "--no-build":
        result = compared(Path(folder), function)
    else:
        result = built_and_compared(python, Path(folder), module, function)
    print(table([result]))
    return int(result.failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
