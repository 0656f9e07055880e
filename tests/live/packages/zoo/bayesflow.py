"""Networks of bayesflow. All of them are subclassed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    import bayesflow
    import keras

    networks = bayesflow.networks

    def built(network: Any, *shapes: tuple[int, ...]) -> Any:
        network.build(*shapes) if network.built is False else None
        return network

    def inside(network: Any, shape: tuple[int, ...]) -> Any:
        start = keras.Input(shape)
        return keras.Model(start, keras.layers.Dense(2)(network(start)))

    yield "mlp", lambda: built(networks.MLP(widths=[8, 4]), (None, 3))
    yield "mlp_inside", lambda: inside(networks.MLP(widths=[8, 4]), (3,))
    yield "deep_set", lambda: built(networks.DeepSet(summary_dim=3), (None, 7, 2))
    yield "deep_set_inside", lambda: inside(networks.DeepSet(summary_dim=3), (7, 2))
    yield "set_transformer", lambda: built(networks.SetTransformer(summary_dim=3), (None, 7, 2))
    yield "time_series", lambda: built(networks.TimeSeriesNetwork(summary_dim=3), (None, 12, 2))
    yield "time_transformer", lambda: built(networks.TimeSeriesTransformer(summary_dim=3), (None, 12, 2))
    yield "convolutional", lambda: built(networks.ConvolutionalNetwork(summary_dim=3), (None, 16, 16, 2))
    yield "coupling", lambda: built(networks.CouplingFlow(depth=2), (None, 4), (None, 3))
    yield "flow_matching", lambda: built(networks.FlowMatching(), (None, 4), (None, 3))
    yield "diffusion", lambda: built(networks.DiffusionModel(), (None, 4), (None, 3))
    yield "consistency", lambda: built(networks.ConsistencyModel(total_steps=10), (None, 4), (None, 3))
