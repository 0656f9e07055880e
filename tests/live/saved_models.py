"""Random models of Keras 2 (tf_keras) with custom layers and classes, which are saved as SavedModels."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import tf_keras as keras

layers = keras.layers
Shape = tuple[int | None, ...]
SHAPES: list[Shape] = [(6, 6, 3), (5, 4), (7,), (8, 8, 2), (None, 4)]


class Block(layers.Layer):
    """A custom layer with layers, a weight and a frozen weight."""

    def __init__(self, units: int = 4, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.inner, self.norm = units, layers.Dense(units), layers.BatchNormalization()

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight("scale", (self.units,))
        self.count = self.add_weight("count", (), trainable=False)
        super().build(shape)

    def call(self, x: Any, training: Any = None) -> Any:
        return self.norm(self.inner(x)) * self.scale

    def get_config(self) -> Any:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("ex")
class Scale(layers.Layer):
    """A registered layer with one weight."""

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight("scale", (shape[-1],))
        super().build(shape)

    def call(self, x: Any) -> Any:
        return x * self.scale


class Same(layers.Layer):
    """A custom layer without weights."""

    def call(self, x: Any) -> Any:
        return x


class Tied(layers.Layer):
    """A custom layer that shares a layer with its model."""

    def __init__(self, inner: Any, **options: Any) -> None:
        super().__init__(**options)
        self.inner = inner

    def call(self, x: Any) -> Any:
        return self.inner(x)


def random_layer(rng: Random, rank: int) -> Any:
    """Returns a layer that keeps the rank of its input."""
    units, trainable = rng.randint(2, 6), rng.random() > 0.15
    makers: list[Callable[[], Any]] = [
        lambda: layers.Dense(units, trainable=trainable),
        lambda: layers.BatchNormalization(trainable=trainable),
        layers.LayerNormalization,
        lambda: layers.Dropout(0.2),
        lambda: layers.Activation("relu"),
        lambda: Block(units, trainable=trainable),
        lambda: Scale(trainable=trainable),
        Same,
        layers.PReLU,
    ]
    if rank == 4:
        makers += [
            lambda: layers.Conv2D(units, 3, padding="same", trainable=trainable),
            lambda: layers.DepthwiseConv2D(3, padding="same"),
            lambda: layers.SeparableConv2D(units, 3, padding="same"),
            lambda: layers.MaxPooling2D(padding="same"),
            lambda: layers.Conv2DTranspose(units, 2, strides=2),
            lambda: layers.ZeroPadding2D(1),
        ]
    if rank == 3:
        makers += [
            lambda: layers.LSTM(units, return_sequences=True),
            lambda: layers.Bidirectional(layers.GRU(units, return_sequences=True)),
            lambda: layers.TimeDistributed(layers.Dense(units)),
            lambda: layers.TimeDistributed(Scale()),
            lambda: layers.Conv1D(units, 2, padding="causal"),
        ]
    return rng.choice(makers)()


def sequential(rng: Random, shape: Shape, depth: int = 0) -> Any:
    """Returns a Sequential."""
    model = keras.Sequential([keras.Input(shape)])
    for _ in range(rng.randint(2, 4)):
        model.add(random_layer(rng, len(shape) + 1))
    return model


def functional(rng: Random, shape: Shape, depth: int = 0) -> Any:
    """Returns a functional model with nested models, branches, shared layers and operations."""
    start = keras.Input(shape)
    x = start
    for _ in range(rng.randint(2, 5)):
        choice = rng.random()
        if choice < 0.2 and depth < 2:
            x = rng.choice([functional, sequential])(rng, tuple(x.shape[1:]), depth + 1)(x)
        elif choice < 0.35:
            first = random_layer(rng, len(x.shape))(x)
            x = layers.add([first, layers.Dense(first.shape[-1])(first)])
        elif choice < 0.42:
            shared = layers.Dense(x.shape[-1])
            x = shared(shared(x))
        elif choice < 0.5:
            x = x * 2.0 + 1.0
        else:
            x = random_layer(rng, len(x.shape))(x)
    return keras.Model(start, x)


class Whole(keras.Model):
    """A model of a custom class, with lists, dicts, nested models, and a weight that belongs to no layer."""

    def __init__(self, rng: Random, shape: Shape) -> None:
        super().__init__()
        self.inner = rng.choice([functional, sequential])(rng, shape, 1)
        self.pool = layers.Flatten()
        self.parts = [random_layer(rng, 2) for _ in range(2)]
        self.heads = {"a": layers.Dense(3), "b": random_layer(rng, 2)}
        self.tied = Tied(self.heads["a"]) if rng.random() < 0.3 else None
        self.temperature = self.add_weight("temperature", (3,)) if rng.random() < 0.4 else None
        self.inner.trainable = rng.random() > 0.3

    def call(self, x: Any, training: Any = None) -> Any:
        y = self.pool(self.inner(x))
        for part in self.parts:
            y = part(y)
        return self.heads["b"](self.heads["a"](y))


def random_model(rng: Random, kind: str) -> Any:
    """Returns a built model of the kind ``sequential``, ``functional`` or ``subclassed``."""
    if kind == "subclassed":
        shape = rng.choice([(6, 6, 3), (5, 4), (7,)])
        model = Whole(rng, shape)
        model.predict(np.ones((2, *shape), "float32"), verbose=0)
    else:
        model = {"sequential": sequential, "functional": functional}[kind](rng, rng.choice(SHAPES))
    if rng.random() < 0.2:
        rng.choice(model.layers).trainable = False
    if rng.random() < 0.5:
        model.compile("adam", "mse", metrics=["mae"])
    return model
