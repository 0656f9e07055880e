"""Tests ``summary --verify`` with files written by the installed Keras. Some of the configs are changed afterwards.

``CONVCALC_VERIFY=1000 pytest -m keras tests/live/test_verify.py`` tries more random models.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from convcalc import Report, infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.checking.verify import VerifyResult, verify
from convcalc.layers import find
from convcalc.read import load
from convcalc.read.keras_files.weights import stored_weights
from tests.live.build import count
from tests.live.cases import FAMILIES, cases
from tests.live.judge import Case, _called, _made, _settings
from tests.live.models import grow, keras_model

pytestmark = pytest.mark.keras

COUNT = int(os.environ.get("CONVCALC_VERIFY", "100"))
EACH = 40  # the number of cases of a family
KINDS = ("keras", "h5")
APPLICATIONS = (
    "ConvNeXtTiny",
    "DenseNet121",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "NASNetMobile",
    "ResNet50V2",
    "Xception",
)


def verified(path: Path) -> VerifyResult:
    model = load(path)
    return verify(infer(model), stored_weights(path, model))


def disagreement(model: Any, path: Path) -> str | None:
    """Writes the model to a file with Keras. Returns convcalc's wrong results for this file as a text; "" if all are
    right.

    Returns None if Keras cannot write the file. If Keras cannot load it, convcalc is right to report problems. Example: archives of
    layers with a gptq or awq policy in Keras 3.15.
    """
    try:
        model.save(path)
    except Exception:  # some models cannot be stored in HDF5 files
        return None
    try:
        result = verified(path)
    except ConvcalcError as refused:
        return f"we refuse what Keras wrote: {refused}"
    if result.problems and not loads(path):
        return ""
    said = "; ".join(map(str, result.problems))
    weights = len({id(weight) for weight in model.weights})
    return said if said or result.weights == weights else f"{result.weights} weights, and Keras has {weights}"


def loads(path: Path) -> bool:
    """Returns True if Keras can load the file."""
    import keras

    try:
        keras.models.load_model(path, compile=False)
    except Exception:
        return False
    return True


def model_of(case: Case) -> Any:
    """Returns a Keras model of one layer, or None if Keras refuses the layer."""
    import keras

    try:
        cls = getattr(keras.layers, case.name)
        layer = cls(**{name: _made(name, value) for name, value in case.args.items()}, **_settings(cls, case))
        inputs = [keras.Input(tuple(s[1:]), batch_size=s[0], dtype=case.dtype) for s in case.shapes]
        return keras.Model(inputs, _called(layer, find(case.name), inputs, case.call))
    except Exception:
        return None


# Input layers have no weights.
@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"inputs"}))
def test_a_layer_of_each_class(family: str, tmp_path: Path, tell: Any) -> None:
    import keras

    result, compared, seen = [], 0, set()
    for case in cases(family, 1, EACH):
        keras.backend.clear_session()
        if (model := model_of(case)) is None:
            continue
        for kind in KINDS:
            said = disagreement(model, tmp_path / f"model.{kind}")
            if said is not None:
                compared += 1
                seen.add(case.name)
                result += [f"{kind}: {case}: {said}"] if said else []
    tell(f"weights, {family}: {len(seen)} classes, {compared} files, {len(result)} disagreements")
    assert compared
    assert not result, "\n".join(result[:10])


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application(name: str, tmp_path: Path, tell: Any) -> None:
    import keras

    keras.backend.clear_session()
    model = getattr(keras.applications, name)(weights=None)
    said = [disagreement(model, tmp_path / f"model.{kind}") for kind in KINDS]
    tell(f"weights of {name}: {len(model.weights)}, {'equal' if said == ['', ''] else 'NOT equal'}")
    assert said == ["", ""]


# Changed configs ------------------------------------------------------------------------------------------------------


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes only the config in an archive."""
    with zipfile.ZipFile(path) as packed:
        members = {info.filename: packed.read(info) for info in packed.infolist()}
    config = json.loads(members["config.json"])
    change(config)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)


