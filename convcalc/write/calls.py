"""The calls of a model to write, and the positional arguments of Keras's ``call()``."""

from __future__ import annotations

from typing import Any

from convcalc.layers import LayerDefinition
from convcalc.model import Model
from convcalc.ops import Operation


def data_calls(model: Model) -> list[int]:
    """Returns the calls to write. Operations that only compute masks are left out: Keras creates them again."""
    used = {ref.call for ref in model.outputs}
    for number in range(len(model.calls) - 1, -1, -1):
        if number in used:
            used.update(ref.call for ref in model.calls[number].inputs)
    return [
        number
        for number, call in enumerate(model.calls)
        if number in used or not isinstance(model.layers[call.layer].definition, Operation)
    ]


def positional_arguments(definition: LayerDefinition | None, tensors: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """Returns the positional arguments of a call. Initial states are added to ``kwargs``."""
    if definition is None:  # a nested model
        return tensors if len(tensors) == 1 else [tensors]
    if definition.takes_initial_state:
        if tensors[1:]:
            kwargs["initial_state"] = tensors[1:]
        return tensors[:1]
    if definition.separate_inputs:
        return tensors
    if definition.state_sizes is not None:
        return [tensors[0], tensors[1] if len(tensors) == 2 else tensors[1:]]
    return [tensors] if definition.merges or len(tensors) > 1 else tensors
