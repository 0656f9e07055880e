"""The command ``python -m benchmarks``: measures every ratio and writes RESULTS.md."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks import drawing, engine, keras, many, scale, startup
from benchmarks.environments import HERE, PEERS, Environments
from benchmarks.machine import machine
from benchmarks.measure import Measure, markdown, table
from benchmarks.profiles import profiles

GROUPS: dict[str, Callable[[Environments], Iterator[Measure]]] = {
    "startup": startup.measures,
    "keras": keras.measures,
    "engine": engine.measures,
    "scale": scale.measures,
    "drawing": drawing.measures,
    "many": many.measures,
}


def main(arguments: list[str] | None = None) -> list[Measure]:
    """Measures the selected groups and prints the results.

    Writes RESULTS.md unless ``--quick`` or ``--only`` was given.
    """
    options = _options().parse_args(arguments)
    pythons = {name: value for name in ("convcalc", *PEERS) if (value := getattr(options, name))}
    # PYTHONPATH is removed, so that the installed packages are measured, not a developer's copies
    if not options.convcalc:
        os.environ.pop("PYTHONPATH", None)
    environments = Environments(pythons, peers=not options.no_peers, quick=options.quick)
    groups = {**GROUPS, "scale": partial(scale.measures, full=options.full)}
    measures: list[Measure] = []
    for name in options.only or GROUPS:
        for measure in groups[name](environments):
            print("  ".join(cell for cell in measure.cells if cell), flush=True)
            measures.append(measure)
    facts = machine(environments.versions())
    print(f"\n{table(measures)}\n" + "".join(f"{name}: {value}\n" for name, value in facts), end="")
    if not options.quick and not options.only:
        listed = "".join(f"- {name}: {value}\n" for name, value in facts)
        missed = profiles([measure for measure in measures if measure.met is False])
        (HERE / "RESULTS.md").write_text(f"{_HEAD}{listed}\n{markdown(measures)}{missed}")
    return measures


_HEAD = """# Results

Written by `python -m benchmarks`; [README.md](README.md) says how to read it. Every ratio was measured in one run.

"""


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(GROUPS), help="measure only this group (repeatable)")
    parser.add_argument(
        "--quick", action="store_true", help="run each command once, on small models; ignore the numbers"
    )
    parser.add_argument(
        "--full", action="store_true", help="measure a million layers of every type of model, not only of chains"
    )
    parser.add_argument(
        "--no-peers", action="store_true", help="skip comparisons with other programs, and do not install them"
    )
    for name in ("convcalc", *PEERS):
        parser.add_argument(f"--{name}", metavar="PYTHON", help=f"use this interpreter, which has {name}")
    return parser


if __name__ == "__main__":
    main()
