"""A JSON report as a record: everything that it states is compared, and a report of an older version has less."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from convcalc import infer
from convcalc.analyse.study import Study
from convcalc.base.problems import ConvcalcError, Source
from convcalc.checking.against_snapshot import compare_with_snapshot
from convcalc.read.code.file import read_program
from convcalc.read.spec.spec import read_spec
from convcalc.report_json.write import report_data
from convcalc.snapshot.load import snapshot_in

IMAGE = """input: [28, 28, 3]
layers:
  - Conv2D: {filters: 8, kernel_size: 3, padding: same, name: first}
  - MaxPooling2D: {pool_size: 2, strides: 2, padding: same, name: pool}
  - DepthwiseConv2D: {kernel_size: 3, padding: same, name: deep}
  - Conv2D: {filters: 8, kernel_size: 3, padding: same, name: last}
  - Flatten
  - Dense: {units: 3, activation: relu, name: head}
"""
SERIES = """input: [12, 4]
layers:
  - Conv1D: {filters: 4, kernel_size: 4, padding: same, name: first}
  - LSTM: {units: 4, return_sequences: true, name: recurrent}
  - Dropout: {rate: 0.5, name: drop}
  - Dense: {units: 4, name: head}
"""
NOT_IN_OLDER_REPORTS = ("trainable", "dtype", "arguments", "inputs", "outputs")


def study(text: str) -> Study:
    return Study.of(infer(read_spec(Source("model.yaml", text))))


def older(data: dict[str, Any]) -> dict[str, Any]:
    """Returns a report as convcalc wrote it before it stated arguments."""
    data = copy.deepcopy(data)
    for part in (data["model"], *data["layers"]):
        for key in NOT_IN_OLDER_REPORTS:
            part.pop(key, None)
    for call in (call for layer in data["layers"] for call in layer["calls"]):
        call.pop("arguments", None)
    return data


def problems(text: str, data: dict[str, Any]) -> list[tuple[str | None, str]]:
    report = study(text)
    record = snapshot_in(json.dumps(data), "record.json", report)
    return [(problem.layer, problem.message) for problem in compare_with_snapshot(report, record)[1]]


@pytest.mark.parametrize(
    ("text", "old", "new", "layer"),
    [
        (
            IMAGE,
            "kernel_size: 3, padding: same, name: first",
            "kernel_size: [1, 9], padding: same, name: first",
            "first",
        ),
        (IMAGE, "kernel_size: 3, padding: same, name: last", "kernel_size: [9, 1], padding: same, name: last", "last"),
        (IMAGE, "name: last", "dilation_rate: 2, name: last", "last"),
        (IMAGE, "name: deep", "dilation_rate: 3, name: deep", "deep"),
        (IMAGE, "pool_size: 2", "pool_size: 3", "pool"),
        (IMAGE, "MaxPooling2D: {pool_size: 2", "MaxPooling2D: {pool_size: [2, 1]", "pool"),
        (SERIES, "padding: same", "padding: causal", "first"),
    ],
)
@pytest.mark.parametrize("old_report", [False, True])
def test_a_change_that_keeps_shapes_and_counts(text: str, old: str, new: str, layer: str, old_report: bool) -> None:
    data = report_data(study(text))
    data = older(data) if old_report else data
    assert text.count(old) == 1
    assert problems(text, data) == []
    found = problems(text.replace(old, new), data)
    assert found[0][0] == layer
    if not old_report:
        assert {problem[0] for problem in found} <= {layer, None}  # None: a total


@pytest.mark.parametrize(
    ("text", "old", "new", "layer", "words"),
    [
        (
            IMAGE,
            "activation: relu",
            "activation: tanh",
            "head",
            "argument activation tanh in the model, relu in the record",
        ),
        (SERIES, "rate: 0.5", "rate: 0.25", "drop", "argument rate 0.25 in the model, 0.5 in the record"),
        (SERIES, "name: recurrent", "go_backwards: true, name: recurrent", "recurrent", "argument go_backwards True"),
        (SERIES, "name: drop", "dtype: float16, name: drop", "drop", "dtype float16 in the model, float32"),
        (SERIES, "name: head", "kernel_regularizer: l2, name: head", "head", "argument kernel_regularizer"),
    ],
)
def test_arguments_and_dtypes(text: str, old: str, new: str, layer: str, words: str) -> None:
    data = report_data(study(text))
    found = problems(text.replace(old, new), data)
    assert found[0][0] == layer
    assert words in found[0][1]


def test_weights_that_have_the_same_count() -> None:
    """The report of a custom layer whose weights have other shapes, or of which another one is trainable."""
    spec = """
