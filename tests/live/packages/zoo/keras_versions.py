"""Models of Keras's own layers, for an older version of Keras 3.

The models are: recurrent layers with each initializer, wrappers, spellings of arguments, preprocessing, compiled models,
models of keras.applications, models with custom classes, one model for each of many random layers, and random models
with branches, shared layers and nested models.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

from tests.live.cases import FAMILIES, cases
from tests.live.judge import Case, _called, _made, _settings, we_say
from tests.live.models import grow, keras_model
from tests.live.packages.zoo import user

APPLICATIONS = """
MobileNet MobileNetV2 MobileNetV3Small EfficientNetB0 NASNetMobile DenseNet121 ResNet50 Xception InceptionV3 ConvNeXtTiny
"""
INITIALIZERS = ("orthogonal", "glorot_uniform", "identity", "zeros", "he_normal", "lecun_uniform", "random_normal")
# the number of random layers of each family, and the number of random models
LAYERS, GRAPHS = 8, 60


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    yield from _recurrent()
    yield from _wrapped()
    yield from _spelled()
    yield from _preprocessing()
    yield from list(_compiled())[: 4 if quick else None]
    yield from user.models(quick)
    yield from _single_layers(1 if quick else LAYERS)
    yield from _graphs(10 if quick else GRAPHS)
    for name in APPLICATIONS.split()[: 1 if quick else None]:
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
            # only SimpleRNN has a square recurrent kernel, as an identity needs
            if initializer != "identity" or cls is layers.SimpleRNN:
                yield from _if_built(f"{cls.__name__}_{initializer}", partial(built, cls, initializer))
        yield f"{cls.__name__}_unrolled", partial(built, cls, "orthogonal", unroll=True)
    yield "LSTM_no_bias", partial(built, layers.LSTM, "orthogonal", use_bias=False)
    yield "GRU_reset_before", partial(built, layers.GRU, "orthogonal", reset_after=False)


def _chain(shape: tuple[int | None, ...], *parts: Any, dtype: str = "float32") -> Any:
    import keras

    x = start = keras.Input(shape, dtype=dtype)
    for part in parts:
        x = part(x)
    return keras.Model(start, x)


def _wrapped() -> Iterator[tuple[str, Any]]:
    import keras

    layers = keras.layers
    orthogonal = {"kernel_initializer": keras.initializers.Orthogonal(0.5)}

    def nested() -> Any:
        inner = _chain((6,), layers.Dense(6, **orthogonal), layers.BatchNormalization())
        stack = keras.Sequential([layers.Dense(6, "relu"), layers.Dropout(0.3)])
        a, b = keras.Input((6,)), keras.Input((6,))
        return keras.Model([a, b], layers.Dense(1)(layers.concatenate([inner(stack(a)), inner(b)])))

    def shared() -> Any:
        rnn, a, b = layers.GRU(5, return_state=True), keras.Input((7, 3)), keras.Input((None, 3))
        return keras.Model([a, b], [*rnn(a), layers.Subtract()([rnn(a)[0], rnn(b)[1]])])

    def encoder_decoder() -> Any:
        a, b = keras.Input((7, 3)), keras.Input((5, 3))
        _, h, c = layers.LSTM(4, return_state=True)(a)
        return keras.Model([a, b], layers.LSTM(4, return_sequences=True)(b, initial_state=[h, c]))

    def frozen() -> Any:
        inner = keras.Sequential([keras.Input((5, 4)), layers.LSTM(3, **orthogonal), layers.Dense(2)])
        inner.trainable = False
        return _chain((5, 4), inner, layers.Dense(2, **orthogonal))

    def distributed_model() -> Any:
        return _chain((3, 5, 4), layers.TimeDistributed(_chain((5, 4), layers.LSTM(3), layers.Dense(2))))

    cells = (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)
    for cell in cells:
        yield f"rnn_{cell.__name__}", partial(lambda c: _chain((5, 4), layers.RNN(c(3, **orthogonal))), cell)
    yield "rnn_cells", lambda: _chain((5, 4), layers.RNN([cell(3) for cell in cells], return_sequences=True))
    yield "rnn_stacked", lambda: _chain((5, 4), layers.RNN(layers.StackedRNNCells([cell(3) for cell in cells])))
    for rank in (1, 2, 3):
        kind = getattr(layers, f"ConvLSTM{rank}D")
        make = partial(lambda r, k: _chain((4, *(6,) * r, 2), k(3, 2), layers.Flatten(), layers.Dense(1)), rank, kind)
        yield f"conv_lstm_{rank}", make
    for mode in ("sum", "mul", "ave", "concat", None):
        both = partial(lambda m: _chain((5, 4), layers.Bidirectional(layers.GRU(3), merge_mode=m)), mode)
        yield f"bidirectional_{mode}", both
    yield (
        "backward",
        lambda: _chain(
            (5, 4),
            layers.Bidirectional(
                layers.LSTM(3, return_sequences=True),
                backward_layer=layers.GRU(3, return_sequences=True, go_backwards=True),
            ),
        ),
    )
    yield "bidirectional_rnn", lambda: _chain((5, 4), layers.Bidirectional(layers.RNN(layers.GRUCell(3))))
    yield "distributed_dense", lambda: _chain((5, 4), layers.TimeDistributed(layers.Dense(3, **orthogonal)))
    yield "distributed_conv", lambda: _chain((5, 8, 8, 2), layers.TimeDistributed(layers.Conv2D(3, 3, **orthogonal)))
    yield from _if_built("distributed_model", distributed_model)
    yield "spectral", lambda: _chain((8, 8, 2), layers.SpectralNormalization(layers.Conv2D(3, 3, **orthogonal)))
    yield "nested", nested
    yield "shared", shared
    yield "encoder_decoder", encoder_decoder
    yield "frozen_rnn", frozen


def _spelled() -> Iterator[tuple[str, Any]]:
    """Yields models with unusual spellings of arguments: 0 and 1 for booleans, and objects, classes and functions for
    names.
    """
    import keras

    layers, initializers = keras.layers, keras.initializers
    yield "bias_0", lambda: _chain((4,), layers.Dense(3, use_bias=0), layers.Dense(2, use_bias=1))
    yield "rnn_1", lambda: _chain((5, 4), layers.LSTM(3, return_sequences=1, unroll=0, go_backwards=1), layers.GRU(2))
    yield "norm_0", lambda: _chain((4,), layers.BatchNormalization(center=0, scale=1))
    yield "conv_0", lambda: _chain((8, 8, 2), layers.Conv2D(3, (3, 2), use_bias=0, strides=[2, 1]))
    if not keras.__version__.startswith("3.0."):  # Keras 3.0 counts a frozen layer as trainable
        yield "trainable_0", lambda: _chain((4,), layers.Dense(3, trainable=0), layers.Dense(2))
    yield "embedding_1", lambda: _chain((5,), layers.Embedding(9, 4, mask_zero=1), layers.LSTM(3), dtype="int32")
    for name in ("Orthogonal", "Identity", "IdentityInitializer", "OrthogonalInitializer", "VarianceScaling", "Ones"):
        kind = getattr(initializers, name, None)
        if kind is not None:
            dense = partial(lambda k: _chain((4,), layers.Dense(4, kernel_initializer=k()), layers.Dense(2)), kind)
            yield f"initializer_{name}", dense
    for name in ("orthogonal", "identity", "he_uniform", "truncated_normal", "variance_scaling"):
        text = partial(lambda n: _chain((4,), layers.Dense(4, kernel_initializer=n)), name)
        yield from _if_built(f"initializer_{name}_text", text)
    yield "constant", lambda: _chain((4,), layers.Dense(3, bias_initializer=initializers.Constant(2.0)))
    yield "regularized", lambda: _chain((4,), layers.Dense(3, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2)))
    yield (
        "orthogonal_penalty",
        lambda: _chain((4,), layers.Dense(3, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())),
    )
    yield "constrained", lambda: _chain((4,), layers.Dense(3, kernel_constraint="max_norm", bias_constraint="non_neg"))
    yield "function", lambda: _chain((4,), layers.Dense(3, activation=keras.activations.gelu), layers.Dense(2, "swish"))
    yield "activations", lambda: _chain((4,), layers.Activation("tanh"), layers.ReLU(6), layers.LeakyReLU(0.1))
    yield "policy", lambda: _chain((4,), layers.Dense(3, dtype="mixed_float16"), layers.Dense(2, dtype="float64"))


def _preprocessing() -> Iterator[tuple[str, Any]]:
    import keras
    import numpy as np

    layers = keras.layers

    def adapted(layer: Any, data: Any) -> Any:
        layer.adapt(np.array(data))
        return layer

    def text() -> Any:
        vectorized = adapted(layers.TextVectorization(20, output_sequence_length=6), ["a b c", "b d"])
        start = keras.Input((1,), dtype="string")
        return keras.Model(start, layers.LSTM(3)(layers.Embedding(20, 4)(vectorized(start))))

    def strings() -> Any:
        start = keras.Input((1,), dtype="string")
        parts = [layers.StringLookup(vocabulary=["a", "b"])(start), layers.Hashing(7)(start)]
        return keras.Model(start, [layers.Embedding(9, 2)(part) for part in parts])

    def features() -> Any:
        space = keras.utils.FeatureSpace(
            {"a": "float_discretized", "b": "integer_categorical", "c": "float_normalized"}, output_mode="concat"
        )
        import tensorflow as tf

        data = {"a": np.random.rand(8), "b": np.arange(8), "c": np.random.rand(8)}
        space.adapt(tf.data.Dataset.from_tensor_slices(data))
        return keras.Model(space.get_inputs(), layers.Dense(2)(space.get_encoded_features()))

    numbers = [[1.0], [2.0], [5.0], [7.0]]
    yield "normalized", lambda: _chain((1,), adapted(layers.Normalization(), numbers), layers.Dense(2))
    yield "discretized", lambda: _chain((1,), adapted(layers.Discretization(num_bins=3), numbers))
    yield (
        "discretized_one_hot",
        lambda: _chain((1,), layers.Discretization(bin_boundaries=[0.0, 1.0], output_mode="one_hot")),
    )
    yield "text", text
    yield "strings", strings
    yield "integers", lambda: _chain((3,), layers.IntegerLookup(vocabulary=[3, 4, 5]), dtype="int64")
    yield "encoded", lambda: _chain((3,), layers.CategoryEncoding(5, "multi_hot"), layers.Dense(2), dtype="int32")
    yield (
        "images",
        lambda: _chain(
            (16, 16, 3),
            layers.Rescaling(1 / 255),
            layers.Resizing(12, 12),
            layers.CenterCrop(10, 10),
            layers.RandomFlip(),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.1),
            layers.RandomContrast(0.1),
            layers.Conv2D(2, 3),
        ),
    )
    yield "features", features


def _single_layers(count: int) -> Iterator[tuple[str, Any]]:
    """Yields models of one layer. Layers and arguments that this version of Keras refuses are left out."""
    import keras

    for family in FAMILIES:
        for number, case in enumerate(cases(family, 1, count)):
            if not case.shapes or any(len(shape) < 2 for shape in case.shapes) or not hasattr(keras.layers, case.name):
                continue
            if isinstance(we_say(case), str):  # the case has wrong arguments on purpose
                continue
            yield from _if_built(f"{case.name}_{family.replace(' ', '_')}_{number}", partial(_one_layer, case))


def _one_layer(case: Case) -> Any:
    import keras

    from convcalc.layers import find

    cls = getattr(keras.layers, case.name)
    layer = cls(**{name: _made(name, value) for name, value in case.args.items()}, **_settings(cls, case))
    inputs = [keras.Input(batch_shape=tuple(shape), dtype=case.dtype) for shape in case.shapes]
    return keras.Model(inputs, _called(layer, find(case.name), list(inputs), case.call))


def _graphs(count: int) -> Iterator[tuple[str, Any]]:
    for seed in range(count):
        yield from _if_built(f"graph_{seed}", partial(lambda s: keras_model(grow(Random(s), 25)), seed))


def _if_built(name: str, build: Any) -> Iterator[tuple[str, Any]]:
    """Yields a model, unless this version of Keras refuses it."""
    import keras

    keras.utils.clear_session()
    try:
        model = build()
    except Exception:
        return
    yield name, lambda: model


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
