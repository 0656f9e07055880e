"""Tests that one unusual detail in a file does not make convcalc refuse the whole file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from convcalc import infer
from convcalc.base.numbers import UNKNOWN
from convcalc.base.problems import ConvcalcError
from convcalc.cli import cli
from convcalc.read import read
from convcalc.write import FORMATS
from tests.helpers.keras_configs import functional, layer
from tests.helpers.whole_files import CASES, at, constant, inputs


@pytest.mark.parametrize("name", CASES)
def test_a_config(name: str) -> None:
    case = CASES[name]
    report = infer(read(json.dumps(case.config).encode(), "model.json"))
    rows = {row.path: row for row in report.layers}
    for path, (shapes, params) in case.rows.items():
        row = rows[path]
        result = [
            None if shape is None else tuple(None if size is UNKNOWN else size for size in shape)
            for shape in row.output_shapes
        ]
        assert result == shapes, path
        assert (None if row.params is UNKNOWN else row.params) == params, path
    report.as_dict()  # computes every number, to find errors


def keras2(*layers: tuple[str, dict[str, Any]], shape: list[int | None]) -> bytes:
    """Returns the JSON of a Keras 2 Sequential that begins with an input layer."""
    entries = [
        {"class_name": "InputLayer", "config": {"batch_input_shape": shape, "dtype": "float32", "name": "x"}},
        *({"class_name": name, "config": {"name": f"l{n}", **config}} for n, (name, config) in enumerate(layers)),
    ]
    return json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": entries}}).encode()


# The numbers are from tf_keras; ``tests/live/test_keras2_layers.py`` makes the same layers.
@pytest.mark.parametrize(
    ("body", "shape", "output", "params"),
    [
        (("ThresholdedReLU", {"theta": 0.5}), [None, 5], (None, 5), 0),
        (("RandomHeight", {"factor": 0.3}), [None, 9, 8, 3], (None, None, 8, 3), 0),
        (("RandomWidth", {"factor": [0.1, 0.2]}), [None, 9, 8, 3], (None, 9, None, 3), 0),
        (("SyncBatchNormalization", {"axis": [2]}), [None, 9, 3], (None, 9, 3), 12),
        (("BatchNormalization", {"axis": [1, 2]}), [None, 9, 8, 3], (None, 9, 8, 3), 288),
        (("BatchNormalizationV1", {"axis": [3]}), [None, 9, 8, 3], (None, 9, 8, 3), 12),
        (("BatchNormalizationV2", {"axis": 3}), [None, 9, 8, 3], (None, 9, 8, 3), 12),
        (("CuDNNLSTM", {"units": 3}), [None, 5, 4], (None, 3), 108),
        (("CuDNNGRU", {"units": 3, "return_sequences": True}), [None, 5, 4], (None, 5, 3), 81),
        (
            ("Bidirectional", {"layer": {"class_name": "CuDNNLSTM", "config": {"name": "r", "units": 3}}}),
            [None, 5, 4],
            (None, 6),
            216,
        ),
        (("LSTM", {"units": 3, "time_major": True}), [None, 5, 4], (5, 3), 96),
        (("GRU", {"units": 3, "time_major": True, "return_sequences": True}), [None, 5, 4], (None, 5, 3), 81),
        (
            ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": [None, 7], "bias_axes": "d"}),
            [None, 5, 3],
            (None, 5, 7),
            28,
        ),
        (
            ("LocallyConnected1D", {"filters": 4, "kernel_size": [3], "strides": [2], "implementation": 1}),
            [None, 9, 3],
            (None, 4, 4),
            160,
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and isinstance(value[0], str) else "",
)
def test_a_layer_of_keras_2(
    body: tuple[str, dict[str, Any]], shape: list[int | None], output: tuple[int | None, ...], params: int
) -> None:
    report = infer(read(keras2(body, shape=shape), "model.json"))
    assert not report.problems
    row = report.layers[-1]
    assert [tuple(None if size is UNKNOWN else size for size in shape or ()) for shape in row.output_shapes] == [output]
    assert row.params == params


def test_a_layer_that_only_keras_2_has_is_not_converted() -> None:
    report = infer(read(keras2(("CuDNNLSTM", {"units": 3}), shape=[None, 5, 4]), "model.json"))
    for write in FORMATS.values():
        with pytest.raises(ConvcalcError, match=r"'l0' \(CuDNNLSTM\) cannot be written, because Keras 3 has no layer"):
            write(report)


# Before Keras 2.2.3, the config of a Sequential was only a list of layers. The first layer could state the input shape
# in several ways.
@pytest.mark.parametrize(
    ("first", "output", "params"),
    [
        (("Dense", {"units": 3, "input_dim": 4}), (None, 3), 15),
        (("Dense", {"units": 3, "batch_input_shape": [None, 4]}), (None, 3), 15),
        (("Dense", {"units": 3, "input_shape": [4]}), (None, 3), 15),
        (("LSTM", {"units": 3, "input_dim": 4, "input_length": 5}), (None, 3), 96),
        (("SimpleRNN", {"units": 3, "input_dim": 4}), (None, 3), 24),
        (("Embedding", {"input_dim": 9, "output_dim": 3, "input_length": 6}), (None, 6, 3), 27),
        (("Embedding", {"input_dim": 9, "output_dim": 3, "input_length": None}), (None, None, 3), 27),
    ],
)
def test_a_sequential_whose_config_is_a_list(
    first: tuple[str, dict[str, Any]], output: tuple[int | None, ...], params: int
) -> None:
    name, config = first
    layers = [{"class_name": name, "config": {"name": "a", **config}}]
    inner = {"class_name": "Sequential", "config": layers}
    for config in (layers, [inner, {"class_name": "Activation", "config": {"name": "b", "activation": "relu"}}]):
        data = json.dumps({"class_name": "Sequential", "config": config}).encode()
        report = infer(read(data, "model.json"))
        assert not report.problems
        row = next(row for row in report.layers if row.name == "a")
        assert [tuple(None if size is UNKNOWN else size for size in shape or ()) for shape in row.output_shapes] == [
            output
        ]
        assert report.totals.params == params


def test_two_lists_of_layers_in_a_list_have_automatic_names() -> None:
    layers = [
        [{"class_name": "Dense", "config": {"name": "a", "units": 3, **more}}]
        for more in ({"input_dim": 4}, {"input_dim": 3})
    ]
    config = [{"class_name": "Sequential", "config": inner} for inner in layers]
    report = infer(read(json.dumps({"class_name": "Sequential", "config": config}).encode(), "model.json"))
    assert report.totals.params == 27
    assert [row.name for row in report.layers if row.depth == 0] == ["sequential_1", "sequential_2"]


CONSTANTS = [name for name in CASES if "constant" in name.lower()]


@pytest.mark.parametrize("name", CONSTANTS)
@pytest.mark.parametrize("options", [["--format", "json", "--insights"], ["--columns", "all", "--memory"]])
def test_analyses_of_a_layer_that_is_called_on_a_constant(tmp_path: Path, name: str, options: list[str]) -> None:
    file = tmp_path / "model.json"
    file.write_text(json.dumps(CASES[name].config))
    for args in (["summary", str(file), *options], ["explain", str(file), next(iter(CASES[name].rows))]):
        done = CliRunner().invoke(cli, args)
        assert done.exit_code == 0
        assert not done.stderr


@pytest.mark.parametrize("class_name", ["Add", "Concatenate", "Subtract", "Dot", "Attention"])
def test_a_constant_without_axes_is_refused(class_name: str) -> None:
    """Keras also fails if one of these layers is called on a constant without axes."""
    axes = {"axes": 1} if class_name == "Dot" else {}
    called = layer(class_name, "c", [[at("x", 4), constant()]], **axes)
    with pytest.raises(ConvcalcError, match=r"needs a batch axis on each of its inputs; .* \(\) from a constant"):
        infer(read(json.dumps(functional(inputs(4), called, outputs=[["c", 0, 0]])).encode(), "model.json"))


@pytest.mark.parametrize("name", ["MixUp of images and labels", "Concatenate with a constant"])
def test_a_call_that_a_spec_cannot_describe_is_not_written_as_a_spec(name: str) -> None:
    report = infer(read(json.dumps(CASES[name].config).encode(), "model.json"))
    with pytest.raises(ConvcalcError, match=r"which a spec cannot describe; write \.json or \.py"):
        FORMATS[".yaml"](report)
    again = infer(read(FORMATS[".json"](report).encode(), "again.json"))
    assert again.output_shapes == report.output_shapes


def test_a_constant_of_a_wrong_shape_is_named() -> None:
    config = functional(inputs(4), layer("Concatenate", "c", [[at("x", 4), constant(1, 2, 3)]]), outputs=[["c", 0, 0]])
    with pytest.raises(ConvcalcError, match=r"\(None, 4\) from 'x' and \(1, 2, 3\) from a constant"):
        infer(read(json.dumps(config).encode(), "model.json"))


# The expected values are from Keras 3.6, which also saves 0 and "" unchanged.
@pytest.mark.parametrize(("value", "trainable"), [(0, False), ("", False), (1, True), (False, False), (True, True)])
@pytest.mark.parametrize("place", ["layer", "inner layer"])
def test_trainable_is_a_truth_value(place: str, value: object, trainable: bool) -> None:
    def entry(class_name: str, name: str, **config: object) -> dict[str, object]:
        config["name"] = name
        return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}

    dense = entry("Dense", "dense", units=2, trainable=value)
    if place == "inner layer":
        dense = entry("TimeDistributed", "wrapper", layer=dense)
    layers = [entry("InputLayer", "x", batch_shape=[None, 3, 4], dtype="float32"), dense, entry("Flatten", "flatten")]
    model = entry("Sequential", "m", layers=layers)
    totals = infer(read(json.dumps(model).encode(), "model.json")).totals
    assert (totals.params, totals.trainable_params) == (10, 10 * trainable)
