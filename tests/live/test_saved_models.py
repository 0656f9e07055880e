"""Compares convcalc's totals and rows for SavedModels with the models that Keras 2 (tf_keras) and Keras 3 saved."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.checking.verify import verify
from convcalc.read import load
from convcalc.read.keras_files.weights import stored_weights

pytestmark = pytest.mark.keras

KINDS = ("sequential", "functional", "subclassed", "functional", "subclassed")


def count(variables: Any) -> int:
    return sum(int(variable.shape.num_elements()) for variable in {id(v): v for v in variables}.values())


def compare(report: Report, live: Any, path: Path) -> int:
    """Compares a report with a model of Keras 2. Returns the number of rows whose output shape is unknown."""
    weights, trainable = count(live.weights), count(live.trainable_weights)
    assert (report.totals.params, report.totals.trainable_params) == (weights, trainable)
    assert not {"params", "trainable_params", "non_trainable_params"} & set(report.totals.incomplete)
    rows = {row.name: row for row in report.layers if row.depth == 0}
    unknown = 0
    for layer in live.layers:
        row = rows.pop(layer.name, None)
        assert row is not None, layer.name
        # A layer that was never built has no weights in the file, so convcalc shows 0 parameters.
        assert row.params == (count(layer.weights) if layer.built else 0), layer.name
        shape = getattr(layer, "output_shape", None) if report.model.outputs else None
        shape = shape[0] if isinstance(shape, list) else shape
        if row.output_shapes[0] is None:
            unknown += 1
        elif isinstance(shape, tuple):
            assert tuple(None if size is UNKNOWN else size for size in row.output_shapes[0]) == shape, layer.name
    assert not [name for name, row in rows.items() if name != "vars" and row.class_name != "InputLayer"]
    assert not [problem for problem in report.problems if problem.code == "recorded-shape"]
    assert verify(report, stored_weights(path, report.model)).problems == ()
    return unknown


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.slow] * (n >= 10)) for n in range(40)])
def test_saved_models_of_keras_2(seed: int, tmp_path: Path, tell: Any) -> None:
    import tf_keras

    from tests.live.saved_models import random_model

    tf_keras.backend.clear_session()
    try:
        live = random_model(Random(seed), KINDS[seed % len(KINDS)])
    except ValueError as refused:
        pytest.skip(f"Keras cannot build the random model: {str(refused)[:100]}")
    live.save(tmp_path / "m", save_format="tf")
    unknown = compare(infer(load(tmp_path / "m")), live, tmp_path / "m")
    tell(f"SavedModel {seed}: {len(live.layers)} rows, {unknown} with an unknown output shape")


def test_a_model_that_keras_3_exports(tmp_path: Path) -> None:
    import keras

    start = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3)(start)
    inner = [keras.layers.Dense(3), keras.layers.Dropout(0.2), keras.layers.BatchNormalization()]
    y = keras.Sequential(inner)(keras.layers.Flatten()(x))
    live = keras.Model(start, keras.layers.Dense(2, trainable=False)(y))
    live.compile("adam", "mse", metrics=["mae"])
    live.export(tmp_path / "m", verbose=False)
    report = infer(load(tmp_path / "m"))
    assert report.totals.params == live.count_params()
    assert report.totals.trainable_params == sum(weight.value.shape.num_elements() for weight in live.trainable_weights)
    layers = {layer.name: layer.count_params() for layer in live.layers if layer.count_params()}
    assert {row.name: row.params for row in report.layers if row.depth == 0} == layers
