"""Finds changes of the inputs and outputs of a model: other tensors, or the same tensors in another order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from convcalc.differences.comparison import Change
from convcalc.differences.connections import TensorOrigin, links_of_tensors, tensor_origins
from convcalc.differences.layer_changes import Siblings
from convcalc.stored import Cell, Port, Ports

FIELDS = ("input_tensors", "output_tensors")


def port_changes(
    before: Siblings, after: Siblings, matches: Mapping[int, int], old_ports: Ports | None, new_ports: Ports | None
) -> Iterator[Change]:
    """Yields the changes of the inputs and outputs of the model that contains these layers.

    A tensor of an added or removed layer is no change here, because the layer itself is reported.
    """
    if old_ports is None or new_ports is None:
        return
    partners = {right: left for left, right in matches.items()}
    for field, old, new in zip(FIELDS, old_ports, new_ports):
        old_origins = _origins("before", before, old, {left: left for left in matches})
        new_origins = _origins("after", after, new, partners)
        if _differ([port.key for port in old], old_origins, [port.key for port in new], new_origins):
            yield Change(field, _text(old), _text(new))


def _origins(model: str, siblings: Siblings, ports: Sequence[Port], shared: Mapping[int, int]) -> list[TensorOrigin]:
    links = links_of_tensors(siblings.rows, [port.tensor for port in ports])
    return tensor_origins(model, [*siblings.links, links], shared)[-1]


def _differ(
    old_keys: list[str], old_origins: list[TensorOrigin], new_keys: list[str], new_origins: list[TensorOrigin]
) -> bool:
    if len(old_origins) == len(new_origins):
        pairs = zip(old_origins, new_origins)
        other_keys = old_keys != new_keys and all(old_keys) and all(new_keys)  # not every file states the keys
        return other_keys or any(old != new and not (old.model or new.model) for old, new in pairs)
    return [origin for origin in old_origins if not origin.model] != [
        origin for origin in new_origins if not origin.model
    ]


def _text(ports: Sequence[Port]) -> Cell:
    return Cell(", ".join(f"{port.key}{port.tensor.text}" for port in ports) or "-")
