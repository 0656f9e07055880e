"""Compares convcalc with Keras 3 and Keras 2 for files that contain custom classes and functions.

No number may be wrong, and no file may be refused. The weights are read from archives.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.layers import CATALOGUE
from convcalc.read import load, read
from convcalc.read.keras_files import origin
from convcalc.read.keras_files.older_versions import upgraded

pytestmark = pytest.mark.keras

# Custom classes with the name of a Keras class, and their packages ("" for a class that is not registered).
NAMES = [
    ("RMSNormalization", ""),
    ("Softmax", ""),
    ("Attention", "Custom"),
    ("MultiHeadAttention", "pkg"),
    ("Dense", "pkg2"),
    ("BatchNormalization", ""),
    ("LayerScale", "Custom"),
]


def _custom_layer(keras: Any, name: str, package: str) -> Any:
    """Returns a class of custom layers with one weight: a kernel of ``amount`` columns."""

    class Own(keras.layers.Layer):  # type: ignore[misc,name-defined]
        def __init__(self, amount: int = 3, **options: Any) -> None:
            super().__init__(**options)
            self.amount = amount

        def build(self, shape: Any) -> None:
            self.w = self.add_weight(shape=(shape[-1], self.amount), name="w")
            super().build(shape)

        def call(self, x: Any) -> Any:
            import tensorflow as tf

            return tf.linalg.matmul(x, self.w)

        def compute_output_shape(self, shape: Any) -> Any:
            return (*shape[:-1], self.amount)

        def get_config(self) -> Any:
            return {**super().get_config(), "amount": self.amount}

    Own.__name__ = Own.__qualname__ = name
    Own.__module__ = "__main__"
    return keras.saving.register_keras_serializable(package)(Own) if package else Own


def _custom_cell(keras: Any) -> Any:
    class Cell(keras.layers.Layer):  # type: ignore[misc,name-defined]
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = self.state_size = self.output_size = units

        def build(self, shape: Any) -> None:
            self.k = self.add_weight(shape=(shape[-1], self.units), name="k")
            self.r = self.add_weight(shape=(self.units, self.units), name="r")
            super().build(shape)

        def call(self, x: Any, states: Any, training: Any = None) -> Any:
            import tensorflow as tf

            y = tf.linalg.matmul(x, self.k) + tf.linalg.matmul(states[0], self.r)
            return y, [y]

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    Cell.__module__ = "__main__"
    return keras.saving.register_keras_serializable("cells")(Cell)


def _models(keras: Any) -> Iterator[tuple[str, Any]]:
    import tensorflow as tf

    layers = keras.layers
    register = keras.saving.register_keras_serializable("functions")
    is_keras2 = keras.__name__ == "tf_keras"

    def activation(x: Any) -> Any:
        return x * 2.0

    def initial(shape: Any, dtype: Any = None, **options: Any) -> Any:
        return tf.zeros(shape, dtype or "float32")

    def penalty(weight: Any) -> Any:
        return 0.0

    registered = register(activation)
    cell = _custom_cell(keras)
    linear = _custom_layer(keras, "Linear", "linear")

    def model(shape: tuple[int, ...], *parts: Any) -> Any:
        first = x = keras.Input(shape)
        for part in (*parts, layers.Dense(2)):
            x = part(x)
        return keras.Model(first, x)

    functions: dict[str, Any] = {
        "registered": registered,
        "tf.nn.softmax": tf.nn.softmax,
        "tf.nn.log_softmax": tf.nn.log_softmax,
        "tf.nn.leaky_relu": tf.nn.leaky_relu,
        "tf.math.sin": tf.math.sin,
        "tf.nn.gelu": tf.nn.gelu,
        "keras.activations.gelu": keras.activations.gelu,
    }
    if not is_keras2:
        functions |= {"ops.sin": keras.ops.sin, "ops.softmax": keras.ops.softmax, "ops.relu": keras.ops.relu}
        functions["a layer"] = layers.LeakyReLU(negative_slope=0.2)
    for name, function in functions.items():
        yield f"Dense with {name}", model((4,), layers.Dense(3, activation=function))
    yield (
        "Conv2D and Activation",
        model((8, 8, 3), layers.Conv2D(4, 3, activation=registered), layers.Activation(registered)),
    )
    yield "LSTM", model((5, 4), layers.LSTM(3, activation=tf.math.sin, recurrent_activation=registered))
    yield "TimeDistributed(Dense)", model((5, 4), layers.TimeDistributed(layers.Dense(3, activation=registered)))
    yield "Bidirectional(GRU)", model((5, 4), layers.Bidirectional(layers.GRU(3, activation=registered)))
    cells = [layers.LSTMCell(3, activation=registered), layers.GRUCell(2)]
    yield "RNN of cells", model((5, 4), layers.RNN(cells))
    yield "functions", model((4,), layers.Dense(3, kernel_initializer=initial, kernel_regularizer=register(penalty)))
    for name, package in NAMES:
        own = _custom_layer(keras, name, package)
        yield f"custom {name}", model((6, 4), own())
        yield f"TimeDistributed(custom {name})", model((6, 4), layers.TimeDistributed(own(5)))
    yield (
        "TimeDistributed of TimeDistributed",
        model((5, 6, 4), layers.TimeDistributed(layers.TimeDistributed(linear(3)))),
    )
    yield "RNN(custom)", model((5, 4), layers.RNN(cell(3), return_sequences=True))
    yield "RNN([custom, LSTMCell])", model((5, 4), layers.RNN([cell(3), layers.LSTMCell(2)]))
    yield "Bidirectional(RNN(custom))", model((5, 4), layers.Bidirectional(layers.RNN(cell(3))))
    inner = keras.Sequential([keras.Input((4,)), linear(3), layers.Dense(2)])
    yield "TimeDistributed(Sequential)", model((5, 4), layers.TimeDistributed(inner))
    if not is_keras2:
        yield "Pipeline", model((4,), layers.Pipeline([linear(4), layers.Rescaling(0.5)]))


@pytest.mark.parametrize("version", ["keras", "tf_keras"])
@pytest.mark.parametrize("form", ["json", "keras", "h5"])
def test_custom_classes_and_functions(version: str, form: str, tmp_path: Path) -> None:
    keras = pytest.importorskip(version)
    count = 0
    for name, model in _models(keras):
        path = tmp_path / f"model.{form}"
        if form == "json":
            report = infer(read(model.to_json().encode(), name))
        else:
            model.save(path)
            report = infer(load(path))
        rows = {row.name: row for row in report.layers}
        for layer in model.layers:
            row = rows[layer.name]
            shape = row.output_shapes[0]
            if shape is not None:
                assert [None if size is UNKNOWN else size for size in shape] == list(layer.output.shape), (name, layer)
            if row.params is not UNKNOWN:
                assert row.params == layer.count_params(), (name, layer)
            custom = "custom" in name or name in ("Pipeline", "TimeDistributed(Sequential)")
            if form != "json" and layer is model.layers[1]:
                assert row.params is not UNKNOWN, name
            if not custom and "TimeDistributed of" not in name:
                assert row.params is not UNKNOWN and shape is not None, name
        count += 1
    assert count >= 32


def test_keras_2_writes_only_known_arguments() -> None:
    """No layer of Keras 2 counts as custom. Keras 2 writes no modules, so this depends on the arguments in the config."""
    keras = pytest.importorskip("tf_keras")
    tried = 0
    for name, definition in CATALOGUE.items():
        made = _made(getattr(keras.layers, name, None), definition.example)
        if made is None:
            continue
        tried += 1
        entries, _ = upgraded([{"class_name": name, "config": made.get_config()}], functional=False)
        if entries[0]["class_name"] == name:
            assert not origin.unlike_keras(entries[0], definition), name
    assert tried > 80


def _made(make: Callable[..., Any] | None, example: str) -> Any:
    """Returns the layer of Keras 2 for a catalogue example. Returns None if Keras 2 lacks the layer or has other
    arguments.
    """
    import yaml

    if make is None:
        return None
    entry = yaml.safe_load(example)
    arguments = next(iter(entry.values())) if isinstance(entry, dict) else {}
    if isinstance(arguments, dict):
        arguments.pop("from", None)
    try:
        if isinstance(arguments, dict):
            return make(**arguments)
        return make(*arguments) if isinstance(arguments, list) else make(arguments)
    except (TypeError, ValueError, AttributeError):
        return None


def test_a_feature_space() -> None:
    keras = importlib.import_module("keras")
    numpy = importlib.import_module("numpy")
    tensorflow = importlib.import_module("tensorflow")
    space = keras.utils.FeatureSpace(
        {"a": "float", "b": "integer_categorical", "c": "float_normalized"}, output_mode="concat"
    )
    columns = {"a": [[0.1], [0.2], [0.4]], "b": [[1], [2], [3]], "c": [[3.0], [4.0], [6.0]]}
    table = {name: numpy.array(column, "int64" if name == "b" else "float32") for name, column in columns.items()}
    space.adapt(tensorflow.data.Dataset.from_tensor_slices(table))
    encoded = space.get_encoded_features()
    model = keras.Model(space.get_inputs(), keras.layers.Dense(2)(encoded))
    report = infer(read(model.to_json().encode(), "model.json"))
    assert not report.problems
    assert report.totals.params == model.count_params()
    for row, layer in zip(report.layers, model.layers):
        assert [None if size is UNKNOWN else size for size in row.output_shapes[0] or ()] == list(layer.output.shape)
