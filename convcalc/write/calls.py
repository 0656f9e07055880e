"""Which calls of a model are written, and where the tensors of a call stand in Keras's ``call()``."""

from __future__ import annotations

from typing import Any

from convcalc.layers import LayerDefinition
from convcalc.model import Model
from convcalc.ops import Operation


def data_calls(model: Model) -> list[int]:
    """The calls but those of operations that only make masks: masks are made again where the model is."""
    used = {ref.call for ref in model.outputs}
    for number in range(len(model.calls) - 1, -1, -1):
        if number in used:
            used.update(ref.call for ref in model.calls[number].inputs)
    return [
        number
        for number, call in enumerate(model.calls)
        if number in used or not isinstance(model.layers[call.layer].definition, Operation)
    ]


def placed(kind: LayerDefinition | None, tensors: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """The tensors of a call by position; states are put among ``kwargs``."""
    if kind is None:  # a nested model
        return tensors if len(tensors) == 1 else [tensors]
    if kind.takes_initial_state:
        if tensors[1:]:
            kwargs["initial_state"] = tensors[1:]
        return tensors[:1]
    if kind.separate_inputs:
        return tensors
    if kind.state_sizes is not None:
        return [tensors[0], tensors[1] if len(tensors) == 2 else tensors[1:]]
    return [tensors] if kind.merges or len(tensors) > 1 else tensors