custom:
  Own: {input: [n], output: [n], weights: {a: {shape: [2, 8]}, b: {shape: [16], trainable: false}}}
input: [4]
layers: [Own]
"""
    data = report_data(study(spec))
    assert problems(spec, data) == []
    for change in ("shape: [4, 4]", "shape: [2, 8], trainable: false"):
        other = spec.replace("shape: [2, 8]", change)
        if "trainable" in change:
            other = other.replace("shape: [16], trainable: false", "shape: [16]")
        (problem,) = problems(other, data)
        assert problem[0] == "own"
        assert "weights" in problem[1]


TWO = """inputs: {a: [4], b: [4]}
layers:
  - Dense: {units: 3, from: a, name: one}
  - Dense: {units: 3, from: b, name: two}
outputs: [one, two]
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[one, two]", "[two, one]", "output tensors two[0][0], one[0][0] in the model"),
        ("[one, two]", "[one, two, one]", "output tensors one[0][0], two[0][0], one[0][0] in the model"),
        ("{a: [4], b: [4]}", "{b: [4], a: [4]}", "input tensors b[0][0], a[0][0] in the model"),
    ],
)
def test_inputs_and_outputs(old: str, new: str, words: str) -> None:
    data = report_data(study(TWO))
    assert problems(TWO, data) == []
    assert words in " ".join(message for _, message in problems(TWO.replace(old, new), data))


def test_outputs_of_a_nested_model() -> None:
    inner = f"{TWO}name: inner\n".replace("\n", "\n      ")
    text = f"""inputs: {{x: [4], y: [4]}}
layers:
  - Model:
      {inner}
    from: [x, y]
"""
    other = text.replace("outputs: [one, two]", "outputs: [two, one]")
    (problem,) = problems(other, report_data(study(text)))
    assert problem == (
        "inner",
        "'inner' (Functional): output tensors two[0][0], one[0][0] in the model, one[0][0], two[0][0] in the record",
    )


def test_inputs_of_other_sizes() -> None:
    """The Sequential shows no layer for its input, and no other value of this model depends on the size."""
    text = "input: [null, null, 3]\nlayers: [{Conv2D: [4, 3]}]\n"
    other = text.replace("[null, null, 3]", "[null, 9, 3]")
    assert "input shapes (None, None, 9, 3)" in " ".join(
        message for _, message in problems(other, report_data(study(text)))
    )


@pytest.mark.parametrize("key", ["arguments", "weights"])
def test_a_damaged_report_is_refused(key: str) -> None:
    data = copy.deepcopy(report_data(study(IMAGE)))
    data["layers"][0][key] = 7
    with pytest.raises(ConvcalcError, match=f"'{key}' of layers"):
        problems(IMAGE, data)


OWN_LAYER = """
import keras
from keras import layers
class Scale(layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)
    def call(self, x):
        return self.dense(self.dense(x)) BODY
x = keras.Input((4,))
m = keras.Model(x, Scale()(x))
"""


@pytest.mark.parametrize("body", ["* 2", "+ x", "* self.missing"])
def test_the_calls_of_layers_inside_a_custom_layer_are_stated(body: str) -> None:
    report = Study.of(infer(read_program(OWN_LAYER.replace("BODY", body), "own.py")))
    written = report_data(report)
    rows = {row["path"]: row for row in written["layers"]}
    assert [call["inputs"] for call in rows["scale/dense"]["calls"]] == [["input_0[0][0]"], ["dense[0][0]"]]
    assert not compare_with_snapshot(report, snapshot_in(json.dumps(written), "own.json", report))[1]
