"""The command ``python -m tests.fuzz TARGET|all --seconds N [--jobs N]``. Its exit code is 1 if a case fails."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from tests.fuzz import seeds
from tests.fuzz.targets import TARGETS

LONGEST = 16_384  # the maximum size of a case, in bytes


class Ran(NamedTuple):
    """The statistics of a worker."""

    executions: int
    seconds: float
    ended: str  # how the worker ended, if it did not end normally


def main() -> int:
    """Runs the workers, and prints their statistics and the failing cases."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--seconds", type=int, default=60, help="in all, shared by the targets")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, help="of all that is left to chance: the same code is fed the same again")
    parser.add_argument("--work", type=Path, default=Path(".fuzz"), help="where what was learnt, and found, is kept")
    options = parser.parse_args()
    names = list(TARGETS) if options.target == "all" else [options.target]
    finds = options.work / "finds"
    finds.mkdir(parents=True, exist_ok=True)
    known = {path.name for path in finds.iterdir()}
    (options.work / "dictionary").write_text(seeds.dictionary(), encoding="utf-8")
    seconds = max(1, options.seconds * options.jobs // len(names))
    with ThreadPoolExecutor(options.jobs) as pool:
        ran = list(pool.map(lambda name: _run(name, options.work, seconds, options.seed), names))
    for name, each in zip(names, ran):
        speed = each.executions / each.seconds
        print(f"{name:<12} {each.executions:>9,} executions in {each.seconds:.0f} s, {speed:,.0f} a second{each.ended}")
    new = sorted(path for path in finds.glob("*.txt") if path.name not in known)
    for path in new:
        print(f"\n{path.with_suffix('')}\n{path.read_text(encoding='utf-8')}")
    print(f"{sum(each.executions for each in ran):,} executions, {len(new)} new finds")
    return 1 if new or any(each.ended for each in ran) else 0


def _run(name: str, work: Path, seconds: int, seed: int | None) -> Ran:
    corpus = work / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for case in TARGETS[name].seeds():
        (corpus / sha256(case).hexdigest()[:16]).write_bytes(case)
    arguments: Sequence[str] = (
        f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-dict={work / 'dictionary'}", "-print_final_stats=1",
        "-timeout=60", "-rss_limit_mb=0", f"-artifact_prefix={work / 'finds'}/{name}-", str(corpus),
    )  # fmt: skip
    environment = None
    if seed is not None:
        arguments = (f"-seed={seed}", *arguments)
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
    began = monotonic()
    command = [sys.executable, "-m", "tests.fuzz.worker", name, str(work / "finds"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment)
    (work / f"{name}.log").write_text(done.stderr, encoding="utf-8")
    counted = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    ended = f"; ended with {done.returncode}, see {work / name}.log" if done.returncode else ""
    return Ran(int(counted[1]) if counted else 0, monotonic() - began, ended)


if __name__ == "__main__":
    sys.exit(main())
