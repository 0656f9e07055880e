"""Models with the layer of keras-tcn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {"nb_filters": 4, "kernel_size": 3, "dilations": (1, 2)},
    "sequence": {"nb_filters": 4, "kernel_size": 2, "dilations": (1, 2, 4), "return_sequences": True},
    "stacks": {"nb_filters": 6, "kernel_size": 3, "dilations": (1, 2), "nb_stacks": 2, "use_batch_norm": True},
    "norm": {"nb_filters": 4, "kernel_size": 3, "dilations": (1,), "use_layer_norm": True, "dropout_rate": 0.1},
    "lists": {"nb_filters": [3, 5], "kernel_size": 3, "dilations": (1, 2), "use_skip_connections": False},
}


def _model(settings: dict[str, Any], sequential: bool = False) -> Any:
    import keras
    from tcn import TCN

    layers = [TCN(**settings), keras.layers.Dense(3), keras.layers.ReLU()]
    if sequential:
        return keras.Sequential([keras.Input((12, 2)), *layers])
    x = start = keras.Input((12, 2))
    for layer in layers:
        x = layer(x)
    return keras.Model(start, x)


EXPORTED = True  # the models are also exported as SavedModels


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    for name, settings in SETTINGS.items():
        yield name, partial(_model, settings)
        if not quick:
            yield f"{name}_sequential", partial(_model, settings, True)
