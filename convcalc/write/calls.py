"""Selects the calls of a model to write, and the positional arguments of each Keras ``call()``."""

from __future__ import annotations

from typing import Any

from convcalc.base import codes
from convcalc.base.problems import error
from convcalc.layers import LayerDefinition
from convcalc.model import Model
from convcalc.ops import TENSORFLOW, Operation


def require_keras_operations(model: Model) -> None:
    """Raises :class:`ConvcalcError` if the model calls a TensorFlow function that ``keras.ops`` cannot replace.

    ``keras.ops`` lacks the function, or does not accept the arguments of the call.
    """
    for path, layer in model.walk():
        if isinstance(layer.definition, Operation) and layer.definition.module == TENSORFLOW:
            function = layer.definition.name
            raise error(
                codes.CANNOT_WRITE,
                f"'{path}' calls {function} of TensorFlow in a way that keras.ops does not support, so it cannot be written for Keras 3",
            )


def data_calls(model: Model) -> list[int]:
    """Returns the numbers of the calls to write.

    Operations that only compute masks are left out, because Keras creates these operations again.
    """
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
    """Returns the positional arguments of a call. Adds the initial states of a recurrent layer to ``kwargs``."""
    if definition is None:  # the layer is a nested model
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
