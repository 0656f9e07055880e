"""Models that the tests quantize, and functions that quantize them. The tests compare convcalc with ``model.quantize``
of the installed Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def models() -> dict[str, Callable[[], Any]]:
    """Returns functions that build models, by name.

    Together, the models contain each layer that Keras quantizes: alone, in a nested model, and in another layer.
    """
    import keras
    from keras import layers

    def of(layer: Any, shape: Any, dtype: str = "float32", twice: bool = False) -> Any:
        x = keras.Input(shape, dtype=dtype)
        return keras.Model(x, layer(x, x) if twice else layer(x))

    def chain(*parts: Any, shape: Any = (6,), dtype: str = "float32") -> Any:
        return keras.Sequential([keras.Input(shape, dtype=dtype), *parts])

    def lora(model: Any, rank: int = 2) -> Any:
        for layer in model.layers:
            if hasattr(layer, "enable_lora"):
                layer.enable_lora(rank)
        return model

    def shared() -> Any:
        x, y, dense = keras.Input((4,)), keras.Input((4,)), layers.Dense(5)
        return keras.Model([x, y], layers.Add()([dense(x), dense(y)]))

    def frozen() -> Any:
        model = chain(layers.Dense(7), layers.Dense(3))
        model.layers[0].trainable = False
        return model

    def reversed_embedding(tied: bool) -> Any:
        x = keras.Input((4,), dtype="int32")
        table = layers.ReversibleEmbedding(9, 5, tie_weights=tied, mask_zero=True, logit_soft_cap=2.0)
        return keras.Model(x, table(layers.Dense(5)(table(x)), reverse=True))

    def transformer(dtype: Any = None) -> Any:
        x = keras.Input((6,), dtype="int32")
        h = layers.Embedding(20, 8)(x)
        h = layers.LayerNormalization()(layers.Add()([h, layers.MultiHeadAttention(2, 3, dtype=dtype)(h, h)]))
        h = layers.Add()([h, layers.Dense(8)(layers.Dense(13, activation="relu")(h))])
        return keras.Model(x, layers.Dense(20)(h))

    def image() -> Any:
        return chain(
            layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(5), shape=(8, 8, 3)
        )

    return {
        "dense": lambda: chain(layers.Dense(5)),
        "dense odd": lambda: chain(layers.Dense(7, use_bias=False), layers.Dense(1), shape=(13,)),
        "dense relu": lambda: of(layers.Dense(4, activation="relu"), (3, 9)),
        "dense lora": lambda: lora(chain(layers.Dense(5), layers.Dense(3))),
        "dense bfloat16": lambda: chain(layers.Dense(5, dtype="bfloat16")),
        "dense mixed_bfloat16": lambda: chain(layers.Dense(5, dtype="mixed_bfloat16"), layers.ReLU()),
        "dense float64": lambda: chain(layers.Dense(5, dtype="float64")),
        "einsum": lambda: of(layers.EinsumDense("abc,cd->abd", (None, 7), bias_axes="d"), (5, 6)),
        "einsum heads": lambda: of(layers.EinsumDense("abc,cde->abde", (None, 3, 5), bias_axes="de"), (5, 6)),
        "einsum merged": lambda: of(layers.EinsumDense("abde,dec->abc", (None, 7), bias_axes="c"), (5, 3, 4)),
        "einsum lora": lambda: lora(of(layers.EinsumDense("abc,cd->abd", (None, 7)), (5, 6))),
        "einsum batched": lambda: of(layers.EinsumDense("abc,bcd->abd", (5, 7)), (5, 6)),
        "embedding": lambda: of(layers.Embedding(11, 7), (4,), "int32"),
        "embedding lora": lambda: lora(of(layers.Embedding(11, 6), (4,), "int32")),
        "embedding mask": lambda: chain(
            layers.Embedding(9, 5, mask_zero=True), layers.LSTM(3), shape=(4,), dtype="int32"
        ),
        "tied": lambda: reversed_embedding(True),
        "untied": lambda: reversed_embedding(False),
        "attention": lambda: of(layers.MultiHeadAttention(2, 3), (5, 8), twice=True),
        "attention no bias": lambda: of(
            layers.MultiHeadAttention(3, 5, value_dim=2, use_bias=False), (5, 8), twice=True
        ),
        "grouped attention": lambda: of(layers.GroupQueryAttention(3, 4, 2), (5, 8), twice=True),
        "transformer": transformer,
        "transformer bfloat16": lambda: transformer("mixed_bfloat16"),
        "deep": lambda: chain(chain(chain(layers.Dense(5)), layers.Dense(4), shape=(6,)), layers.Dense(3)),
        "einsum lora heads": lambda: lora(of(layers.EinsumDense("abc,cde->abde", (None, 3, 5)), (5, 6))),
        "nested functional": lambda: chain(of(layers.Dense(5), (6,)), layers.Dense(3)),
        "nested sequential": lambda: of(chain(layers.Dense(5), layers.Dense(4)), (6,)),
        "time distributed": lambda: chain(layers.TimeDistributed(layers.Dense(5)), shape=(3, 6)),
        "time distributed model": lambda: chain(
            layers.TimeDistributed(chain(layers.Dense(5), shape=(6,))), shape=(3, 6)
        ),
        "recurrent": lambda: chain(layers.Bidirectional(layers.LSTM(3)), layers.Dense(2), shape=(4, 5)),
        "shared": shared,
        "frozen": frozen,
        "image": image,
    }


def ways() -> dict[str, Callable[[Any], None]]:
    """Returns functions that quantize a model, by name. Each mode of Keras 3.15 has at least one function."""
    from keras import quantizers

    def model_wide(mode: str) -> Callable[[Any], None]:
        return lambda model: model.quantize(mode)

    def configured(config: Callable[[], Any]) -> Callable[[Any], None]:
        return lambda model: model.quantize(config=config())

    def uncalibrated(config: Callable[[], Any]) -> Callable[[Any], None]:
        """Returns a function that quantizes each layer of a model without calibration, which would need data."""

        def quantize(model: Any) -> None:
            for layer in list(model._flatten_layers()):
                if len(list(layer._flatten_layers())) == 1:
                    try:
                        layer.quantize(config().mode, config=config())
                    except (NotImplementedError, AttributeError, ValueError):
                        continue

        return quantize

    no_data: Mapping[str, Any] = {"dataset": None, "tokenizer": None}
    return {
        "int8": model_wide("int8"),
        "int8 weights only": configured(lambda: quantizers.Int8QuantizationConfig(activation_quantizer=None)),
        "float8": model_wide("float8"),
        "int4": model_wide("int4"),
        "int4 per channel": configured(lambda: quantizers.Int4QuantizationConfig(block_size=None)),
        "int4 blocks of 2": configured(lambda: quantizers.Int4QuantizationConfig(block_size=2)),
        "int4 blocks of 4": configured(lambda: quantizers.Int4QuantizationConfig(block_size=4)),
        "int4 blocks of -1": configured(lambda: quantizers.Int4QuantizationConfig(block_size=-1)),
        "gptq": uncalibrated(lambda: quantizers.GPTQConfig(**no_data)),
        "gptq 3 bits": uncalibrated(lambda: quantizers.GPTQConfig(**no_data, weight_bits=3, group_size=2)),
        "gptq per channel": uncalibrated(lambda: quantizers.GPTQConfig(**no_data, weight_bits=8, group_size=-1)),
        "awq": uncalibrated(lambda: quantizers.AWQConfig(**no_data, group_size=3)),
    }
