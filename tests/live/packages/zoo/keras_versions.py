"""Models of Keras's own layers, for an older version of Keras 3: each layer, recurrent layers with each initializer, random
models, models of keras.applications, compiled models and quantized models.

The cases are those of the newest version. Cases that the older version cannot build are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

from tests.live.cases import FAMILIES, cases
from tests.live.cases_quantization import models as quantized_models
from tests.live.judge import Case, _called, _made, _settings
from tests.live.models import grow, keras_model

APPLICATIONS = """
MobileNet MobileNetV2 MobileNetV3Small EfficientNetB0 NASNetMobile DenseNet121 ResNet50 Xception InceptionV3 ConvNeXtTiny
"""
INITIALIZERS = ("orthogonal", "glorot_uniform", "identity", "zeros", "he_normal", "lecun_uniform", "random_normal")


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    yield from _recurrent()
    yield from _compiled()
    yield from _if_built("quantized", _quantized(quick))
    yield from _if_built("random", (partial(_random, seed) for seed in range(10 if quick else 150)))
    for family in FAMILIES:
        held = cases(family, 1, 2 if quick else 20)
        yield from _if_built(family.replace(" ", "_"), (partial(_one_layer, case) for case in held))
    for name in APPLICATIONS.split()[: 2 if quick else None]:
        yield name, partial(_application, name)


def _if_built(prefix: str, builders: Iterator[Callable[[], Any]]) -> Iterator[tuple[str, Any]]:
    """Yields the builders that succeed in this version of Keras, each with a name."""
    for number, build in enumerate(builders):
        try:
            build()
        except Exception:  # the version lacks the layer or the argument, or the case is wrong in each version
            continue
        yield f"{prefix}_{number}", build


def _one_layer(case: Case) -> Any:
    import keras

    from convcalc.layers import find

    cls = getattr(keras.layers, case.name)
    layer = cls(**{name: _made(name, value) for name, value in case.args.items()}, **_settings(cls, case))
    shapes = [tuple(shape) for shape in case.shapes]
    starts = [keras.Input(batch_shape=shape, dtype=case.dtype) for shape in shapes]
    definition = find(case.name)
    outputs = _called(layer, definition, starts, case.call)
    return keras.Model(starts, keras.tree.flatten(outputs))


def _random(seed: int) -> Any:
    return keras_model(grow(Random(seed), 20))


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


def _quantized(quick: bool) -> Iterator[Callable[[], Any]]:
    """Yields builders of models that are quantized in each mode that Keras has had since version 3.3."""
    made = list(quantized_models().values())

    def quantized(build: Callable[[], Any], mode: str) -> Any:
        model = build()
        model.quantize(mode)
        return model

    for mode in ("int8", "float8", "int4"):
        for build in made[:: 6 if quick else 1]:
            yield partial(quantized, build, mode)


def _application(name: str) -> Any:
    import keras

    return getattr(keras.applications, name)(weights=None)
