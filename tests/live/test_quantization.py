"""Tests models that Keras quantized, and models whose dtype policies are objects.

The results of convcalc and Keras for the same files must be equal. By default, the tests use only some pairs of a model
and a way to quantize it; ``CONVCALC_QUANTIZED=all`` uses all pairs.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.problems import ConvcalcError
from convcalc.layers.dtypes import BITS
from convcalc.read import load
from convcalc.write.spec import spec_yaml
from tests.live import cases_quantization as cases
from tests.live.session import fresh
from tests.live.written import executed, loaded

pytestmark = pytest.mark.keras

ALL = os.environ.get("CONVCALC_QUANTIZED") == "all"


class Refused(Exception):
    """Raised if Keras cannot read its own file."""


def _layers(model: Any) -> list[Any]:
    """Returns the layers of a model, including the layers of nested models. Layers inside other layers are left out."""
    import keras

    return [
        inner
        for layer in model.layers
        for inner in (_layers(layer) if isinstance(layer, (keras.Sequential, keras.Model)) else [layer])
    ]


def _theirs(model: Any) -> dict[str, Any]:
    trained = {id(weight) for weight in model.trainable_weights}

    def row(weight: Any) -> tuple[Any, ...]:
        return weight.name, tuple(weight.shape), str(weight.dtype), id(weight) in trained

    def size(weights: Any) -> int:
        return sum(math.prod(weight.shape) * BITS[str(weight.dtype)] // 8 for weight in weights)

    return {
        "weights": {layer.name: sorted(map(row, layer.weights)) for layer in _layers(model) if layer.weights},
        "params": model.count_params(),
        "trainable": sum(math.prod(weight.shape) for weight in model.trainable_weights),
        "bytes": (size(model.weights), size(model.trainable_weights)),
        "output": [(tuple(tensor.shape), tensor.dtype) for tensor in model.outputs],
    }


def _ours(report: Any) -> dict[str, Any]:
    from convcalc.base.numbers import UNKNOWN

    def row(weight: Any) -> tuple[Any, ...]:
        return weight.name.rpartition("/")[2], weight.shape, weight.dtype, weight.trainable

    outputs = [
        (tuple(None if size is UNKNOWN else size for size in report.run.shape(ref)), report.run.dtype(ref))
        for ref in report.model.outputs
    ]
    totals = report.totals
    return {
        "weights": {row_.name: sorted(map(row, row_.weights)) for row_ in report.layers if row_.weights},
        "params": totals.params,
        "trainable": totals.trainable_params,
        "bytes": (totals.param_bytes, totals.trainable_bytes),
        "output": outputs,
    }


def _read_by_keras(text: str) -> Any:
    import keras

    fresh(free_memory=False)
    return keras.models.model_from_json(text)


def _difference(model: Any, path: Path) -> str | None:
    """Writes the model to a file, reads it with Keras and convcalc, and returns the first difference or None."""
    text = model.to_json()
    path.write_text(text)
    try:
        theirs = _theirs(_read_by_keras(text))
    except Exception as refused:
        raise Refused(str(refused)) from None
    try:
        ours = _ours(infer(load(path)))
    except ConvcalcError as refused:
        return f"refused: {refused}"
    return next((f"{key}: keras {theirs[key]}, ours {ours[key]}" for key in theirs if theirs[key] != ours[key]), None)


def _pairs() -> list[tuple[str, str]]:
    """Returns pairs of a model and a way to quantize it.

    Without ``ALL``, only some pairs. Each model and each way is in at least one pair.
    """
    every = [(model, way) for model in cases.models() for way in cases.ways()]
    return every if ALL else every[:: len(cases.ways()) + 1]


def test_models_that_keras_quantized(tmp_path: Path, tell) -> None:
    models, ways = cases.models(), cases.ways()
    differences, refused, same_in_memory, count = [], 0, 0, 0
    for name, way in _pairs():
        fresh(free_memory=False)
        model = models[name]()
        ways[way](model)
        count += 1
        try:
            difference = _difference(model, tmp_path / "model.json")
        except Refused:
            refused += 1
            continue
        if difference is not None:
            differences.append(f"{name}, {way}: {difference}")
        # The file lacks some facts: Attention does not save how its layers are quantized, and layers without
        # calibration keep their kernel.
        same_in_memory += _ours(infer(load(tmp_path / "model.json"))) == _theirs(model)
    tell(
        f"quantized: {count} models ({refused} refused by Keras), {same_in_memory} as in memory, {len(differences)} differ"
    )
    assert not differences, "\n".join(differences[:10])
    assert refused < count * 0.1
    assert same_in_memory > count * 0.5


def test_archives_of_quantized_models(tmp_path: Path, tell) -> None:
    """Tests only archives that Keras can load again."""
    import keras

    models, ways = cases.models(), cases.ways()
    pairs = _pairs() if ALL else _pairs()[::2]
    count, differences = 0, []
    for name, way in pairs:
        fresh(free_memory=False)
        model = models[name]()
        ways[way](model)
        path = tmp_path / "model.keras"
        try:
            model.save(path)
            theirs = _theirs(keras.models.load_model(path))
        except Exception:
            continue
        count += 1
        ours = _ours(infer(load(path)))
        if ours != theirs:
            differences.append(f"{name}, {way}: keras {theirs}, ours {ours}")
    tell(f"quantized archives: {count}, {len(differences)} differ")
    assert not differences, "\n".join(differences[:10])
    assert count > len(pairs) * 0.4


def _policies() -> dict[str, Any]:
    from keras import dtype_policies as policies

    def mapped(default: Any = None, **by_path: Any) -> Any:
        result = policies.DTypePolicyMap(default_policy=default)
        for path, policy in by_path.items():
            result[path.replace("__", "/")] = policy
        return result

    return {
        "float16": policies.DTypePolicy("float16"),
        "history 16": policies.QuantizedFloat8DTypePolicy("float8", "float32", amax_history_length=16),
        "history 1": policies.QuantizedFloat8DTypePolicy("float8", "bfloat16", amax_history_length=1),
        "int8 of mixed": policies.QuantizedDTypePolicy("int8", "mixed_bfloat16"),
        "int4 of bfloat16": policies.Int4DTypePolicy("int4/2", "bfloat16"),
        "int4 without blocks": policies.QuantizedDTypePolicy("int4", "float16"),
        "gptq": policies.GPTQDTypePolicy("gptq/4/2", "float32"),
        "gptq 2 bits": policies.GPTQDTypePolicy("gptq/2/-1", "float16"),
        "awq": policies.AWQDTypePolicy("awq/4/3", "float32"),
        "map": mapped("float16"),
        "map of int8": mapped("int8_from_float32"),
        "map of int4": mapped("int4/2_from_bfloat16"),
        "map of float8": mapped(policies.QuantizedFloat8DTypePolicy("float8", "float32", amax_history_length=16)),
        "map without default": mapped(),
        "map by path": mapped("float32", x="int8_from_bfloat16"),
        "map by path without default": mapped(x="int4/2_from_float32"),
        "map by pattern": mapped("float32", **{"x.*": "bfloat16"}),
        "map of other paths": mapped("float32", y="float16", x__y="float16"),
        "map of inner": mapped("float32", x__query="int8_from_bfloat16", x__attention_output="float16"),
        "map of inner by pattern": mapped("float16", **{".*__key": "float8_from_float32", "x__value": "bfloat16"}),
        "map of cells": mapped("float32", x__lstm_cell="float16", x__gru_cell="float64"),
        "map of cells by pattern": mapped("float64", **{"x__.*cell": "float32"}),
    }


def _layers_with(policy: Any) -> dict[str, Any]:
    """Returns functions that build models, by the name of a layer's class. The model contains one such layer, with this
    policy.

    Most of these layers are named x.
    """
    import keras
    from keras import layers

    def of(layer: Any, shape: Any, dtype: str = "float32", count: int = 1) -> Any:
        x = keras.Input(shape, dtype=dtype)
        return keras.Model(x, layer(*[x] * count))

    options = {"dtype": policy, "name": "x"}
    sequence, image = (5, 6), (8, 8, 3)
    return {
        "Dense": lambda: of(layers.Dense(5, **options), (6,)),
        "Dense in Sequential": lambda: keras.Sequential([keras.Input((6,)), layers.Dense(5, **options)]),
        "Dense in nested": lambda: of(keras.Sequential([keras.Input((6,)), layers.Dense(5, **options)]), (6,)),
        "Dense in TimeDistributed": lambda: of(layers.TimeDistributed(layers.Dense(5, **options)), sequence),
        "TimeDistributed": lambda: of(layers.TimeDistributed(layers.Dense(5), **options), sequence),
        "EinsumDense": lambda: of(layers.EinsumDense("abc,cd->abd", (None, 7), bias_axes="d", **options), sequence),
        "Embedding": lambda: of(layers.Embedding(7, 5, **options), (4,), "int32"),
        "MultiHeadAttention": lambda: of(layers.MultiHeadAttention(2, 3, **options), sequence, count=2),
        "GroupQueryAttention": lambda: of(
            layers.GroupQueryAttention(3, 4, 2, use_gate=True, **options), sequence, count=2
        ),
        "LSTM": lambda: of(layers.LSTM(3, **options), sequence),
        "GRU": lambda: of(layers.GRU(3, return_sequences=True, **options), sequence),
        "Bidirectional": lambda: of(layers.Bidirectional(layers.LSTM(3, **options)), sequence),
        "RNN": lambda: of(layers.RNN(layers.GRUCell(3, **options)), sequence),
        "ConvLSTM1D": lambda: of(layers.ConvLSTM1D(2, 2, **options), (5, 6, 2)),
        "Conv2D": lambda: of(layers.Conv2D(3, 2, **options), image),
        "SeparableConv1D": lambda: of(layers.SeparableConv1D(3, 2, **options), sequence),
        "BatchNormalization": lambda: of(layers.BatchNormalization(**options), image),
        "LayerNormalization": lambda: of(layers.LayerNormalization(**options), sequence),
        "RMS": lambda: of(layers.LayerNormalization(rms_scaling=True, scale=False, **options), sequence),
        "PReLU": lambda: of(layers.PReLU(**options), sequence),
        "Dropout": lambda: of(layers.Dropout(0.2, **options), sequence),
        "ReLU": lambda: of(layers.ReLU(**options), sequence),
        "Flatten": lambda: of(layers.Flatten(**options), sequence),
        "Rescaling": lambda: of(layers.Rescaling(0.5, **options), sequence),
        "Pipeline": lambda: of(layers.Pipeline([layers.Dropout(0.1), layers.Rescaling(0.5, **options)]), sequence),
        "MaxPooling2D": lambda: of(layers.MaxPooling2D(**options), image),
        "Activation": lambda: of(layers.Activation("relu", **options), sequence),
    }


@pytest.mark.parametrize("policy", sorted(_policies()) if os.environ.get("CONVCALC_LIVE_POLICIES") else [None])
def test_policy_objects(policy: str | None, tmp_path: Path, tell) -> None:
    differences, refused, count = [], 0, 0
    names = [policy] if policy else sorted(_policies())
    for number, name in enumerate(names):
        makers = list(_layers_with(None))
        for layer in makers if ALL or policy else makers[number % 3 :: 3]:
            fresh(free_memory=False)
            count += 1
            try:
                difference = _difference(_layers_with(_policies()[name])[layer](), tmp_path / "model.json")
            except Exception:  # Keras refuses the policy for this layer, or cannot read its own file
                refused += 1
                continue
            if difference is not None:
                differences.append(f"{layer}, {name}: {difference}")
    tell(f"policy objects: {count} layers ({refused} refused by Keras), {len(differences)} differ")
    assert not differences, "\n".join(differences[:10])
    assert refused < count * 0.4


@pytest.mark.parametrize(
    "dtypes", [["uint8"], ["int16", "float16"], ["float64", "int64"], ["bool"], ["bfloat16", None]]
)
def test_the_inner_dtypes_of_a_pipeline(dtypes: list[Any], tmp_path: Path) -> None:
    import keras
    from keras import layers

    count = 0
    for given in ("float32", "uint8", "float16"):
        x = keras.Input((4, 3), dtype=given)
        for first in (layers.Rescaling(0.5), layers.Flatten(), layers.Dropout(0.1)):
            pipeline = layers.Pipeline([first, *(layers.Rescaling(0.5, dtype=dtype) for dtype in dtypes)])
            try:
                model = keras.Model(x, pipeline(x))
            except Exception:  # Keras refuses some dtypes: Dropout needs floats, and Rescaling cannot scale booleans
                continue
            count += 1
            assert _difference(model, tmp_path / "model.json") is None
    assert count > 2 or dtypes == ["bool"]


WRITTEN = ["dense lora", "embedding", "untied", "einsum heads", "transformer", "deep", "time distributed", "tied"]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_the_same_model(name: str, tmp_path: Path) -> None:
    """convcalc writes a quantized model as config, code and spec. Keras builds the same model from the config and the
    code.
    """
    path = tmp_path / "model.json"
    ways = cases.ways()
    for way in ways if ALL else list(ways)[WRITTEN.index(name) % 2 :: 2]:
        fresh(free_memory=False)
        model = cases.models()[name]()
        ways[way](model)
        text = model.to_json()
        path.write_text(text)
        try:
            theirs = _theirs(_read_by_keras(text))
        except (NotImplementedError, AttributeError):
            # Keras cannot load a layer with LoRA that was quantized with gptq or awq
            continue
        report = infer(load(path))
        assert _theirs(loaded(report)) == theirs, way
        assert _theirs(executed(report)) == theirs, way
        spec = tmp_path / "model.yaml"
        spec.write_text(spec_yaml(report))
        assert _ours(infer(load(spec))) == theirs, way


def test_policy_objects_are_written(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    for name in ("history 16", "map of inner", "map of cells", "map of inner by pattern"):
        for layer in ("Dense", "MultiHeadAttention", "LSTM", "Dense in TimeDistributed"):
            text = _layers_with(_policies()[name])[layer]().to_json()
            path.write_text(text)
            report = infer(load(path))
            theirs = _theirs(_read_by_keras(text))
            assert _theirs(loaded(report)) == theirs, (name, layer)
            assert _theirs(executed(report)) == theirs, (name, layer)
            spec = tmp_path / "model.yaml"
            spec.write_text(spec_yaml(report))
            assert _ours(infer(load(spec))) == theirs, (name, layer)
