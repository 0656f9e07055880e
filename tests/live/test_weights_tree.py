"""Compares convcalc's totals and rows for files with the Keras models in these files.

The configs are incomplete, so convcalc needs the weights in the files.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.analyse.assumptions import Assumptions
from convcalc.analyse.study import Study
from convcalc.read import load
from convcalc.read.keras_files.weights import with_weights
from convcalc.report_json.write import report_data

pytestmark = pytest.mark.keras


def subclassed() -> Any:
    """Returns a trained model of a custom class.

    The model has lists of layers, nested models, metrics, a second optimizer, a random generator, and a variable that
    belongs to no layer.
    """
    import keras
    import numpy as np

    layers = keras.layers

    class Block(layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units, self.inner, self.norm = units, layers.Dense(units), layers.BatchNormalization()
            self.drop = layers.Dropout(0.1)

        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(shape=(1,), name="scale")
            self.inner.build(shape)
            self.norm.build((*shape[:-1], self.units))
            self.built = True

        def call(self, x: Any) -> Any:
            return self.drop(self.norm(self.inner(x))) * self.scale

    class Whole(keras.Model):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            start = layers.Input((8,))
            self.encoder = keras.Model(start, [layers.Dense(2)(layers.Dense(5)(start)), layers.Dense(2)(start)])
            self.decoder = keras.Sequential([layers.Input((2,)), layers.Dense(8)])
            self.blocks = [Block(8) for _ in range(12)]
            self.heads = {"a": layers.Dense(1), "b": layers.Dense(2)}
            self.shared = self.heads["a"]
            self.tracker, self.seed = keras.metrics.Mean(), keras.random.SeedGenerator(3)
            self.d_optimizer = keras.optimizers.Adam()
            self.temperature = self.add_weight(shape=(), name="temperature")

        def call(self, x: Any) -> Any:
            y = self.decoder(self.encoder(x)[0])
            for block in self.blocks:
                y = block(y)
            return self.shared(y) + self.heads["b"](y)

    model = Whole(name="whole")
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.zeros((4, 8)), np.zeros((4, 2)), verbose=0)
    model.d_optimizer.build(model.trainable_variables)
    return model


def functional_class() -> Any:
    """Returns a functional model of a custom class, with layers and operations.

    Its config contains only the arguments of the class, not the layers.
    """
    import keras

    layers = keras.layers

    class Backbone(keras.Model):  # type: ignore[misc]
        def __init__(self, units: int = 3, **options: Any) -> None:
            start = layers.Input((8,))
            x = layers.BatchNormalization()(layers.Dense(units)(start) * 2)
            super().__init__(start, layers.LSTM(4)(layers.Reshape((units, 1))(x)), **options)
            self.units = units

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name, "units": self.units}

    return Backbone(name="backbone")


def shared_parts() -> Any:
    """Returns a model in which a layer and a nested model share variables."""
    import keras
    import numpy as np

    class Twice(keras.Model):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.embedding, self.dense = keras.layers.Embedding(10, 4), keras.layers.Dense(4)
            self.again = keras.Sequential([self.dense])

        def call(self, x: Any) -> Any:
            return self.again(self.dense(self.embedding(x)))

    model = Twice(name="twice")
    model(np.zeros((1, 3), "int32"))
    return model


MODELS: list[Callable[[], Any]] = [subclassed, functional_class, shared_parts]


@pytest.mark.parametrize("make", MODELS)
def test_the_total_is_exact_in_every_kind_of_file(make: Callable[[], Any], tmp_path: Path) -> None:
    model = make()
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    model.save_weights(tmp_path / "shards.weights.json", max_shard_size=0.000001)
    (tmp_path / "m.json").write_text(model.to_json())
    reports: list[Report] = [
        infer(load(tmp_path / name)) for name in ("m.keras", "m.weights.h5", "shards.weights.json")
    ]
    reports.append(infer(with_weights(load(tmp_path / "m.json"), str(tmp_path / "m.weights.h5"))))
    size = sum(4 * weight.size for weight in map(_array, model.weights))
    for report in reports:
        totals = report.totals
        assert (totals.params, totals.param_bytes) == (model.count_params(), size)
        assert "params" not in totals.incomplete
        rows = {row.class_name: row.params for row in report.layers if row.depth == 0 and row.params}
        counts = {layer.name: layer.count_params() for layer in model.layers}
        assert {name: count for name, count in rows.items() if name in counts}.items() <= counts.items()
        assert report_data(Study.of(report, Assumptions()))["totals"]["params"] == model.count_params()
    assert infer(load(tmp_path / "m.json")).totals.incomplete["params"] == "unknown"


def _array(variable: Any) -> Any:
    return variable.numpy()


def test_a_layer_shared_with_a_nested_model_is_reported(tmp_path: Path) -> None:
    """Keras counts the shared layer once, but cannot load the file that Keras itself wrote."""
    import keras

    from convcalc.checking.verify import verify
    from convcalc.read.keras_files.weights import stored_weights

    dense, start = keras.layers.Dense(3, name="d"), keras.layers.Input((3,))
    inner, top = keras.Model(start, dense(start), name="inner"), keras.layers.Input((3,))
    model = keras.Model(top, dense(inner(top)))
    path = tmp_path / "m.keras"
    model.save(path)
    with pytest.raises(ValueError, match="expected 2 variables, but received 0"):
        keras.models.load_model(path)
    read = load(path)
    report = infer(read)
    assert report.totals.params == model.count_params() == report.totals.trainable_params
    assert len(verify(report, stored_weights(path, read)).problems) == 1


def test_equal_tables_of_two_layers_are_two_variables(tmp_path: Path) -> None:
    """Each layer of the class ``Table`` has its own table, with the same values. Each table must be counted."""
    import keras
    import numpy as np

    def table(dtype: str, name: str | None) -> Any:
        class Table(keras.layers.Layer):  # type: ignore[misc]
            def __init__(self, **options: Any) -> None:
                super().__init__(**options)
                values = np.arange(12).reshape(3, 4)
                self.table = keras.Variable(values, dtype=dtype, trainable=False, name=name)

            def call(self, x: Any) -> Any:
                return x + keras.ops.cast(self.table, x.dtype)

        return Table

    for number, (dtype, name) in enumerate([("int64", None), ("int32", "index"), ("float32", None), ("bool", None)]):
        cls, start = table(dtype, name), keras.Input((3, 4))
        model = keras.Model(start, cls()(keras.layers.Dense(4)(cls()(start))))
        for kind in ("keras", "h5"):
            path = tmp_path / f"{number}.{kind}"
            model.save(path)
            totals = infer(load(path)).totals
            assert (totals.params, "params" in totals.incomplete) == (model.count_params(), False), (dtype, name, kind)


def test_operations_in_hdf5_files(tmp_path: Path) -> None:
    """An HDF5 file does not contain the modules of operations, and some operations have the same names as layers."""
    import keras
    import numpy as np

    start = x = keras.Input((6, 4))
    x = x + np.ones((6, 4))
    x = keras.ops.subtract(keras.layers.Dense(3)(x), 2)
    x = keras.ops.concatenate([x, keras.ops.multiply(x, x)], axis=-1)
    x = keras.layers.Add()([x, keras.ops.softmax(x)])
    x = keras.ops.cast(keras.ops.mean(x, axis=1, keepdims=True), "float16")[:, 0]
    model = keras.Model(start, keras.ops.reshape(x, (-1, 2, 3)))
    model.save(tmp_path / "m.h5")
    report = infer(load(tmp_path / "m.h5"))
    shapes = {row.name: [list(map(_size, shape)) for shape in row.output_shapes or ()] for row in report.layers}
    assert shapes == {layer.name: [list(layer.output.shape)] for layer in model._operations}
    assert report.totals.trainable_params == model.count_params()
    assert not report.totals.incomplete


def _size(size: Any) -> int | None:
    return size if isinstance(size, int) else None


def test_layers_after_a_custom_layer_in_files_of_keras_2(tmp_path: Path) -> None:
    keras = pytest.importorskip("tf_keras")
    layers = keras.layers

    class Ident(layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x + 0.0

    class Spectral(layers.Wrapper):  # type: ignore[misc]
        def build(self, shape: Any) -> None:
            super().build(shape)
            # this weight is also in the inner layer, so an archive stores it twice
            self.w = self.layer.kernel

        def call(self, x: Any) -> Any:
            return self.layer(x)

    cases: list[tuple[Any, tuple[int, ...]]] = [
        (layers.Dense(7), (4, 5)),
        (layers.BatchNormalization(axis=1), (3, 4, 4)),
        (layers.Conv2D(6, 3, groups=3), (8, 8, 6)),
        (layers.SeparableConv2D(5, 3), (8, 8, 3)),
        (layers.GRU(4, reset_after=False), (5, 3)),
        (layers.Bidirectional(layers.LSTM(3)), (5, 4)),
        (layers.ConvLSTM2D(3, 2), (4, 6, 6, 2)),
        (layers.TimeDistributed(layers.Conv2D(3, 2)), (5, 4, 4, 2)),
        (layers.PReLU(shared_axes=[1, 2]), (4, 4, 5)),
        (layers.ReLU(), (5,)),
        (layers.Flatten(), (5, 3)),
        (layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 1.0]), (2,)),
    ]
    for number, (layer, shape) in enumerate(cases):
        start = layers.Input(shape)
        model = keras.Model(start, layer(Spectral(layers.Dense(shape[-1]))(Ident()(start))))
        trainable = sum(weight.numpy().size for weight in layer.trainable_weights)
        for kind in ("keras", "h5"):
            path = tmp_path / f"{number}.{kind}"
            model.save(path)
            report = infer(load(path))
            assert report.totals.params == model.count_params(), (layer, kind)
            assert (report.layers[-1].params, report.layers[-1].trainable_params) == (layer.count_params(), trainable)
