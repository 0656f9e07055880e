"""Compares convcalc's text for compiled models with ``model.summary()`` after Keras has loaded the same file.

The text for a compiled model has an additional line for the variables of the optimizer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convcalc import infer
from convcalc.keras_text.options import Options
from convcalc.keras_text.print3 import keras_text
from convcalc.read import load
from tests.live.session import fresh

pytestmark = pytest.mark.keras


def _optimizers() -> dict[str, Callable[[], Any]]:
    from keras import optimizers

    decay = optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)
    return {
        "sgd": lambda: "sgd",
        "sgd momentum": lambda: optimizers.SGD(momentum=0.9, nesterov=True),
        "adam": lambda: optimizers.Adam(weight_decay=0.01, global_clipnorm=1.0),
        "amsgrad": lambda: optimizers.AdamW(amsgrad=True),
        "nadam": lambda: optimizers.Nadam(),
        "adamax": lambda: "adamax",
        "adagrad": lambda: optimizers.Adagrad(),
        "adadelta": lambda: optimizers.Adadelta(),
        "rmsprop": lambda: optimizers.RMSprop(momentum=0.1, centered=True),
        "adafactor": lambda: optimizers.Adafactor(),
        "lion": lambda: optimizers.Lion(optimizers.schedules.CosineDecay(0.1, 10)),
        "ftrl": lambda: optimizers.Ftrl(),
        "schedule free": lambda: optimizers.ScheduleFreeAdamW(),
        "muon": lambda: optimizers.Muon(),
        "muon embeddings": lambda: optimizers.Muon(exclude_embeddings=False, use_ema=True),
        "loss scale": lambda: optimizers.LossScaleOptimizer(optimizers.Muon()),
        "average": lambda: optimizers.SGD(use_ema=True, gradient_accumulation_steps=2),
        "schedule": lambda: optimizers.Adam(decay, loss_scale_factor=2.0),
    }


def _models() -> list[Callable[[], Any]]:
    import keras
    from keras import layers

    def chain() -> Any:
        parts = [layers.Dense(5), layers.BatchNormalization(), layers.Dense(2, dtype="float64", trainable=False)]
        return keras.Sequential([keras.Input((6,)), *parts, layers.Dense(3, dtype="float16")])

    def words() -> Any:
        inside = keras.Sequential([keras.Input((4, 5)), layers.Dense(3, name="embedding_head")], name="embeddings")
        x = keras.Input((4,), dtype="int32")
        y = layers.TimeDistributed(layers.Dense(2), name="embedding_td")(inside(layers.Embedding(9, 5)(x)))
        y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
        return keras.Model(x, layers.MultiHeadAttention(2, 3)(y, y))

    def scaled() -> Any:
        model = keras.Sequential([keras.Input((6,)), layers.Dense(5), layers.Dense(3)])
        model.quantize("float8")
        return model

    def shared() -> Any:
        x, dense = keras.Input((6, 8)), layers.Dense(8)
        y = dense(x)
        return keras.Model(x, keras.Model(x, y)(layers.Dense(8)(y)))

    return [chain, words, scaled, shared]


def test_the_text_of_a_compiled_model(tmp_path: Path, tell: Any) -> None:
    import keras

    count, differences = 0, []
    for name, optimizer in _optimizers().items():
        for make in _models():
            fresh(free_memory=False)
            model = make()
            model.compile(optimizer(), keras.losses.MeanSquaredError())
            (tmp_path / "m.json").write_text(model.to_json())
            for kind in ("keras", "json", "h5"):
                path = tmp_path / f"m.{kind}"
                try:
                    if kind != "json":
                        model.save(path)
                    theirs = keras.models.model_from_json(path.read_text()) if kind == "json" else _loaded(path)
                except Exception:  # Keras cannot write or load some files, such as float8 in .h5
                    continue
                count += 1
                if _text(theirs) != keras_text(infer(load(path)), Options(line_length=76)):
                    differences.append(f"{name}, {make.__name__}, {kind}")
    tell(f"compiled models: {count}, {len(differences)} differ")
    assert not differences
    assert count > 160


def _loaded(path: Path) -> Any:
    import keras

    return keras.models.load_model(path)


def _text(model: Any) -> str:
    lines: list[str] = []
    model.summary(print_fn=lambda text, line_break=False: lines.append(text), line_length=76)
    return lines[0]
