"""Compares convcalc's report on a file with Keras's record of the model that the file contains."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py

from convcalc import infer
from convcalc.analyse.assumptions import Assumptions
from convcalc.analyse.study import Study
from convcalc.base.problems import ConvcalcError
from convcalc.read import load
from convcalc.report_json.write import report_data
from tests.live.packages.newer import newer_record

# Kinds of files that contain weights.
STORES_WEIGHTS = ("keras", "h5", "saved_model", "exported")


@dataclass
class Verdict:
    """The result for one file. ``word`` is one of four words:

    - ``exact``: everything is known and right;
    - ``partial``: something is unknown;
    - ``wrong``: a number, a shape or a row contradicts Keras, or the total is unknown although the file stores weights;
    - ``refused``: convcalc cannot read the file.

    ``rows`` and ``params`` are the numbers of rows and parameters that Keras counts. ``rows_unknown`` and ``params_unknown`` are the
    numbers of those that the report does not know. ``total_is_exact`` is None if the file stores no weights, or if Keras gives no total.

    Keras does not write all weights of some models of custom classes. The total of such a file is compared with the written
    weights, and the file is at best partial.

    convcalc follows the rules of the installed Keras, so this Keras also loads files of older versions. A number is wrong only if it
    contradicts both. ``newer`` lists the numbers that contradict only the older version.
    """

    package: str
    file: str
    kind: str
    notes: list[str] = field(default_factory=list)
    refused: bool = False
    unknown: bool = False
    rows: int = 0
    rows_unknown: int = 0
    params: int = 0
    params_unknown: int = 0
    total_is_exact: bool | None = None
    newer: list[str] = field(default_factory=list)
    newer_version: str = ""

    @property
    def word(self) -> str:
        if self.refused:
            return "refused"
        return "wrong" if self.notes else "partial" if self.unknown else "exact"


def records(folder: Path) -> list[dict[str, Any]]:
    """Returns the records that `record` wrote into a folder."""
    path = folder / "manifest.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def verdicts(package: str, folder: Path) -> Iterator[Verdict]:
    """Yields the verdict of each file in a folder."""
    for record in records(folder):
        for kind, name in record.get("files", {}).items():
            yield verdict(package, record, kind, folder / name)


def verdict(package: str, record: dict[str, Any], kind: str, path: Path) -> Verdict:
    """Reads one file as `convcalc summary --format json` does, and compares it with the record."""
    result = Verdict(package, path.name, kind)
    if kind == "exported":
        # A SavedModel of Keras 3 has no config. It states which variables are trainable, but not which layers are
        # frozen. A row is the variables with the layer's name; variables of inner layers may have other names.
        rows = [{**row, "trainable": None, "is_bound": True} for row in record["rows"]]
        record = {**record, "lists_layers": False, "rows": rows}
    written = _written_params(record, kind, path)
    lacks_weights = written is not None and written < record["params"]
    if lacks_weights:  # Keras does not write all weights of layers that are not in ``model.layers``
        record = {**record, "params": written, "trainable": None}
    if record["name"].endswith("_flat"):
        result.package = f"{package}, graph kept"
    result.rows, result.params = len(record["rows"]), record["params"] or 0
    result.unknown = lacks_weights
    try:
        report = report_data(Study.of(infer(load(path)), Assumptions()))
    except ConvcalcError as error:
        result.refused = True
        result.notes = [str(problem) for problem in error.problems if problem.severity == "error"]
    except Exception as error:
        result.refused, result.notes = True, [f"{type(error).__name__}: {error}"]
    if result.refused:
        result.rows_unknown, result.params_unknown = result.rows, result.params
        return result
    notes = _notes(record, report, kind, result)
    if notes and record.get("keras"):
        newer = newer_record(record, kind, path)
        if newer is not None:
            both = _notes(newer, report, kind, Verdict(package, path.name, kind))
            result.newer = [f"{key} {note}" for key, note in notes.items() if key not in both]
            result.newer_version = newer["keras"]
            notes = {key: note for key, note in notes.items() if key in both}
    result.notes = [f"{key} {note}" for key, note in notes.items()]
    if kind in STORES_WEIGHTS and record["params"] is not None:
        is_bound = "params" in report["totals"].get("incomplete", {})
        result.total_is_exact = not is_bound and not any(key == "total params" for key in notes)
    return result


def _written_params(record: dict[str, Any], kind: str, path: Path) -> int | None:
    """Returns the number of parameters that Keras has written into a file; None if these are all, or if it is unknown.

    Only a model whose config lists no layers can have weights that Keras does not write.
    """
    if record["params"] is None or record["lists_layers"] or kind not in ("keras", "h5"):
        return None
    if kind == "h5" and "h5_params" in record:
        return int(record["h5_params"])
    content = path.read_bytes()
    if kind == "keras":
        with zipfile.ZipFile(path) as archive:
            content = archive.read("model.weights.h5") if "model.weights.h5" in archive.namelist() else b""
    if not content:
        return None
    sizes: list[int] = []
    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(lambda _, member: sizes.append(member.size) if isinstance(member, h5py.Dataset) else None)
    return sum(sizes)


def _notes(record: dict[str, Any], report: Any, kind: str, result: Verdict) -> dict[str, str]:
    """Returns the differences from the record, by number, shape or row."""
    return dict([*_totals(record, report["totals"], kind, result), *_rows(record, report["layers"], result)])


def _totals(record: dict[str, Any], totals: dict[str, Any], kind: str, result: Verdict) -> Iterator[tuple[str, str]]:
    incomplete = totals.get("incomplete", {})
    for name, column in (("params", "params"), ("trainable", "trainable_params")):
        theirs, ours = record[name], totals.get(column)
        if theirs is None:
            continue
        if column in incomplete or ours is None:
            result.unknown = True
            if name == "params":
                result.params_unknown = max(0, theirs - (ours or 0))
            if ours is not None and ours > theirs:
                yield f"total {name}", f"at least {ours}, Keras {theirs}"
            if name == "params" and kind in STORES_WEIGHTS and not _may_omit_layers(record, kind):
                yield "total params", f"unknown, Keras {theirs}, and the file stores the weights"
        elif ours != theirs:
            yield f"total {name}", f"{ours}, Keras {theirs}"


def _may_omit_layers(record: dict[str, Any], kind: str) -> bool:
    """Returns True for an ``.h5`` file of a custom class: Keras 3 does not write layers outside of the model's graph.

    The file is the same with and without such layers, so a lower bound is all that it says.
    """
    is_keras3 = record.get("keras") is not None  # the records of Keras 2 have no such key
    return is_keras3 and kind == "h5" and record["lists_layers"] and not record["class"].startswith("keras.src.")


def _rows(record: dict[str, Any], layers: Iterable[dict[str, Any]], result: Verdict) -> Iterator[tuple[str, str]]:
    ours = {row["name"]: row for row in layers if row.get("depth", 0) == 0}
    names = [row["name"] for row in record["rows"]]
    common = set(names) & set(ours)
    # If the config lists no layers, convcalc takes them from the stored weights, often with other names than Keras's.
    # Missing rows are then no error.
    if common and record["lists_layers"] and (set(ours) <= set(names) or len(common) > len(names) / 2):
        missing = [name for name in names if name not in ours]
        if missing:
            yield "missing rows", f"{missing[:4]}"
    elif names:
        result.unknown = True
    for theirs in record["rows"]:
        row = ours.get(theirs["name"])
        if row is None:
            result.rows_unknown += 1
            continue
        before = result.unknown
        result.unknown = False
        for key, note in _row(theirs, row, result):
            yield f"{theirs['name']} ({theirs['class']}) {key}", note
        result.rows_unknown += result.unknown
        result.unknown = result.unknown or before


def _row(theirs: dict[str, Any], row: dict[str, Any], result: Verdict) -> Iterator[tuple[str, str]]:
    if theirs["shapes"] is not None:
        shapes = row["output_shapes"]
        if shapes is None or any(shape is None for shape in shapes):
            result.unknown = True
        elif shapes != theirs["shapes"] and shapes != theirs["shapes"][: len(shapes)]:
            yield "shapes", f"{shapes}, Keras {theirs['shapes']}"
        elif len(shapes) < len(theirs["shapes"]):  # the file does not store unused outputs of a custom class
            result.unknown = True
    for name, column in (("params", "params"), ("trainable", "trainable_params")):
        want, have = theirs[name], row.get(column)
        if want is None:
            continue
        if have is None or column in row.get("incomplete", {}):
            result.unknown = True
            if have is not None and have > want:
                yield name, f"at least {have}, Keras {want}"
        elif have < want and theirs.get("is_bound"):
            result.unknown = True
        elif have != want:
            yield name, f"{have}, Keras {want}"
