"""Turns a record into a model with the numbers of the record: names, classes, output shapes and parameters.

The arguments of the layers are unknown, so that such a model can be shown and compared, but not explained or converted.
"""

from __future__ import annotations

import re
from typing import Any

from convcalc.base import codes
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import error
from convcalc.model import Call, Foreign, Layer, Model, Ref, StoredWeight
from convcalc.stored import Row, Snapshot

_SHAPE = r"\([^()]*\)"


def model_of_snapshot(snapshot: Snapshot) -> Model:
    """Returns a model with the layers of a record. The layers of nested models are parts of their row.

    Raises :class:`ConvcalcError` if the record has no layers.
    """
    rows = [row for row in snapshot.rows if row.depth == 0]
    if not rows:
        raise error(codes.NOT_A_RECORD, f"{snapshot.source}: this record has no layers")
    layers: list[Layer] = []
    calls: list[Call] = []
    totals = [snapshot.totals[key].value for key in ("params", "trainable_params") if key in snapshot.totals]
    all_trainable = len(totals) == 2 and totals[0] is not None and totals[0] == totals[1]
    for number, row in enumerate(rows):
        layers.append(
            Layer(
                row.name or f"layer_{number}",
                row.type or "?",
                Foreign(row.type or "?"),
                stored=_weights(row, all_trainable),
            )
        )
        shape = _output_shape(row)
        inputs = (Ref(number - 1),) if number else ()
        calls.append(Call(number, inputs, recorded={} if shape is None else {0: (shape, "float32")}))
    outputs = (Ref(len(calls) - 1),)
    name = snapshot.model or "model"
    return Model(name, "Functional", tuple(layers), tuple(calls), (), outputs, source=snapshot.source)


def _output_shape(row: Row) -> tuple[Any, ...] | None:
    """Returns the first output shape of a row; None if the record does not state it."""
    match = re.search(_SHAPE, row.cells["output_shape"].text) if "output_shape" in row.cells else None
    if match is None:
        return None
    sizes = [word.strip() for word in match[0].strip("()").split(",") if word.strip()]
    if not all(size.isdigit() or size in ("None", "?") for size in sizes):
        return None
    return tuple(int(size) if size.isdigit() else UNKNOWN for size in sizes)


def _weights(row: Row, all_trainable: bool) -> tuple[StoredWeight, ...] | None:
    """Returns one weight for all parameters of a row, or two if a part of them is not trainable."""
    params = row.cells["params"].value if "params" in row.cells else None
    if not isinstance(params, int) or row.cells["params"].partial:
        return None
    cell = row.cells.get("trainable_params")
    trainable = cell.value if cell is not None and isinstance(cell.value, int) else None
    if trainable is None:
        return (StoredWeight("all weights", (params,), "float32", all_trainable or None),) if params else ()
    counts = {"trainable weights": (trainable, True), "non-trainable weights": (params - trainable, False)}
    return tuple(StoredWeight(path, (count,), "float32", trains) for path, (count, trains) in counts.items() if count)
