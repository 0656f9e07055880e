"""Draws a table with convcalc and with Rich, checks that both texts are equal, and prints the time of each program."""

import json
import statistics
import sys
import time
from io import StringIO

from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.table import Table

from convcalc.rendering.grid import Column, TextStyle, draw_table

ROWS, REPEATS = int(sys.argv[1]), int(sys.argv[2])
CELLS = [
    (f"block{n % 7}_conv{n} (Conv2D)", f"(None, {n % 224}, {n % 224}, 64)", f"{n * 37:,}", f"{n * 12345:,}")
    for n in range(ROWS)
]
COLUMNS = [Column("Layer (type)"), Column("Output shape"), Column("Params", right=True), Column("MACs", right=True)]


def ours() -> str:
    """Returns the table as convcalc draws it."""
    return draw_table(COLUMNS, CELLS, TextStyle())


def rich() -> str:
    """Returns the table as Rich draws it."""
    console = Console(file=StringIO(), width=200, color_system=None, markup=False, highlight=False, emoji=False)
    table = Table(box=HEAVY_HEAD)
    for column in COLUMNS:
        table.add_column(column.heading, justify="right" if column.right else "left")
    for row in CELLS:
        table.add_row(*row)
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined]


if sys.argv[3:] == ["ours"]:  # to make a profile, draw only convcalc's table
    ours()
    sys.exit()
assert ours() == rich(), "the texts differ"
took: dict[str, list[float]] = {"ours": [], "rich": []}
for _ in range(REPEATS):
    for name, work in (("ours", ours), ("rich", rich)):
        start = time.perf_counter()
        work()
        took[name].append(time.perf_counter() - start)
print(json.dumps({name: statistics.median(each) for name, each in took.items()}))
