"""Writes ``tests/read/keras1.json`` from the files that ``keras1_models.py`` wrote to a folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.paths import ROOT

STORED = ROOT / "tests" / "read" / "keras1.json"


def main(folder: str) -> None:
    stored = {}
    for entry in json.loads(Path(folder, "manifest.json").read_text()):
        config = json.loads(Path(folder, entry["files"]["json"]).read_text())
        rows = [[row["name"], row["shapes"], row["params"], row["trainable"]] for row in entry["rows"]]
        stored[entry["name"]] = {
            "config": config,
            "params": entry["params"],
            "trainable": entry["trainable"],
            "rows": rows,
        }
    models = ",\n".join(f"{json.dumps(name)}: {json.dumps(model)}" for name, model in stored.items())
    STORED.write_text(f"{{\n{models}\n}}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
