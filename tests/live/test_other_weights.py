"""Compares convcalc with Keras 3 and Keras 2 for layers and models with other weights than their configs say.

These are: subclasses of Keras's layers with the same name and additional weights, functional models with weights outside the
graph, quantized attention, and cells that are used twice.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.read import load

pytestmark = pytest.mark.keras


def subclass(keras: Any, name: str) -> Any:
    """Returns a subclass of a Keras layer with the same name, and with an additional weight."""

    class Own(getattr(keras.layers, name)):  # type: ignore[misc]
        def build(self, shape: Any) -> None:
            super().build(shape)
            self.more = self.add_weight(shape=(2, 3), name="more")

    Own.__name__ = Own.__qualname__ = name
    Own.__module__ = "__main__"
    return Own


def own_model(keras: Any) -> Any:
    """Returns a custom class of functional models with weights outside the graph. Their configs list the layers."""

    class Own(keras.Model):  # type: ignore[misc]
        pass

    Own.__module__ = "__main__"
    return Own


def subclassed(keras: Any) -> Iterator[tuple[str, Any]]:
    layers, model = keras.layers, keras.Model
    for name, options, shape in (
        ("Dense", {"units": 4}, (3,)),
        ("Conv2D", {"filters": 4, "kernel_size": 3}, (8, 8, 3)),
        ("BatchNormalization", {}, (3,)),
        ("LSTM", {"units": 4}, (5, 3)),
        ("ReLU", {}, (3,)),
    ):
        own = subclass(keras, name)
        x = keras.Input(shape)
        yield f"{name}", model(x, layers.Dense(2)(layers.Flatten()(own(**options)(x))))
        inner = keras.Sequential([keras.Input(shape), own(**options), layers.Flatten()], name="inner")
        yield f"{name} in a model", model(x, layers.Dense(2)(inner(x)))
    x = keras.Input((5, 3))
    yield "a wrapper", model(x, layers.TimeDistributed(subclass(keras, "Dense")(4))(x))
    shared = subclass(keras, "Dense")(3)
    yield "a shared layer", model(x, shared(shared(x)))


def with_outside(keras: Any) -> Iterator[tuple[str, Any]]:
    x = keras.Input((4,))
    for name in ("a layer", "layers"):
        model = own_model(keras)(x, keras.layers.Dense(3)(x))
        model.extra = keras.layers.Dense(7)
        model.extra.build((None, 3))
        if name == "layers":
            model.heads = [keras.layers.Dense(2), keras.layers.BatchNormalization()]
            for head in model.heads:
                head.build((None, 5))
        yield name, model
    y = keras.Input((4,))
    yield "a nested model", keras.Model(y, keras.layers.Dense(2)(model(y)))


def attributes(keras: Any) -> Iterator[tuple[str, Any]]:
    """Yields models of Keras 2 with layers that are attributes of the model, and that nothing calls."""
    layers = keras.layers

    def base() -> Any:
        x = keras.Input((4,))
        return keras.Model(x, layers.Dense(3)(x))

    def built(layer: Any) -> Any:
        layer.build((None, 3))
        return layer

    made: dict[str, Callable[[], Any]] = {
        "built": lambda: built(layers.Dense(7)),
        "not built": lambda: layers.Dense(7),
        "without weights": lambda: layers.Dropout(0.2),
        "list": lambda: [built(layers.Dense(7)), built(layers.BatchNormalization())],
        "model": base,
        "custom": lambda: built(subclass(keras, "Dense")(4)),
    }
    for name, make in made.items():
        model = base()
        model.more = make()
        yield name, model


def attention(keras: Any) -> Iterator[tuple[str, Any]]:
    for mode in ("int8", "int4", "float8"):
        for name, options in (("MultiHeadAttention", (2, 4)), ("GroupQueryAttention", (4, 2, 1))):
            x = keras.Input((4, 8))
            model = keras.Model(x, keras.layers.Dense(2)(getattr(keras.layers, name)(*options)(x, x)))
            model.quantize(mode)
            yield f"{name} {mode}", model


def cells(keras: Any) -> Iterator[tuple[str, Any]]:
    for count in (2, 3):
        cell = keras.layers.LSTMCell(4)
        x = keras.Input((5, 4))
        rnn = keras.layers.RNN([cell] * count)
        yield f"{count} times", keras.Model(x, keras.layers.Dense(1)(rnn(x)))
        y = keras.Input((5, 4))
        yield f"{count} times in a model", keras.Model(y, keras.layers.Dense(1)(keras.Model(x, rnn(x))(y)))


def towers(keras: Any) -> Iterator[tuple[str, Any]]:
    """Yields subclassed models with two towers. The layers of both towers have the same names, and some have equal
    constants.
    """
    layers = keras.layers

    class Towers(keras.Model):  # type: ignore[misc]
        def __init__(self, first: Any, second: Any) -> None:
            super().__init__()
            self.first, self.second = first, second

        def call(self, x: Any) -> Any:
            return self.first(x) + self.second(x)

        def get_config(self) -> Any:
            return {"name": self.name}

    class Block(layers.Layer):  # type: ignore[misc]
        def __init__(self, dense: Any, norm: Any, **options: Any) -> None:
            super().__init__(**options)
            self.dense, self.norm = dense, norm
            self.dense.build((None, 4))
            self.norm.build((None, 4))

        def call(self, x: Any) -> Any:
            return self.norm(self.dense(x))

        def get_config(self) -> Any:
            return {"name": self.name}

    def tower(name: str, dense: Any, norm: Any) -> Any:
        x = keras.Input((4,))
        return keras.Model(x, norm(dense(x)), name=name)

    def dense() -> Any:
        return layers.Dense(4, name="dense")

    def norm() -> Any:
        return layers.LayerNormalization(name="norm")

    made: dict[str, Callable[[], Any]] = {
        "models": lambda: Towers(tower("a", dense(), norm()), tower("b", dense(), norm())),
        "layers": lambda: Towers(Block(dense(), norm(), name="a"), Block(dense(), norm(), name="b")),
        "batch norm": lambda: Towers(
            tower("a", dense(), layers.BatchNormalization(name="norm")),
            tower("b", dense(), layers.BatchNormalization(name="norm")),
        ),
    }
    for name, make in made.items():
        model = make()
        model(keras.ops.ones((1, 4)))
        yield name, model
    shared = dense()
    model = Towers(tower("a", shared, norm()), tower("b", shared, layers.Activation("relu", name="relu")))
    model(keras.ops.ones((1, 4)))
    yield "a shared layer", model


@pytest.mark.parametrize(
    ("module", "models", "kinds"),
    [
        # an archive of Keras 3 lacks the additional weights: Keras's layers write only their own weights
        ("keras", subclassed, ("h5",)),
        ("tf_keras", subclassed, ("h5", "keras", "tf")),
        ("keras", with_outside, ("keras",)),
        ("tf_keras", with_outside, ("keras", "tf")),
        ("tf_keras", attributes, ("h5", "keras", "tf")),
        ("keras", attention, ("h5", "keras")),
        ("keras", cells, ("h5", "keras")),
        ("keras", towers, ("h5", "keras")),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__ if callable(value) else "",
)
def test_the_stored_weights_count(
    module: str,
    models: Callable[[Any], Iterator[tuple[str, Any]]],
    kinds: tuple[str, ...],
    tmp_path: Path,
    tell: Callable[[str], None],
) -> None:
    keras = pytest.importorskip(module)
    keras = importlib.import_module(module)
    differences, count = [], 0
    for name, model in models(keras):
        for kind in kinds:
            path = tmp_path / f"{count}{'' if kind == 'tf' else f'.{kind}'}"
            model.save(path, **({"save_format": "tf"} if kind == "tf" else {}))
            report = infer(load(path))
            count += 1
            rows = {row.name: row.params for row in report.layers if row.depth == 0}
            if report.totals.params != model.count_params() or "params" in report.totals.incomplete:
                differences.append(f"{name}, {kind}: {report.totals.params}, Keras {model.count_params()}")
            for layer in model.layers:
                params = rows.get(layer.name, UNKNOWN)
                counted = layer.count_params() if layer.built else 0
                if params is not UNKNOWN and params != counted:
                    differences.append(f"{name}, {kind}: {layer.name}: {params}, Keras {counted}")
            trained = (
                sum(int(keras.backend.count_params(weight)) for weight in model.trainable_weights)
                if module == "tf_keras"
                else None
            )
            if (
                trained is not None
                and "trainable_params" not in report.totals.incomplete
                and report.totals.trainable_params != trained
            ):
                differences.append(f"{name}, {kind}: trainable: {report.totals.trainable_params}, Keras {trained}")
    tell(f"{count} files with other weights of {module}")
    assert not differences, "\n".join(differences)


def own_models(keras: Any) -> Iterator[tuple[str, Any]]:
    """Yields models of custom classes, with and without weights outside of their layers."""
    layers = keras.layers

    def own(base: str) -> Any:
        class Own(getattr(keras, base)):  # type: ignore[misc]
            pass

        Own.__module__ = "__main__"
        return Own

    def made(base: str) -> Any:
        x = keras.Input((4,))
        return own("Model")(x, layers.Dense(3)(x)) if base == "Model" else own(base)([x, layers.Dense(3)])

    for base in ("Model", "Sequential"):
        for outside in ("nothing", "layer", "variable"):
            for nested in (False, True):
                model = made(base)
                if outside == "layer":
                    model.extra = layers.Dense(7)
                    model.extra.build((None, 3))
                elif outside == "variable":
                    model.extra = model.add_weight(shape=(5,), name="extra")
                if nested:
                    x = keras.Input((4,))
                    model = keras.Model(x, layers.Dense(2)(model(x)))
                yield f"{base}, {outside}{', nested' if nested else ''}", model


def test_a_custom_model_is_exact_with_its_weights_and_a_lower_bound_without(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    keras = pytest.importorskip("keras")
    differences, count = [], 0
    for name, model in own_models(keras):
        for kind in ("json", "h5", "keras"):
            path = tmp_path / f"{count}.{kind}"
            if kind == "json":
                path.write_text(model.to_json())
            else:
                model.save(path)
            count += 1
            totals = infer(load(path)).totals
            exact = "params" not in totals.incomplete
            truth = model.count_params()
            if totals.params > truth or (exact and totals.params != truth) or exact is not _says_all(kind, name):
                differences.append(f"{name}, {kind}: {'' if exact else '≥ '}{totals.params}, Keras {truth}")
    tell(f"{count} files of custom models")
    assert not differences, "\n".join(differences)


def _says_all(kind: str, name: str) -> bool:
    """Returns True if a file contains all weights of a model. An ``.h5`` file has those of the layers of the outermost
    model, and the model's variables.
    """
    return kind == "keras" or (kind == "h5" and (name.startswith("Sequential") or "nested" in name))