def test_a_changed_config_is_detected(tmp_path: Path) -> None:
    import keras

    keras.backend.clear_session()
    model = keras.applications.MobileNetV2(weights=None)
    names = {layer.name: layer for layer in model.layers}
    for name, setting, value in (
        ("Conv1", "filters", 33),
        ("Conv1", "use_bias", True),
        ("bn_Conv1", "scale", False),
        ("expanded_conv_depthwise", "kernel_size", [5, 5]),
        ("block_16_project", "filters", 321),
        ("predictions", "units", 10),
    ):
        model.save(tmp_path / "model.keras")

        def change(config: dict[str, Any], name: str = name, setting: str = setting, value: Any = value) -> None:
            (entry,) = [each for each in config["config"]["layers"] if each["name"] == name]
            entry["config"][setting] = value

        rewritten(tmp_path / "model.keras", change)
        blamed = [problem.layer for problem in verified(tmp_path / "model.keras").problems]
        assert blamed[:1] == [name]
        # Only the changed layer is reported. But ``filters`` also changes later layers.
        assert len(blamed) == (1 if setting != "filters" else len(blamed)) < len(names)


def test_a_layer_that_is_removed_or_inserted(tmp_path: Path) -> None:
    import keras

    keras.backend.clear_session()
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6, name="a"), keras.layers.Dense(6, name="b")])
    path = tmp_path / "model.keras"
    model.save(path)
    rewritten(path, lambda config: config["config"]["layers"].pop())
    assert [problem.code for problem in verified(path).problems] == ["weights-left"]
    model.save(path)
    rewritten(path, lambda config: config["config"]["layers"].append(entry_of(keras.layers.Dense(2, name="c"))))
    (problem,) = verified(path).problems
    assert (problem.layer, problem.message.partition(" has ")[2]) == (
        "c",
        "kernel (6, 2) and bias (2,), which the file does not store",
    )


def entry_of(layer: Any) -> dict[str, Any]:
    import keras

    entry: dict[str, Any] = keras.saving.serialize_keras_object(layer)
    return entry


# Random models --------------------------------------------------------------------------------------------------------


def widened(random: Random, config: dict[str, Any]) -> str | None:
    """Makes one layer of the model wider. Returns the layer's name, or None if no layer has a width.

    Layers of nested models are not changed.
    """
    wide = [each for each in config["config"]["layers"] if {"units", "filters"} & each["config"].keys()]
    if not wide:
        return None
    entry = random.choice(wide)
    setting = "units" if "units" in entry["config"] else "filters"
    entry["config"][setting] += 1
    return str(entry["config"]["name"])


def test_random_models(tell: Any, tmp_path: Path) -> None:
    import keras

    failed, models, files, changed, seed = [], 0, 0, 0, 0
    while models < COUNT and seed < 3 * COUNT:
        seed += 1
        random = Random(seed)
        keras.backend.clear_session()
        try:
            model = keras_model(grow(random))
        except Exception:  # Keras refuses the model; test_models.py tests such models
            continue
        models += 1
        for kind in KINDS:
            said = disagreement(model, tmp_path / f"model.{kind}")
            files += said is not None
            failed += [f"{seed} ({kind}): {said}"] if said else []
        names: list[str | None] = []
        rewritten(tmp_path / "model.keras", lambda config: names.append(widened(random, config)))  # noqa: B023
        if names == [None]:
            continue
        try:
            blamed = {problem.layer for problem in verified(tmp_path / "model.keras").problems}
        except ConvcalcError:  # later layers refuse the new width
            continue
        changed += 1
        failed += [] if names[0] in blamed else [f"{seed}: '{names[0]}' is wider, and {blamed} is blamed"]
    tell(f"weights of {models} random models: {files} files, {changed} changed configs, {len(failed)} disagreements")
    assert models == COUNT
    assert files > 1.4 * COUNT
    assert changed > COUNT / 10
    assert not failed, "\n".join(failed[:12])


# Trained models, shared layers, files of Keras 2 ----------------------------------------------------------------------


def test_a_trained_model(tmp_path: Path) -> None:
    """Tests a model with an optimizer, metrics, random generators, and LoRA.

    The model contains several layers of one class, and a nested model that has its own optimizer.
    """
    import keras
    import numpy as np

    keras.backend.clear_session()
    layers = keras.layers
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(8), layers.Dropout(0.5), layers.Dense(8)])
    inner.compile("adam", "mse")
    inner.fit(np.zeros((2, 8)), np.zeros((2, 8)), verbose=0)
    low = layers.Dense(4)
    x = start = keras.Input((8,))
    x = keras.ops.add(inner(inner(x)), 1.0)
    x = layers.BatchNormalization()(layers.GaussianNoise(0.1)(low(x)))
    model = keras.Model(start, layers.Dense(8)(x))
    low.enable_lora(2)
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.zeros((2, 8)), np.zeros((2, 8)), verbose=0)
    for kind in KINDS:
        assert disagreement(model, tmp_path / f"model.{kind}") == ""


