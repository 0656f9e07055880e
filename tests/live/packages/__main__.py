"""The command: ``python -m tests.live.packages [PACKAGE …] [--quick] [--folder FOLDER]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.live.packages.environment import declared
from tests.live.packages.table import built_and_compared, table, total


def main() -> int:
    """Builds and compares the models. Returns 1 if a number is wrong, a file was refused, or a package has no models."""
    parser = argparse.ArgumentParser(prog="python -m tests.live.packages", description=__doc__)
    parser.add_argument("package", nargs="*", help="packages, or runs such as 'deepctr (tf_keras)' (default: all)")
    parser.add_argument("--quick", action="store_true", help="build a part of the models, as the tests do")
    parser.add_argument("--folder", type=Path, help="keep the files here (default: a temporary folder)")
    parser.add_argument("--resume", action="store_true", help="build only the models that the folder does not have")
    parser.add_argument("--no-build", action="store_true", help="compare the files that the folder has already")
    options = parser.parse_args()
    runs = declared()
    unknown = set(options.package) - set(runs) - {entry["package"] for entry in runs.values()}
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: not in packages.toml")
    if options.package:
        runs = {name: run for name, run in runs.items() if {name, run["package"]} & set(options.package)}
    if options.quick:
        runs = {name: run for name, run in runs.items() if run.get("quick")}
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for name, run in runs.items():
            building = not options.no_build
            results.append(built_and_compared(name, run, folder / name, options.quick, building, options.resume))
            print(table(results[-1:]), flush=True)
    print(table(results))
    print(total(results))
    return int(any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
