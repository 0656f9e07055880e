"""Networks and approximators of bayesflow. The networks are layers, and an approximator is a subclassed model."""

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

    def approximator(inference: Any, summary: Any = None) -> Any:
        """Returns an approximator of two parameters, with observations of three numbers or sets of such observations."""
        condition = "inference_conditions" if summary is None else "summary_variables"
        adapter = bayesflow.Adapter().concatenate(["parameters"], into="inference_variables").rename("x", condition)
        model = bayesflow.ContinuousApproximator(adapter=adapter, inference_network=inference, summary_network=summary)
        model.build({"inference_variables": (4, 2), condition: (4, 3) if summary is None else (4, 7, 3)})
        return model

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
    yield "flow_matching_approximator", lambda: approximator(networks.FlowMatching())
    yield "coupling_approximator", lambda: approximator(networks.CouplingFlow(depth=2))
    yield (
        "deep_set_approximator",
        lambda: approximator(networks.CouplingFlow(depth=2), networks.DeepSet(summary_dim=3)),
    )
    yield (
        "set_transformer_approximator",
        lambda: approximator(networks.FlowMatching(), networks.SetTransformer(summary_dim=3)),
    )
    yield (
        "time_series_approximator",
        lambda: approximator(networks.DiffusionModel(), networks.TimeSeriesNetwork(summary_dim=3)),
    )
    yield (
        "time_transformer_approximator",
        lambda: approximator(networks.ConsistencyModel(total_steps=10), networks.TimeSeriesTransformer(summary_dim=3)),
    )
