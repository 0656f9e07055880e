"""Compares the layers and models of other packages that convcalc declares with the packages themselves."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convcalc import infer
from convcalc.analyse import Report
from convcalc.base.numbers import UNKNOWN
from convcalc.read import load, read
from convcalc.read.third_party import FILES, _layers

pytestmark = pytest.mark.keras

BERT = {"vocabulary_size": 100, "num_layers": 3, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12}


def _layers_of(hub: Any, keras: Any) -> Iterator[tuple[str, Any]]:
    """Yields models with a layer of the package, by the name of its declaration."""
    layers = hub.layers

    def model(shape: tuple[Any, ...], layer: Any, dtype: str = "float32") -> Any:
        first = keras.Input(shape, dtype=dtype)
        last = layer(first)
        return keras.Model(first, keras.layers.Dense(2)(last))

    for length in (5, None):
        yield "PositionEmbedding", model((length, 8), layers.PositionEmbedding(6))
        yield "TokenAndPositionEmbedding", model((length,), layers.TokenAndPositionEmbedding(10, 6, 8), "int32")
        yield "TransformerEncoder", model((length, 8), layers.TransformerEncoder(12, 2))
        yield "TransformerDecoder", model((length, 8), layers.TransformerDecoder(12, 2, normalize_first=True))
        yield "SinePositionEncoding", model((length, 8), layers.SinePositionEncoding())
        yield "RotaryEmbedding", model((length, 8), layers.RotaryEmbedding())
    tied = layers.TokenAndPositionEmbedding(10, 6, 8, tie_weights=False, mask_zero=True)
    yield "TokenAndPositionEmbedding", model((5,), tied, "int32")
    yield "PositionEmbedding", model((2, 5, 8), layers.PositionEmbedding(6))
    yield "RotaryEmbedding", model((5, 2, 8), layers.RotaryEmbedding(rope_type="yarn"))
    first = layers.TransformerEncoder(7, 3, normalize_first=True, activation="gelu", dropout=0.1)
    yield "TransformerEncoder", model((5, 10), first)
    yield "TransformerEncoder", model((5, 8), layers.TransformerEncoder(12, 2, dtype="mixed_bfloat16"))


def _models_of(hub: Any, keras: Any) -> Iterator[tuple[str, Any]]:
    """Yields whole models of the package, by the name of their declarations."""
    variants: list[tuple[str, dict[str, Any]]] = [
        ("BertBackbone", BERT),
        ("BertBackbone", {**BERT, "num_segments": 4, "max_sequence_length": 16, "dtype": "bfloat16"}),
        ("GPT2Backbone", BERT),
        ("GPT2Backbone", {**BERT, "num_layers": 1, "max_sequence_length": 16}),
    ]
    for name, arguments in variants:
        keras.utils.clear_session()  # the config has no names of operations: they are those of a new session
        yield name, getattr(hub.models, name)(**arguments)


def _compare(report: Report, model: Any) -> None:
    assert not report.problems, report.problems
    rows = [row for row in report.layers if row.depth == 0]
    assert [(row.name, row.class_name) for row in rows] == [
        (layer.name, type(layer).__name__) for layer in _ordered(model)
    ]
    for row, layer in zip(rows, _ordered(model)):
        output = layer.output
        shapes = [list(tensor.shape) for tensor in (output if isinstance(output, list) else [output])]
        found = [[None if size is UNKNOWN else size for size in shape or ()] for shape in row.output_shapes]
        assert found == shapes, layer.name
        params = layer.count_params() if hasattr(layer, "count_params") else 0  # an operation has no weights
        assert row.params == params, layer.name
    trainable = sum(int(_product(weight.shape)) for weight in model.trainable_weights)
    assert (report.totals.params, report.totals.trainable_params) == (model.count_params(), trainable)


def _ordered(model: Any) -> list[Any]:
    """Returns the layers in the order of Keras's summary."""
    by_depth = model._layers if not hasattr(model, "_operations_by_depth") else None
    if by_depth is not None:
        return list(by_depth)
    return [
        layer
        for depth in sorted(model._operations_by_depth, reverse=True)
        for layer in model._operations_by_depth[depth]
    ]


def _product(shape: Any) -> int:
    result = 1
    for size in shape:
        result *= size
    return result


def test_layers_of_keras_hub(tmp_path: Path) -> None:
    hub, keras = pytest.importorskip("keras_hub"), importlib.import_module("keras")
    tried = set()
    for name, model in _layers_of(hub, keras):
        tried.add(f"keras_hub>{name}")
        _compare(infer(read(model.to_json().encode(), name)), model)
        model.save(tmp_path / "model.keras")
        _compare(infer(load(tmp_path / "model.keras")), model)
    for name, model in _models_of(hub, keras):
        tried.add(f"keras_hub>{name}")
        _compare(infer(read(model.to_json().encode(), name)), model)
        model.save(tmp_path / "model.keras")
        _compare(infer(load(tmp_path / "model.keras")), model)
    assert tried == {*_layers("keras_hub.yaml").declared}


def test_a_decoder_with_two_inputs_stays_unknown() -> None:
    hub, keras = pytest.importorskip("keras_hub"), importlib.import_module("keras")
    first, second = keras.Input((5, 8)), keras.Input((4, 8))
    model = keras.Model([first, second], hub.layers.TransformerDecoder(12, 2)(first, second))
    report = infer(read(model.to_json().encode(), "model.json"))
    assert report.layers[-1].params is UNKNOWN
    assert "takes 1 input, not 2" in str(report.problems[0])


def test_every_file_of_declarations_is_compared() -> None:
    assert FILES == ("keras_hub.yaml",)
