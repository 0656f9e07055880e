"""The texts of weights, receptive fields and tensors, from the parts of a JSON report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convcalc.stored import Cell, Port


def weight_cells(weights: Sequence[Mapping[str, Any]]) -> dict[str, Cell]:
    """Returns the cells ``weights`` and ``frozen_weights`` of a layer: ``(3, 3, 1, 8) float32, (8) float32``.

    The texts are sorted and have no names, because a file states the weights of a custom class in another order and with
    other names than a declaration. ``frozen_weights`` is missing if a file does not state which weights are trainable.
    """
    cells = {"weights": _weights_cell(weights)}
    if all(isinstance(weight.get("trainable"), bool) for weight in weights):
        cells["frozen_weights"] = _weights_cell([weight for weight in weights if not weight["trainable"]])
    return cells


def _weights_cell(weights: Sequence[Mapping[str, Any]]) -> Cell:
    return Cell(
        ", ".join(sorted(f"{_sizes(weight.get('shape'))} {weight.get('dtype')}" for weight in weights)) or "none"
    )


def field_text(row: Mapping[str, Any]) -> str | None:
    """Returns the receptive fields of a layer as text; None if the row has none, or if they are unknown."""
    fields = [row.get("receptive_field"), *(row.get("other_receptive_fields") or ())]
    return "; ".join(_field_text(field) for field in fields if isinstance(field, Mapping)) or None


def _field_text(field: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_sizes(field.get(key))}" for key in ("size", "stride", "padding"))


def _sizes(sizes: Any) -> str:
    if not isinstance(sizes, (list, tuple)):
        return "?"
    return f"({', '.join('?' if size is None else str(size) for size in sizes)})"


def input_ports(tree: Any) -> Iterator[Port]:
    """Yields the inputs of a model. A mapping from the names of the inputs is as a list, because Keras accepts both."""
    if isinstance(tree, Mapping) and all(str(part).partition("[")[0] == name for name, part in tree.items()):
        tree = list(tree.values())
    return ports(tree)


def ports(tree: Any, key: str = "") -> Iterator[Port]:
    """Yields the tensors in the ``inputs`` or ``outputs`` of a model, each with its key in the lists and mappings."""
    if isinstance(tree, Mapping):
        for name, part in tree.items():
            yield from ports(part, f"{key}{name}: ")
    elif isinstance(tree, list):
        for number, part in enumerate(tree):
            yield from ports(part, f"{key}{number}: " if key or isinstance(part, (list, dict)) else "")
    else:
        yield Port(key, Cell(str(tree)))
