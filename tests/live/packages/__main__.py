"""The command: ``python -m tests.live.packages [PACKAGE …] [--quick] [--folder FOLDER]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.live.packages.environment import declared
from tests.live.packages.table import built_and_compared, table


def main() -> int:
    """Builds and compares the models. Returns 1 if a number is wrong, a file was refused, or a package has no models."""
    parser = argparse.ArgumentParser(prog="python -m tests.live.packages", description=__doc__)
    parser.add_argument("package", nargs="*", help="names in packages.toml (default: all)")
    parser.add_argument("--quick", action="store_true", help="build a part of the models, as the tests do")
    parser.add_argument("--folder", type=Path, help="keep the files here (default: a temporary folder)")
    parser.add_argument("--no-build", action="store_true", help="compare the files that the folder has already")
    options = parser.parse_args()
    entries = declared()
    unknown = set(options.package) - set(entries)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: not in packages.toml")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        results = [
            built_and_compared(name, entries[name], folder / name, options.quick, not options.no_build)
            for name in options.package or entries
        ]
    print(table(results))
    return int(any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