def test_models_that_share_layers(tmp_path: Path) -> None:
    """Keras stores and counts a shared layer once. convcalc's summary shows it in the rows of each model that has it.

    Keras 3.15 cannot load the archive of such a model, but it can load the HDF5 file.
    """
    import keras

    keras.backend.clear_session()
    x = start = keras.Input((8,))
    for _ in range(3):
        x = keras.layers.Dense(8)(x)
    whole = keras.Model(start, x)
    part = keras.Model(whole.input, whole.layers[2].output)
    other = keras.Input((8,))
    model = keras.Model(other, [whole(other), part(other)])
    for kind in KINDS:
        path = tmp_path / f"model.{kind}"
        model.save(path)
        shared = {problem.layer for problem in verified(path).problems}
        assert shared == (set() if loads(path) else {"functional_1/dense", "functional_1/dense_1"})


def test_files_of_keras_2(tmp_path: Path) -> None:
    import numpy as np
    import tf_keras as keras

    layers = keras.layers
    start = keras.Input((6, 6, 4))
    inner = keras.Sequential([keras.Input((6, 6, 4)), layers.Dense(4, name="in/side"), layers.Dropout(0.5)])
    x = layers.Reshape((36, 4))(inner(layers.RandomFlip()(start)))
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True, dropout=0.1))(x)
    x = layers.Normalization()(layers.BatchNormalization()(layers.MultiHeadAttention(2, 3)(x, x)) + 1.0)
    twice = layers.Dense(3, name="block/twice")
    model = keras.Model(start, twice(twice(layers.Dense(3, name="block")(x))))
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.zeros((1, 6, 6, 4)), np.zeros((1, 36, 3)), verbose=0)
    for kind in KINDS:
        assert disagreement(model, tmp_path / f"model.{kind}") == ""


# Custom layers --------------------------------------------------------------------------------------------------------


def own_layer(**settings: Any) -> Any:
    """Returns a layer of an unknown class.

    The layer has variables, a layer, a list of layers, and a layer that draws random numbers.
    """
    import keras

    class Mine(keras.layers.Layer):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.dense = keras.layers.Dense(8)
            self.blocks = [keras.layers.Dense(8, use_bias=False), keras.layers.BatchNormalization()]
            self.noise = keras.layers.Dropout(0.5)
            self.numbers = keras.random.SeedGenerator(1)

        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(name="scale", shape=(shape[-1],))
            self.steps = self.add_weight(name="steps", shape=(), trainable=False)
            for layer in (self.dense, *self.blocks):
                layer.build(shape)

        def call(self, x: Any) -> Any:
            return self.noise(self.blocks[1](self.blocks[0](self.dense(x)))) * self.scale

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return Mine(**settings)


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", ["functional", "sequential"])
def test_a_custom_layer_has_its_parameters(shape: str, kind: str, trainable: bool, tmp_path: Path) -> None:
    import keras

    keras.backend.clear_session()
    mine = own_layer(name="mine", trainable=trainable)
    start = keras.Input((8,))
    # An HDF5 file does not store the output shape of ``mine``, so no layer with weights may follow it.
    if shape == "sequential":
        model = keras.Sequential([start, keras.layers.Dense(8), keras.layers.Dense(8), mine])
    else:
        model = keras.Model(start, keras.layers.Dense(3)(mine(keras.layers.Dense(8)(start))))
    model.save(tmp_path / f"model.{kind}")
    report = infer(load(tmp_path / f"model.{kind}"))
    (row,) = [row for row in report.layers if row.name == "mine"]
    assert row.params == mine.count_params() == 8 * 8 + 8 + 8 * 8 + 4 * 8 + 8 + 1
    assert row.trainable_params == (UNKNOWN if trainable else count(mine.trainable_weights))
    assert report.totals.params == model.count_params()
    result = verified(tmp_path / f"model.{kind}")
    assert (result.layers, result.unknown) == (2, 1)


def test_a_custom_layer_in_a_nested_nested_model(tmp_path: Path) -> None:
    import keras

    keras.backend.clear_session()
    start = keras.Input((8,))
    model = keras.Sequential([start, keras.Sequential([keras.Input((8,)), own_layer()]), keras.layers.Dense(3)])
    model.save(tmp_path / "model.keras")
    report: Report = infer(load(tmp_path / "model.keras"))
    assert report.totals.params == model.count_params()
    assert verified(tmp_path / "model.keras") == VerifyResult(weights=2, layers=1, unknown=1, problems=())
