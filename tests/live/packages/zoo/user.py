"""Models as people write them: subclassed models, models with custom layers (registered or not), and models with both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

EXPORTED = True  # the models are also exported as SavedModels


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    import keras
    import numpy as np

    layers, register = keras.layers, keras.saving.register_keras_serializable

    class Plain(keras.Model):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.hidden, self.norm = layers.Dense(8, activation="relu"), layers.BatchNormalization()
            self.out = layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.out(self.norm(self.hidden(x)))

    class Lists(keras.Model):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.blocks = [[layers.Conv2D(4, 3, padding="same"), layers.LayerNormalization()] for _ in range(3)]
            self.heads = {"a": layers.Dense(2), "b": layers.Dense(3)}
            self.encoder = keras.Sequential([layers.Conv2D(4, 3, padding="same"), layers.ReLU()])

        def call(self, x: Any) -> Any:
            x = self.encoder(x)
            for conv, norm in self.blocks:
                x = norm(conv(x))
            x = keras.ops.mean(x, axis=(1, 2))
            return {name: head(x) for name, head in self.heads.items()}

    class Autoencoder(keras.Model):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            start, code = keras.Input((12,)), keras.Input((2,))
            self.encoder = keras.Model(start, [layers.Dense(2)(start), layers.Dense(2)(start)], name="encoder")
            self.decoder = keras.Model(code, layers.Dense(12)(layers.Dense(6)(code)), name="decoder")
            self.loss_tracker, self.seed = keras.metrics.Mean(), keras.random.SeedGenerator(1)

        def call(self, x: Any) -> Any:
            return self.decoder(self.encoder(x)[0])

    class Train(keras.Model):  # type: ignore[misc]
        """A functional model with its own training step."""

    @register("user")
    class Residual(layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int = 6, **options: Any) -> None:
            super().__init__(**options)
            self.units, self.dense = units, layers.Dense(units)

        def build(self, shape: Any) -> None:
            self.dense.build(shape)
            self.scale = self.add_weight(shape=(1,), name="scale", trainable=False)
            self.built = True

        def call(self, x: Any) -> Any:
            return x + self.dense(x) * self.scale

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    class Attention(layers.Layer):  # type: ignore[misc]
        """A custom class with the name of a Keras class."""

        def build(self, shape: Any) -> None:
            self.w = self.add_weight(shape=(shape[-1], 1), name="w")

        def call(self, x: Any) -> Any:
            return keras.ops.sum(keras.ops.softmax(keras.ops.matmul(x, self.w), axis=1) * x, axis=1)

    class Pair(layers.Layer):  # type: ignore[misc]
        """A layer with two outputs."""

        def build(self, shape: Any) -> None:
            self.one, self.two = layers.Dense(2), layers.Dense(3)
            self.one.build(shape)
            self.two.build(shape)

        def call(self, x: Any) -> Any:
            return self.one(x), self.two(x)

    def called(model: Any, *shape: int) -> Any:
        model(np.zeros(shape, "float32"))
        return model

    def trained(model: Any, *shape: int) -> Any:
        called(model, *shape)
        model.compile("adam", "mse", metrics=["mae"])
        model.fit(np.zeros(shape), np.zeros((shape[0], 3)), verbose=0)
        return model

    def chain(shape: tuple[int | None, ...], *parts: Any, kind: Any = keras.Model, **options: Any) -> Any:
        x = start = keras.Input(shape)
        for part in parts:
            x = part(x)
        return kind(start, x, **options)

    def pair() -> Any:
        start = keras.Input((4,))
        one, two = Pair()(start)
        return keras.Model(start, [layers.Dense(1)(one), layers.Dense(1)(two)])

    def frozen() -> Any:
        inner = chain((6,), layers.Dense(6), layers.BatchNormalization(), name="inner")
        inner.trainable = False
        return chain((6,), inner, Residual(), layers.Dense(2))

    yield "plain", lambda: called(Plain(), 2, 5)
    yield "trained", lambda: trained(Plain(), 4, 5)
    yield "lists", lambda: called(Lists(), 1, 8, 8, 3)
    yield "autoencoder", lambda: called(Autoencoder(), 2, 12)
    yield "own_training", lambda: chain((5,), layers.Dense(4), layers.Dense(2), kind=Train)
    yield "nested_subclassed", lambda: chain((5,), called(Plain(), 2, 5), layers.Dense(2))
    yield "residual", lambda: chain((6,), Residual(), layers.BatchNormalization(), Residual(), layers.Dense(3))
    yield "residual_frozen", lambda: chain((6,), Residual(trainable=False), layers.Dense(3))
    yield "own_attention", lambda: chain((7, 4), layers.LSTM(6, return_sequences=True), Attention(), layers.Dense(2))
    yield "pair", pair
    yield "frozen", frozen
    yield "wrapped", lambda: chain((3, 6), layers.TimeDistributed(Residual()), layers.Flatten(), layers.Dense(2))
    yield "in_sequential", lambda: keras.Sequential([keras.Input((6,)), Residual(), layers.Dense(3), layers.ReLU()])
    yield "nested_sequential", lambda: chain((6,), keras.Sequential([Residual(), layers.Dense(6)]), Residual())
    yield "lambda", lambda: chain((6,), layers.Lambda(lambda x: x * 2), layers.Dense(2))
    yield "own_activation", lambda: chain((6,), layers.Dense(3, activation=lambda x: x * 2), layers.Dense(2))
    yield "mixed_policy", lambda: chain((6,), layers.Dense(4, dtype="mixed_bfloat16"), Residual(4), layers.Dense(2))
