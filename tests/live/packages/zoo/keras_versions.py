"""Models of Keras's own layers, for an older version of Keras 3: recurrent layers with each initializer, compiled models
and models of keras.applications.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

APPLICATIONS = """
MobileNet MobileNetV2 MobileNetV3Small EfficientNetB0 NASNetMobile DenseNet121 ResNet50 Xception InceptionV3 ConvNeXtTiny
"""
INITIALIZERS = ("orthogonal", "glorot_uniform", "identity", "zeros", "he_normal", "lecun_uniform", "random_normal")


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    yield from _recurrent()
    yield from _compiled()
    for name in APPLICATIONS.split()[: 2 if quick else None]:
        yield name, partial(_application, name)


def _recurrent() -> Iterator[tuple[str, Any]]:
    import keras

    layers = keras.layers

    def built(cls: Any, initializer: Any, **options: Any) -> Any:
        start = keras.Input((5, 4))
        if initializer == "identity":
            names = vars(keras.initializers)
            initializer = names.get("Identity", names.get("IdentityInitializer"))()
        args = {"recurrent_initializer": initializer, "kernel_initializer": "orthogonal"}
        x = layers.Bidirectional(cls(4, return_sequences=True, **args, **options))(start)
        return keras.Model(start, layers.Dense(2)(cls(3, **options)(x)))

    for cls in (layers.LSTM, layers.GRU, layers.SimpleRNN):
        for initializer in INITIALIZERS:
            # an identity fits only a square matrix
            if initializer != "identity" or cls is layers.SimpleRNN:
                yield f"{cls.__name__}_{initializer}", partial(built, cls, initializer)
        yield f"{cls.__name__}_unrolled", partial(built, cls, "orthogonal", unroll=True)
    yield "LSTM_no_bias", partial(built, layers.LSTM, "orthogonal", use_bias=False)
    yield "GRU_reset_before", partial(built, layers.GRU, "orthogonal", reset_after=False)


def _compiled() -> Iterator[tuple[str, Any]]:
    import keras
    import numpy as np

    def built(optimizer: str, fitted: bool) -> Any:
        parts = [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]
        parts += [keras.layers.Flatten(), keras.layers.Dropout(0.2), keras.layers.Dense(1)]
        model = keras.Sequential(parts)
        model.compile(optimizer, "mse", metrics=["mae"])
        if fitted:
            model.fit(np.zeros((2, 8, 8, 3)), np.zeros((2, 1)), verbose=0)
        return model

    for optimizer in ("adam", "sgd", "rmsprop", "adamw", "adafactor", "lion", "nadam", "adagrad", "ftrl"):
        yield f"compiled_{optimizer}", partial(built, optimizer, False)
        yield f"fitted_{optimizer}", partial(built, optimizer, True)


def _application(name: str) -> Any:
    import keras

    return getattr(keras.applications, name)(weights=None)
