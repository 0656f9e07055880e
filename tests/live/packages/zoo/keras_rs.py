"""Models with the layers of keras_rs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

EXPORTED = True  # the models are also exported as SavedModels


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    import keras
    import keras_rs

    layers = keras.layers

    def crosses(**options: Any) -> Any:
        x = start = keras.Input((6,))
        for _ in range(2):
            x = keras_rs.layers.FeatureCross(**options)(start, x)
        return keras.Model(start, layers.Dense(1)(x))

    def dot(**options: Any) -> Any:
        starts = [keras.Input((4,)) for _ in range(3)]
        x = keras_rs.layers.DotInteraction(**options)(starts)
        return keras.Model(starts, layers.Dense(2)(layers.Concatenate()([x, starts[0]])))

    def reduce(combiner: str) -> Any:
        start = keras.Input((5,), dtype="int32")
        x = keras_rs.layers.EmbedReduce(10, 4, combiner=combiner)(start)
        return keras.Model(start, layers.Dense(1)(x))

    def dlrm() -> Any:
        dense, ids = keras.Input((4,)), [keras.Input((), dtype="int32") for _ in range(3)]
        tables = [layers.Embedding(9 + number, 3)(tensor) for number, tensor in enumerate(ids)]
        bottom = layers.Dense(3, activation="relu")(layers.Dense(8, activation="relu")(dense))
        x = keras_rs.layers.DotInteraction()([bottom, *tables])
        return keras.Model([dense, *ids], layers.Dense(1)(layers.Concatenate()([bottom, x])))

    class TwoTower(keras.Model):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.users, self.items = layers.Embedding(7, 4), layers.Embedding(9, 4)
            self.retrieval = keras_rs.layers.BruteForceRetrieval(k=3, return_scores=False)

        def call(self, x: Any) -> Any:
            return self.users(x)

    def tower() -> Any:
        import numpy as np

        model = TwoTower()
        model(np.zeros((2,), "int32"))
        model.items.build()
        model.retrieval.update_candidates(keras.ops.zeros((9, 4)))
        return model

    yield "cross", crosses
    yield "cross_low_rank", lambda: crosses(projection_dim=2, diag_scale=0.1)
    yield "dot", dot
    yield "dot_self", lambda: dot(self_interaction=True, skip_gather=True)
    for combiner in ("mean", "sum", "sqrtn"):
        yield f"reduce_{combiner}", lambda combiner=combiner: reduce(combiner)
    yield "dlrm", dlrm
    yield "two_tower", tower
