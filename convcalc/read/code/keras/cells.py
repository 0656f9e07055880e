"""Cells of recurrent layers that a program calls itself: ``output, states = cell(inputs, states)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcalc.layers import LayerDefinition
from convcalc.read.code.data.arrays import Array
from convcalc.read.code.keras.graph import LayerValue, TensorValue, leaves, program_size
from convcalc.read.code.language.values import MISSING, Native, Spot, Unknown


def is_cell(layer: LayerValue) -> bool:
    """Returns True for a cell of Keras, such as an LSTMCell."""
    return (
        layer.cls is None and isinstance(layer.definition, LayerDefinition) and layer.definition.state_sizes is not None
    )


def state_sizes(layer: LayerValue) -> Any:
    """Returns the sizes of the states as Keras lists them: one list for each cell of a StackedRNNCells."""
    cells = layer.given.get("cells")
    if isinstance(cells, (list, tuple)):
        return [state_sizes(cell) for cell in cells]
    definition = layer.definition
    return [program_size(size) for size in definition.state_sizes(definition.rule_arguments(layer.args))]


def cell_attribute(layer: LayerValue, name: str) -> Any:
    """Returns an attribute that only cells have, or MISSING."""
    if name == "get_initial_state":
        return Native(name, lambda run, args, kwargs, at: _initial_state(layer, args, kwargs))
    sizes = state_sizes(layer) if name in ("state_size", "output_size") else []
    if name == "state_size":
        return sizes[0] if len(sizes) == 1 else sizes
    if name == "output_size":
        while isinstance(sizes, list):
            sizes = sizes[-1] if isinstance(sizes[-1], list) else sizes[0]
        return sizes
    return MISSING


def _initial_state(layer: LayerValue, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = {**dict(zip(("batch_size",) if len(args) < 2 else ("inputs", "batch_size"), args)), **kwargs}
    batch = given.get("batch_size")
    inputs = given.get("inputs")
    if batch is None and isinstance(inputs, (TensorValue, Array)):
        sizes = inputs.sizes if isinstance(inputs, TensorValue) else inputs.shape
        batch = sizes[0] if not isinstance(sizes, Unknown) and sizes else None
    return _zeros(state_sizes(layer), batch if isinstance(batch, (int, Unknown)) else None)


def _zeros(sizes: Any, batch: Any) -> Any:
    return [_zeros(size, batch) for size in sizes] if isinstance(sizes, list) else Array((batch, sizes), "float32")


def with_states(layer: LayerValue, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any], Any]:
    """Returns the arguments of a call of a cell, with its states as one list, and the structure of these states.

    Unknown states get the sizes that the cell needs: nothing else is possible.
    """
    rest = {name: value for name, value in kwargs.items() if name not in ("inputs", "states", "state")}
    inputs = args[0] if args else kwargs.get("inputs")
    states = args[1] if len(args) > 1 else kwargs.get("states", kwargs.get("state"))
    parts = list(leaves(states))
    needed = state_sizes(layer)
    if len(parts) != len(list(leaves(needed))) or any(isinstance(part, Unknown) or part is None for part in parts):
        states = _zeros(needed, None)
        parts = list(leaves(states))
    return [inputs, parts], rest, states


def step_result(outputs: Sequence[Any], states: Any) -> Any:
    """Returns the output of a step and its new states, in the structure of the old ones."""
    waiting = list(outputs[1:])

    def filled(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [filled(part) for part in value]
        return waiting.pop(0)

    return (outputs[0], filled(states))


def unknown_step(layer: LayerValue, output: Any, spot: Spot) -> Any:
    """Returns the result of a step whose output is unknown."""
    return (output, Unknown(f"the states of `{layer.name}` are unknown", spot))
