"""Tests that converted models keep arguments that change the Keras model, but no shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.base.numbers import plain_shape
from convcalc.base.problems import ConvcalcError
from convcalc.read import read
from convcalc.write import FORMATS
from tests.helpers.keras_configs import DENSE, functional, layer, sequential


@pytest.mark.parametrize(
    "flags", [{"sparse": True}, {"optional": True}, {"ragged": True}, {"sparse": True, "optional": True}]
)
def test_the_flags_of_an_input_are_written(flags: dict[str, bool]) -> None:
    """These arguments of an input change the Keras model, but no shape and no number."""
    start = layer("InputLayer", "x", batch_shape=[None, 3], dtype="float32", **flags)
    report = infer(read(json.dumps(functional(start, DENSE)).encode(), "model.json"))
    written = json.loads(FORMATS[".json"](report))["config"]["layers"][0]["config"]
    assert {key: written[key] for key in written if key not in ("batch_shape", "dtype", "name")} == flags
    spec, code = FORMATS[".yaml"](report), FORMATS[".py"](report)
    assert all(f"{flag}: true" in spec and f"{flag}=True" in code for flag in flags)
    from_spec = json.loads(FORMATS[".json"](infer(read(spec.encode(), "model.yaml"))))
    assert from_spec["config"]["layers"][0]["config"] == written


@pytest.mark.parametrize(
    ("class_name", "more", "output"),
    [
        ("StringLookup", {"output_mode": "multi_hot"}, (None, 7)),
        ("IntegerLookup", {"output_mode": "one_hot", "max_tokens": 9}, (None, 7)),
        ("TextVectorization", {"output_mode": "count"}, (None, 1, 7)),
    ],
)
def test_the_size_of_an_adapted_vocabulary_is_written(class_name: str, more: dict[str, Any], output: Any) -> None:
    """A config without the words of a vocabulary has the vocabulary's size. The output shape depends on this size."""
    dtype = "int64" if class_name == "IntegerLookup" else "string"
    body = layer(class_name, "words", vocabulary=None, vocabulary_size=7, **more)
    model = sequential(
        layer("InputLayer", "x", batch_shape=[None, 1], dtype=dtype), body, layer("Dense", "dense", units=4)
    )
    report = infer(read(json.dumps(model).encode(), "model.json"))
    assert plain_shape(report.layers[0].output_shapes[0]) == list(output)
    assert json.loads(FORMATS[".json"](report))["config"]["layers"][1]["config"]["vocabulary_size"] == 7
    assert "vocabulary_size=7" in FORMATS[".py"](report)
    with pytest.raises(ConvcalcError, match="cannot be written as a spec"):
        FORMATS[".yaml"](report)


def test_a_Bidirectional_of_keras_3_is_written_whatever_its_layers_are() -> None:
    """convcalc cannot write a Bidirectional with two inner layers of different sizes. In files of Keras 3, the sizes
    are equal.
    """

    def wrapped(class_name: str, name: str, **config: Any) -> dict[str, Any]:
        body = layer(class_name, name, return_sequences=False, **config)
        return {key: body[key] for key in ("module", "class_name", "config", "registered_name")}

    cells = [wrapped_cell(name) for name in ("a", "b")]
    both = [
        layer("Bidirectional", "one", layer=wrapped("RNN", "forward_rnn", cell=cells[0])),
        layer(
            "Bidirectional",
            "two",
            layer=wrapped("LSTM", "forward_lstm", units=3),
            backward_layer=wrapped("GRU", "gru", units=3, go_backwards=True),
        ),
    ]
    for body in both:
        model = sequential(layer("InputLayer", "x", batch_shape=[None, 5, 4], dtype="float32"), body)
        report = infer(read(json.dumps(model).encode(), "model.json"))
        written = json.loads(FORMATS[".json"](report))["config"]["layers"][1]
        assert written["class_name"] == "Bidirectional"
        assert FORMATS[".py"](report)


def wrapped_cell(name: str) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": "LSTMCell", "config": {"name": name, "units": 3}}
