"""Recognises configs of Keras 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# The key for tensors of an entry that Keras 2 did not save. Its value lists the layers that probably compute them.
LOST = "lost operands"


def is_keras2(entries: Sequence[Any]) -> bool:
    """Returns True if a layer states its input shape as Keras 2 writes it."""
    configs = [entry.get("config") for entry in entries if isinstance(entry, Mapping)]
    return any(isinstance(config, Mapping) and "batch_input_shape" in config for config in configs)


def has_legacy_calls(entry: Mapping[str, Any]) -> bool:
    """Returns True if the calls of a layer are written as in Keras 2."""
    nodes = entry.get("inbound_nodes")
    return isinstance(nodes, list) and bool(nodes) and isinstance(nodes[0], (list, Mapping)) and "args" not in nodes[0]
