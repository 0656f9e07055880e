"""``python -m tests.model_changes --changes 5000 --models 200``: see :mod:`tests.model_changes`."""

from __future__ import annotations

import argparse
import sys

from tests.model_changes.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model_changes", description=__doc__)
    parser.add_argument("--changes", type=int, default=5000)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wrong", type=int, default=40, help="the number of wrong results to print")
    asked = parser.parse_args()
    tally = run(asked.changes, asked.models, asked.seed)
    print("\n".join(tally.wrong[: asked.wrong]))
    print(tally.table())
    print(tally)
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
